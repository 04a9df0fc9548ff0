"""check.py SOURCES STRATA_IMPORT WORK COMPILER [FLAG…]: runs the page's commands from a Keras file to a prediction,
which must be Keras'; with the weights linked in, the same; and a proof, which must find what is changed. Then the same
with a model of PyTorch, whose two exporters must give one type. check.py SOURCES clone WORK: the commands as they
stand, beside a fresh clone."""
import array
import json
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

sources, strata_import, work = map(Path, sys.argv[1:4])
fixtures = sources / "tests/import_model"


def run(*command, status=0):
    done = subprocess.run(list(map(str, command)), cwd=work, capture_output=True, text=True)
    if done.returncode != status:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}ended with {done.returncode}")
    return done.stdout + done.stderr


def expect(condition, what, received):
    if not condition:
        sys.exit(f"expected {what}, received:\n{received}")


def expect_prediction(output, file="small_output.txt"):
    received, expected = ([float(word) for word in text.split()] for text in (output, (fixtures / file).read_text()))
    expect(len(received) == len(expected) and all(abs(a - b) <= 1e-5 for a, b in zip(received, expected)),
           f"{expected} as in {file}", output)


shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
shutil.copy(fixtures / "small.keras", work / "net.keras")

# As docs/import.md has it, but for where things are.
page = (sources / "docs/import.md").read_text()
commands = re.search(r"```sh\n(strata/scripts/import net.keras .*?)```", page, re.S).group(1).splitlines()
(work / "first.cpp").write_text(re.search(r"```cpp\n(// first\.cpp:.*?)```", page, re.S).group(1))
expect(len(commands) == 3, "three commands", commands)
expect("\n".join(commands) in (sources / "README.md").read_text(), "the same commands in the README", commands)
importing, compiling, predicting = (line.split("#")[0].split() for line in commands)
if str(strata_import) == "clone":
    run("git", "clone", "--quiet", "--depth", "1", sources.resolve().as_uri(), "strata")
    for command in importing, compiling, predicting:
        output = run(*command)
    expect_prediction(output)
    sys.exit()

# The same, but for where things are.
compiler, *flags = sys.argv[4:]
run(strata_import, *importing[1:])
header = (work / "net.hpp").read_text()
for part in 'Residual<Block<"block1_1", 1>>', "static_assert(Net::param_count == 2'171);":
    expect(part in header, part, header)
compiling = [compiler, *flags, *(word for word in compiling[1:] if word not in ("-I", "strata/include"))]
run(*compiling, "-O0")
expect_prediction(run(*predicting))

# With the weights in the program.
run(strata_import, *importing[1:], "--embed", "--prove")
(work / "net.safetensors").rename(work / "kept.safetensors")
program = (work / "first.cpp").read_text()
program = program.replace('strata::load_weights(model, "net.safetensors")', "load_weights(model)")
(work / "first.cpp").write_text(program)
run(*compiling, "-O0", "net.weights.o")
expect_prediction(run(*predicting))
(work / "kept.safetensors").rename(work / "net.safetensors")

# The proof, and what it says where a normalisation has made something else.
run(compiler, *flags, "-std=c++20", "-O0", "net.proof.cpp", "-o", "proof")
output = run("./proof")
expect("19 layers equal" in output, "19 equal layers", output)
proof = work / "net.proof.safetensors"
data = bytearray(proof.read_bytes())
start = 8 + struct.unpack_from("<Q", data)[0]
begin, end = json.loads(data[8:start])["layer/2"]["data_offsets"]
values = array.array("f", data[start + begin:start + end])
values = array.array("f", (x * (1.01 + place % 8 / 100) for place, x in enumerate(values)))
data[start + begin:start + end] = values.tobytes()
proof.write_bytes(data)
output = run("./proof", status=1)
expect("differs: block1_1_bn" in output and "epsilon" in output, "block1_1_bn and its epsilon", output)

# ONNX: what PyTorch's exporters write differs, the type does not.
types = []
for exporter in "legacy", "dynamo":
    run(strata_import, fixtures / f"small_{exporter}.onnx", "-o", "net.hpp", "--input", "1x3x13x13", "--prove")
    types.append(re.sub(r"//.*\n", "", (work / "net.hpp").read_text()))
expect(types[0] == types[1], "one type of both exporters", "\n".join(types))
for part in 'Layer<"layer1_0">', "Strides{2}, Pad{1}", "HardSwish", "GELU", "LayerNormalization":
    expect(part in types[0], part, types[0])
expect("Permute" not in types[0] and "Transpose" not in types[0], "no transposition", types[0])
(work / "first.cpp").write_text(program.replace("load_weights(model)", 'strata::load_weights(model, "net.safetensors")'))
run(*compiling, "-O0")
expect_prediction(run(*predicting), "small_onnx_output.txt")
run(compiler, *flags, "-std=c++20", "-O0", "net.proof.cpp", "-o", "proof")
expect("layers equal" in run("./proof"), "equal layers", "another sentence")
output = run(strata_import, fixtures / "small_legacy.onnx", "-o", "net.hpp", status=1)
expect("--input 1x3x224x224" in output, "a remedy for open sizes", output)

# Nothing is written where something cannot be expressed.
(work / "net.hpp").unlink()
output = run(strata_import, "net.keras", "-o", "net.hpp", "--outputs", "nobody", status=1)
expect("--outputs: expected names of layers" in output and not (work / "net.hpp").exists(), "a refusal", output)
output = run(strata_import, "first.cpp", "-o", "net.hpp", status=1)
expect("a model of Keras" in output, "a refusal of another file", output)
print("as the page says")
