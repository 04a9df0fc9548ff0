"""Runs ONNX's own node tests on the plain code of its operators and writes which it has and what passes.

    python node_tests.py NODE_TESTS TABLE [FIXTURES]

NODE_TESTS is the program of node_tests.cpp. TABLE (docs/onnx-operators.md) is written; where a test fails that is not
refused, the exit status is 1. FIXTURES (tests/oracle/onnx/node_tests) gets a few small cases of each operator for the
ordinary tests. A test of an older opset is the newest one, turned back by ONNX's version converter, with what ONNX
Runtime makes of it: meanings have changed (Softmax).
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx.backend.test import loader

OPERATORS = """Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool BatchNormalization
InstanceNormalization LayerNormalization GroupNormalization RMSNormalization LRN LpNormalization Gemm MatMul Relu
LeakyRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Tanh Softplus Softsign Erf Exp Log Sqrt Sin Cos Abs Neg Reciprocal
Floor Ceil Round Sign Not Clip Gelu Mish Swish PRelu ThresholdedRelu Shrink Add Sub Mul Div Pow Min Max Sum Mean Softmax
LogSoftmax ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum
ReduceLogSumExp Reshape Flatten Transpose Squeeze Unsqueeze Concat Split Slice Gather Shape Size Cast CastLike Constant
ConstantOfShape Expand Tile Range Where Equal Greater GreaterOrEqual Less LessOrEqual And Or Pad Resize Upsample
DepthToSpace SpaceToDepth Identity Dropout""".split()
OPSETS = [7, 9, 11, 13, 17]


def add(model, value, name):
    """As an initializer."""
    tensor = onnx.TensorProto()
    if isinstance(value, onnx.TensorProto):
        tensor.CopyFrom(value)
    elif isinstance(value, (numpy.ndarray, numpy.generic)):
        tensor = numpy_helper.from_array(numpy.asarray(value))
    else:
        raise ValueError(f"expected tensors, received {type(value).__name__}")
    tensor.name = name
    model.graph.initializer.append(tensor)


def run(model, inputs):
    """By ONNX Runtime."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {given.name: value for given, value in zip(session.get_inputs(), inputs)})


def agrees(model, inputs, outputs):
    """Whether ONNX Runtime makes what the test expects."""
    try:
        return all(numpy.allclose(made, wanted, 1e-3, 1e-7, True) for made, wanted in zip(run(model, inputs), outputs))
    except Exception:
        return False


def cases():
    """(name, operator, opset, model, inputs, outputs) of every node test of one of our operators, in its opset and older
    ones that the converter reaches."""
    for case in loader.load_model_tests(kind="node"):
        model, (inputs, outputs) = case.model, case.data_sets[0]
        operators = {node.op_type for node in model.graph.node}
        if len(operators) != 1 or model.graph.node[0].domain not in ("", "ai.onnx"):
            continue
        operator = operators.pop()
        if operator not in OPERATORS:
            continue
        opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
        yield case.name, operator, opset, model, inputs, outputs
        for older in OPSETS if agrees(model, inputs, outputs) else []:
            if older >= opset:
                break
            try:
                converted = onnx.version_converter.convert_version(model, older)
                onnx.checker.check_model(converted)
            except Exception:  # the converter has no way there
                continue
            if len(converted.graph.node) == len(model.graph.node):
                try:
                    made = run(converted, inputs)
                except Exception:  # ONNX Runtime has not this operator of these types
                    continue
                yield f"{case.name}.opset{older}", operator, older, converted, inputs, made


def main():
    program, table = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        meta, skipped = {}, {}
        for name, operator, opset, model, inputs, outputs in cases():
            whole = onnx.ModelProto()
            whole.CopyFrom(model)
            try:
                for given, value in zip(model.graph.input, inputs):
                    add(whole, value, given.name)
                for i, value in enumerate(outputs):
                    add(whole, value, f"wanted_{i}")
                onnx.save(whole, work / f"{name}.onnx")
            except Exception as error:
                skipped.setdefault(operator, []).append((name, str(error)))
                continue
            names = {attribute.name for node in model.graph.node for attribute in node.attribute}
            meta[name] = operator, opset, names
        lines = subprocess.run([program, work], check=True, capture_output=True, text=True).stdout.splitlines()
        results = dict(line.split("\t", 1) for line in lines)
        if len(sys.argv) > 3:
            save_fixtures(work, meta, results, pathlib.Path(sys.argv[3]))
    failed = [f"{name}: {result}" for name, result in results.items() if result.startswith("fail")]
    write_table(pathlib.Path(table), meta, results, skipped)
    print(f"{sum(result == 'pass' for result in results.values())} pass, {len(failed)} fail, "
          f"{sum(result.startswith('refused') for result in results.values())} refused, "
          f"{sum(map(len, skipped.values()))} of other types")
    print("\n".join(failed))
    return bool(failed) or len(results) != len(meta)


def save_fixtures(work, meta, results, fixtures):
    """The smallest passing case of each operator."""
    shutil.rmtree(fixtures, ignore_errors=True)
    fixtures.mkdir(parents=True)
    size = lambda name: (work / f"{name}.onnx").stat().st_size
    for operator in OPERATORS:
        passing = [name for name in meta if meta[name][0] == operator and results[name] == "pass"]
        for name in sorted(passing, key=lambda name: (size(name), name))[:1]:
            if size(name) < 4000:
                shutil.copy(work / f"{name}.onnx", fixtures)


def write_table(path, meta, results, skipped):
    rows, refusals = [], []
    for operator in sorted(OPERATORS):
        names = [name for name in meta if meta[name][0] == operator]
        passing = [name for name in names if results[name] == "pass"]
        opsets = sorted({meta[name][1] for name in passing})
        attributes = sorted(set().union(*(meta[name][2] for name in passing)) if passing else [])
        refused = [(name, results[name]) for name in names if results[name].startswith("refused")]
        refused += [(name, f"refused: {why}") for name, why in skipped.get(operator, [])]
        rows.append(f"| {operator} | {', '.join(map(str, opsets)) or '-'} | {', '.join(attributes) or '-'} "
                    f"| {len(passing)} | {len(refused)} |")
        by_reason = {}
        for name, why in refused:
            reason = re.sub(r"^.*?expected (tensor '.*?' of )?", "expected ", why)
            by_reason.setdefault(re.sub(r"received type \d+;.*", "received others", reason), []).append(f"`{name}`")
        refusals += [f"- {operator}: {reason}: {len(tests)} tests, {tests[0]} the first"
                     for reason, tests in by_reason.items()]
    total = sum(result == "pass" for result in results.values())
    path.write_text(f"""# Operators of ONNX

What the importer computes of ONNX, as far as ONNX {onnx.__version__}'s own node tests tell. Generated by
`tests/oracle/onnx/node_tests.py`, which `scripts/test onnx` runs: {total} tests pass, none fails. A test of an older opset
is that of the newest one, turned back by ONNX's version converter, with ONNX Runtime's outputs. An attribute is named
where a test that passes has it. What is refused is named below; an import of such a file ends with that sentence.

| operator | opsets tested | attributes | pass | refused |
| --- | --- | --- | --- | --- |
""" + "\n".join(rows) + "\n\n## Refused\n\n" + "\n".join(refusals) + "\n")


if __name__ == "__main__":
    sys.exit(main())
