"""applications.py STRATA_IMPORT INCLUDE WORK [NAME…]: networks of keras.applications, with random weights and lively
statistics of batch normalisation, as `.keras` and `.h5`: imported, compiled, run, and compared with Keras. Prints a table
and returns 1 where one that is expected to pass does not; a refusal says why.

--compiler "g++ -O1": what compiles, without the include folder."""
import argparse
import os
import subprocess
import sys
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import keras
import numpy as np

# The smallest input that each takes, and what it may lack.
SIZES = {"VGG16": 32, "VGG19": 32, "ResNet50": 32, "ResNet50V2": 32, "ResNet101": 32, "ResNet152": 32, "MobileNet": 32,
         "MobileNetV2": 32, "MobileNetV3Small": 32, "MobileNetV3Large": 32, "DenseNet121": 32, "DenseNet169": 32,
         "InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71, "EfficientNetB0": 32, "EfficientNetV2B0": 32,
         "NASNetMobile": 32, "ConvNeXtTiny": 32}
REFUSED = {"ConvNeXtTiny"}  # LayerScale, a layer of keras.applications

PROGRAM = """#include "net.hpp"

#include <fstream>
#include <iterator>
#include <strata/io/safetensors.hpp>

int main() {
  static strata::Model<Net> model;
  strata::load_weights(model, "net.safetensors");
  const strata::Engine<Net> engine{model};
  std::vector<float> input(Net::input_shape.size()), output(Net::output_shape.size());
  std::ifstream("input", std::ios::binary).read(reinterpret_cast<char*>(input.data()), 4 * input.size());
  engine(input, output);
  std::ofstream("output", std::ios::binary).write(reinterpret_cast<const char*>(output.data()), 4 * output.size());
}
"""


def build(name, seed):
    """The network with weights of which every one matters."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = getattr(keras.applications, name)(weights=None, input_shape=(SIZES[name], SIZES[name], 3), classes=10,
                                              classifier_activation=None)
    random = np.random.default_rng(seed)
    for layer in model.layers:
        for weight in layer.weights:
            if weight.name in ("gamma", "moving_variance", "variance"):
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
            elif weight.name in ("beta", "moving_mean", "mean", "bias"):
                weight.assign(random.normal(0, 0.2, weight.shape))
    return model


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def compare(name, arguments):
    """(outcome, detail): equal, refused or different."""
    model = build(name, 1)
    pixels = np.random.default_rng(2).uniform(-1, 1, (1, *model.input_shape[1:])).astype(np.float32)
    expected = model.predict(pixels, verbose=0)[0].ravel()
    folder = os.path.join(arguments.work, name)
    os.makedirs(folder, exist_ok=True)
    headers = []
    for ending in ("keras", "h5"):
        path = os.path.join(folder, "net." + ending)
        model.save(path)
        done = run([arguments.strata_import, path, "-o", os.path.join(folder, "net.hpp")], folder)
        if done.returncode:
            return "refused", done.stderr.strip().splitlines()
        with open(os.path.join(folder, "net.hpp"), encoding="utf-8") as file, \
                open(os.path.join(folder, "net.safetensors"), "rb") as weights:
            headers.append((file.read().split("\n", 1)[1], weights.read()))
        os.remove(path)
    if headers[0] != headers[1]:
        return "different", ["the header or the weights of .h5 from those of .keras"]
    with open(os.path.join(folder, "main.cpp"), "w", encoding="utf-8") as file:
        file.write(PROGRAM)
    pixels.tofile(os.path.join(folder, "input"))
    start = time.time()
    done = run([*arguments.compiler.split(), "-std=c++20", "-I", arguments.include, "main.cpp", "-o", "main"], folder)
    seconds = time.time() - start
    if done.returncode == 0:
        done = run(["./main"], folder)
    if done.returncode:
        return "different", done.stderr.strip().splitlines()[:3]
    received = np.fromfile(os.path.join(folder, "output"), np.float32)
    error = np.abs(received - expected).max() / np.abs(expected).max()
    lines = headers[0][0].count("\n") + 1
    return "equal" if error <= 1e-5 else "different", [f"off by {error:.1e} of the largest output; {lines} lines, "
                                                       f"compiled in {seconds:.0f} s"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("strata_import")
    parser.add_argument("include")
    parser.add_argument("work")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--compiler", default="g++ -O1 -march=native")
    arguments = parser.parse_args()
    wrong = []
    for name in arguments.names or SIZES:
        outcome, detail = compare(name, arguments)
        print(f"{name:<20} {outcome:<10} {detail[0]}", *detail[1:], sep="\n    ", flush=True)
        if outcome != ("refused" if name in REFUSED else "equal"):
            wrong.append(name)
    print("not as expected:", *wrong) if wrong else print("all as expected")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
