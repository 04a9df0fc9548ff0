"""round_trip.py EXPORT_NETWORKS STRATA_IMPORT SOURCES WORK [NAME…]: every network of the zoo, and those of the tests,
out to ONNX and back. The imported type must be the same layers with the same options, wired in the same way, and its
weights the same to the bit. With --run, engines of both types must give what ONNX Runtime gives, too.

--compiler "g++ -O1 -march=native": what compiles, without the include folders."""
import argparse
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np

CHECK = """\
#include <iostream>
#include <string_view>

#include <strata/io/safetensors.hpp>

#include "harness/same_network.hpp"
#include "round_trip.hpp"
%(includes)s
template <class Net, class Back>
void compare(const char* name) {
  using namespace strata;
  for (const std::string& line : test::lines_of<Net>().lines) std::cout << name << " before " << line << '\\n';
  for (const std::string& line : test::lines_of<Back>().lines) std::cout << name << " after " << line << '\\n';
  static Model<Net> model{Seed{7}};
  static Model<Back> back{Seed{1}};
  test::fill(model);
  load_weights(back, std::string(name) + ".safetensors");
  std::cout << name
            << (test::elements_of(model) == test::elements_of(back) ? " same" : " other") << '\\n';
}

int main() {
  strata::test::for_each_round_trip([]<class Net>(const char* name) {
%(calls)s  });
}
"""

RUN = """#include <array>
#include <fstream>
#include <span>
#include <vector>

#include <strata/io/safetensors.hpp>

#include "round_trip.hpp"
#include "%(name)s.hpp"

template <class T, std::size_t N>
auto one_or_all(std::array<std::vector<float>, N>& all) {
  if constexpr (N == 1) {
    return std::span<T>(all[0]);
  } else {
    std::array<std::span<T>, N> spans;
    for (std::size_t k = 0; k < N; ++k) spans[k] = all[k];
    return spans;
  }
}

/// Two samples of all inputs, one input after the other; the outputs likewise.
template <class Net>
void run(const strata::Model<Net>& model, const char* path) {
  std::array<std::vector<float>, Net::input_count> inputs;
  std::array<std::vector<float>, Net::output_count> outputs;
  std::ifstream from("%(name)s.in", std::ios::binary);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].resize(2 * Net::input_shapes[i].size());
    from.read(reinterpret_cast<char*>(inputs[i].data()), 4 * inputs[i].size());
  }
  for (std::size_t k = 0; k < outputs.size(); ++k) outputs[k].resize(2 * Net::output_shapes[k].size());
  strata::Engine<Net>{model}(one_or_all<const float>(inputs), one_or_all<float>(outputs));
  std::ofstream to(path, std::ios::binary);
  for (const auto& output : outputs) to.write(reinterpret_cast<const char*>(output.data()), 4 * output.size());
}

int main() {
  strata::test::for_each_round_trip([]<class Net>(std::string_view name) {
    if constexpr (std::is_same_v<Net, %(type)s>) {
      static strata::Model<Net> model{strata::Seed{7}};
      strata::test::fill(model);
      run(model, "%(name)s.net");
    }
  });
  static strata::Model<Back%(name)s> back{strata::Seed{1}};
  strata::load_weights(back, "%(name)s.safetensors");
  run(back, "%(name)s.back");
}
"""


def run(command, folder, check=True):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[:2000]}")
    return done


def compile_and_run(name, text, arguments):
    (arguments.work / f"{name}.cpp").write_text(text)
    sources = arguments.sources.resolve()
    folders = [f"-I{sources / folder}" for folder in ("include", "tests", "tests/oracle/onnx", "examples/zoo")]
    run([*arguments.compiler.split(), "-std=c++20", *folders, f"{name}.cpp", "-o", name], arguments.work)
    return run([f"./{name}"], arguments.work).stdout


def difference(before, after):
    lines = itertools.zip_longest(before, after, fillvalue="nothing")
    return next((f"{one} became {other}, in line {n}" for n, (one, other) in enumerate(lines) if one != other), "")


def type_of(name, sources):
    of_zoo = f"<{name}>" in (sources / "examples/zoo/all.hpp").read_text()
    return f"{'zoo' if of_zoo else 'strata::test'}::{name}"


def channels_last(array):
    return np.ascontiguousarray(np.moveaxis(array, 1, -1))


def outputs_differ(name, arguments):
    """By how much of the largest the outputs of the network, and of the imported one, are not ONNX Runtime's."""
    import onnxruntime
    session = onnxruntime.InferenceSession(str(arguments.work / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    given = {one.name: random.standard_normal([2, *one.shape[1:]], np.float32) for one in session.get_inputs()}
    (arguments.work / f"{name}.in").write_bytes(b"".join(channels_last(x).tobytes() for x in given.values()))
    compile_and_run(f"run_{name}", RUN % {"name": name, "type": type_of(name, arguments.sources)}, arguments)
    errors = []
    for kind in ("net", "back"):
        received, worst = np.fromfile(arguments.work / f"{name}.{kind}", np.float32), 0
        for output in map(channels_last, session.run(None, given)):
            own, received = received[:output.size], received[output.size:]
            worst = max(worst, np.abs(own - output.ravel()).max() / np.abs(output).max())
        errors.append(worst if received.size == 0 else np.inf)
    return errors


def main(arguments):
    arguments.work.mkdir(parents=True, exist_ok=True)
    names = run([arguments.export_networks.resolve(), ".", *arguments.names], arguments.work).stdout.split()
    headers = []
    for name in names:
        run([arguments.strata_import.resolve(), f"{name}.onnx", "-o", f"{name}.hpp", "--name", f"Back{name}"],
            arguments.work)
        headers.append(f'#include "{name}.hpp"\n')
    calls = "".join(f'    if constexpr (std::is_same_v<Net, {type_of(name, arguments.sources)}>) '
                    f'compare<Net, Back{name}>(name);\n' for name in names)
    said = [line.split(" ", 2) for line in
            compile_and_run("check", CHECK % {"includes": "".join(headers), "calls": calls}, arguments).splitlines()]
    failed = 0
    for name in names:
        before, after = ([words[2] for words in said if words[:2] == [name, when]] for when in ("before", "after"))
        verdict = difference(before, after) or ("" if [name, "same"] in said else "other weights")
        failed += bool(verdict)
        print(f"{'! ' if verdict else '  '}{name:24} {verdict or 'same'}")
    for name in arguments.run.split(",") if arguments.run else []:
        errors = outputs_differ(name, arguments)
        failed += not max(errors) <= 1e-5
        print(f"{name:26} from ONNX Runtime {errors[0]:.1e}, imported {errors[1]:.1e}", flush=True)
    return failed > 0 or not names


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export_networks", type=Path)
    parser.add_argument("strata_import", type=Path)
    parser.add_argument("sources", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--compiler", default="g++ -O1 -march=native")
    parser.add_argument("--run", default="")
    sys.exit(main(parser.parse_args()))
