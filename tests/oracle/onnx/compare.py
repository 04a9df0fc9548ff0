"""Compares what export_layers wrote with ONNX Runtime: the checker with full shape inference, then the outputs, to 1e-5
of the largest.

    python compare.py DIR
"""
import pathlib
import sys

import numpy
import onnx
import onnxruntime


def difference(stem, channels_last):
    model = onnx.load(f"{stem}.onnx")
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(f"{stem}.onnx", providers=["CPUExecutionProvider"])
    given, made = session.get_inputs()[0], session.get_outputs()[0]
    x, wanted = (numpy.fromfile(f"{stem}.{kind}.raw", numpy.float32) for kind in ("in", "out"))
    sizes = given.shape[1:] if channels_last else [*given.shape[2:], given.shape[1]]
    x = x.reshape([2, *sizes])
    if not channels_last:
        x = numpy.ascontiguousarray(numpy.moveaxis(x, -1, 1))
    output = session.run(None, {given.name: x})[0]
    if list(output.shape[1:]) != list(made.shape[1:]):
        raise ValueError(f"expected the shape {made.shape}, received {output.shape}")
    if not channels_last:
        output = numpy.moveaxis(output, 1, -1)
    return abs(output.reshape(-1) - wanted).max() / abs(wanted).max()


def main():
    directory = pathlib.Path(sys.argv[1])
    worst, failures, count = 0, 0, 0
    for line in (directory / "names.txt").read_text().splitlines():
        stem, kind, name = line.split(" ", 2)
        count += 1
        try:
            error = difference(directory / stem, kind == "last")
        except Exception as problem:  # a file that is refused is a failure, too
            print(f"{name} ({kind}): {problem}")
            failures += 1
            continue
        worst = max(worst, error)
        if not error <= 1e-5:
            print(f"{name} ({kind}): {error:.1e}")
            failures += 1
    print(f"{count} files, {failures} failures, the largest difference {worst:.1e}")
    return failures > 0 or count == 0


if __name__ == "__main__":
    sys.exit(main())
