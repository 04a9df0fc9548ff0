#!/usr/bin/env python3
"""What compilers need for networks, beside the budgets of g++ 12: seconds of one core, megabytes, and the length of the
longest symbol.

    tests/compile_time/budgets.py                       measures; what is beyond its budget is an error
    tests/compile_time/budgets.py --compiler clang++    only measures
    tests/compile_time/budgets.py --no-seconds          holds what does not depend on how busy the machine is

Doubling a chain of layers must not take more than 2.2 times as long, headers included: of each length the best of
three runs counts.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include"


class Case(NamedTuple):
    name: str
    file: str
    flags: list
    seconds: float
    megabytes: float


CASES = [
    Case("all headers", "headers.cpp", ["-O0"], 2, 500),
    Case("the zoo's eleven types and counts", "zoo_types.cpp", ["-O0"], 5, 1000),
    Case("a chain of 1000 layers, counts and plan", "chain.cpp", ["-O0"], 2, 1000),
    Case("the lesson's network, trained and deployed", "lesson.cpp", ["-O2"], 8, 1000),
    Case("a training step of ResNet-20", "train_resnet20.cpp", ["-O2"], 15, 1500),
    Case("Engine<ResNet50>", "engine_resnet50.cpp", ["-O2"], 25, 1500),
]
LENGTHS, RATIO = [60, 120, 240, 480], 2.2
LONGEST_SYMBOL = 2000


def compile_once(compiler, directory, file, flags):
    """Seconds of user time and megabytes at most."""
    source = HERE / file
    if file == "headers.cpp":
        source = directory / file
        source.write_text("#include <strata/strata.hpp>\n")
    command = [compiler, "-std=c++20", "-march=native", f"-I{INCLUDE}", *flags, "-c", str(source),
               "-o", str(directory / "object.o")]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"error: {' '.join(command)} failed; the definition or the compiler's limits are at fault")
    return usage.ru_utime, usage.ru_maxrss / 1024


def longest_symbol(directory):
    names = subprocess.run(["nm", str(directory / "object.o")], check=True, capture_output=True, text=True).stdout
    return max((len(line.split()[-1]) for line in names.splitlines()), default=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--no-seconds", action="store_true")
    options = parser.parse_args()
    held = "clang" not in options.compiler
    failures = []

    def row(name, seconds, megabytes, symbol, budget=""):
        print(f"{name:<44} {seconds:>7} {megabytes:>6} {symbol:>7}  {budget}".rstrip(), flush=True)

    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        row("", "s", "MB", "symbol", "budget")
        for case in CASES:
            seconds, megabytes = compile_once(options.compiler, directory, case.file, case.flags)
            symbol = longest_symbol(directory)
            row(case.name, f"{seconds:.2f}", f"{megabytes:.0f}", symbol,
                f"{case.seconds} s, {case.megabytes} MB" if held else "")
            if megabytes > case.megabytes:
                failures.append(f"{case.name}: {megabytes:.0f} MB, expected at most {case.megabytes}")
            if seconds > case.seconds and not options.no_seconds:
                failures.append(f"{case.name}: {seconds:.2f} s, expected at most {case.seconds}; is the machine busy?")
            if symbol > LONGEST_SYMBOL:
                failures.append(f"{case.name}: a symbol of {symbol} characters, expected at most {LONGEST_SYMBOL}")
        last = None
        for length in LENGTHS:
            seconds = min(compile_once(options.compiler, directory, "chain.cpp", [f"-DLAYERS={length}"])[0]
                          for _ in range(3))
            row(f"a chain of {length} layers", f"{seconds:.2f}", "", "",
                "" if last is None else f"{seconds / last:.2f} of {RATIO} times")
            if last is not None and seconds > RATIO * last:
                failures.append(f"{length} layers: {seconds / last:.2f} times {length // 2} layers, "
                                f"expected at most {RATIO}")
            last = seconds
    if held and failures:
        sys.exit("error: beyond the budget\n  " + "\n  ".join(failures))


main()
