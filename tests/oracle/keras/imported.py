"""What the comparisons of imported networks share: a program that runs what strata-import has written."""
import argparse
import os
import subprocess

import numpy as np

# Runs the network; `.weights.h5` holds the same; and back out, for Keras.
PROGRAM = """#include "net.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <strata/import/save_keras.hpp>
#include <strata/io/keras.hpp>

int main() {
  static strata::Model<Net> model;
  strata::load_weights(model, "net.safetensors");
  const strata::Engine<Net> engine{model};
  const std::size_t samples = std::filesystem::file_size("input") / 4 / Net::input_shape.size();
  std::vector<float> input(samples * Net::input_shape.size()), output(samples * Net::output_shape.size());
  std::ifstream("input", std::ios::binary).read(reinterpret_cast<char*>(input.data()), 4 * input.size());
  engine(input, output);
  std::ofstream("output", std::ios::binary).write(reinterpret_cast<const char*>(output.data()), 4 * output.size());
  if (std::ifstream("net.weights.h5")) {
    static strata::Model<Net> other{strata::Seed{1}};
    strata::load_weights(other, "net.weights.h5");
    if (!std::ranges::equal(model.parameters(), other.parameters())) throw std::runtime_error("other .weights.h5");
  }
  strata::save_keras(model, "back.keras");
}
"""


def parser(description):
    """Of the arguments that all of them take; WORK is where they build."""
    arguments = argparse.ArgumentParser(description=description)
    for name in ("strata_import", "include", "work"):
        arguments.add_argument(name, type=os.path.abspath)
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--compiler", default="g++ -O1 -march=native", help="what compiles, with folders of headers")
    arguments.add_argument("--libraries", default="-lhdf5_serial -lzip")
    return arguments


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def import_model(path, folder, arguments, *options):
    """Net in net.hpp; returns the complaints, a line each."""
    done = run([arguments.strata_import, path, "-o", os.path.join(folder, "net.hpp"), *options], folder)
    return done.stderr.strip().splitlines() if done.returncode else []


def build(program, folder, arguments):
    """Compiles it beside net.hpp, and runs it; returns the complaints, a line each."""
    with open(os.path.join(folder, "main.cpp"), "w", encoding="utf-8") as file:
        file.write(program)
    done = run([*arguments.compiler.split(), "-std=c++20", "-I", arguments.include, "main.cpp", "-o", "main",
                *arguments.libraries.split()], folder)
    if done.returncode == 0:
        done = run(["./main"], folder)
    return [] if done.returncode == 0 else done.stderr.strip().splitlines()[:3] or [f"status {done.returncode}"]


def error_of(folder, inputs, expected, arguments):
    """(how far net.hpp is from what is expected, as a part of the largest output, or complaints; seconds)."""
    outputs, seconds = outputs_of(folder, inputs, arguments)
    return (outputs if isinstance(outputs, list) else difference(outputs, expected)), seconds


def outputs_of(folder, inputs, arguments):
    """(what net.hpp makes of the inputs, or complaints; seconds of a processor for compiling and running)."""
    inputs.astype(np.float32).tofile(os.path.join(folder, "input"))
    before = os.times()
    complaints = build(PROGRAM, folder, arguments)
    seconds = os.times().children_user - before.children_user
    return complaints or np.fromfile(os.path.join(folder, "output"), np.float32), seconds


def difference(received, expected):
    """As a part of the largest element."""
    expected = np.asarray(expected).ravel()
    return float(np.abs(np.asarray(received).ravel() - expected).max() / np.abs(expected).max())
