"""bench.py BUILD [PART…]: runs the benchmarks that scripts/bench has built in BUILD; all parts unless some are named.

    networks    a run of each network in Strata and in its peers, with the same weights
    training    a training step, and the same step in the peers that train
    kernels     each kernel: time, GFLOP/s, share of the FMA peak
    profile     each step of an Engine: time, GFLOP/s, bytes, share of the roofline
    footprint   a deployed network: size, memory, allocations, compile time

Results are kept in BUILD/results, network by network; the page docs/benchmarks.md and its chart are made from all
that are there. So a run can be split: `--networks NAME…` (those of benchmarks/CMakeLists.txt), `--setups one two avx2`
and `--peers NAME…` leave out others. `--rounds N` and `--seconds S` set how many bursts of calls each peer gets and
how long one lasts.

Peers are processes that take turns: in each round every peer runs one burst of calls of one network, on the same cores,
and the FMA peak is measured beside it. A burst counts when it was quiet: the peak near the best of the run, the median
call near the fastest calls. The result is the median of the quiet bursts' medians.
"""
import argparse
import array
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

import report

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
PYTHON = ROOT / "build" / "peers" / "bin" / "python"  # an environment with the peers of PyPI
PARTS = ["networks", "training", "kernels", "profile", "footprint"]
PROFILED = ["lesson", "lenet", "resnet20", "mobilenet_v2"]  # on the page; others by --networks
TOLERANCE = 1e-3  # of an output, beside the largest of the reference
LOSS_TOLERANCE = 1e-4  # of a loss, relative


@dataclass
class Setup:
    title: str
    threads: int
    limit: dict = field(default_factory=dict)  # of instructions: the environment that oneDNN and PyTorch obey


AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
SETUPS = {"one": Setup("One core", 1), "two": Setup("Two cores", 2), "avx2": Setup("One core, AVX2 at most", 1, AVX2)}


@dataclass
class Kind:
    """A way to run networks: what it is made of, the command but for directory and threads, its converter."""
    package: str  # of Debian or PyPI; empty: built here
    command: list
    what: str = "INFERENCE"
    converter: str = ""
    converted: str = ""
    limited: bool = False  # can be held to AVX2


def runtime(package, name, **more):
    return Kind(package, [PYTHON, PEERS / "inference.py", "DATA", "THREADS", name], **more)


def onednn(variant, what="INFERENCE"):
    return Kind("libdnnl-dev", ["PROGRAMS/peer_onednn", "DATA", variant], what, limited=True)


def torch_training(variant):
    return Kind("torch", [PYTHON, PEERS / "training.py", "DATA", "THREADS", variant], "TRAINING", limited=True)


KINDS = {
    "Strata": Kind("", ["PROGRAMS/strata_NAME", "DATA", "THREADS"], limited=True),
    "OpenVINO": runtime("openvino", "openvino", limited=True),
    "ONNX Runtime": runtime("onnxruntime", "onnxruntime"),
    "LiteRT": runtime("ai-edge-litert", "litert", converter="tensorflow", converted=".tflite"),
    "ncnn": runtime("ncnn", "ncnn", converter="pnnx", converted=".ncnn.bin"),
    "MNN": runtime("MNN", "mnn", converter="MNN", converted=".mnn"),
    "oneDNN": onednn("inference"),
    "oneDNN, Winograd": onednn("winograd"),
    "PyTorch, compiled": runtime("torch", "pytorch-compiled", limited=True),
    "PyTorch, eager": runtime("torch", "pytorch", limited=True),
    report.DEFAULT: runtime("openvino", "openvino-default"),
    "oneDNN, training": onednn("training", "TRAINING"),
    "PyTorch, training, compiled": torch_training("compiled"),
    "PyTorch, training, eager": torch_training("eager"),
}


class PeerError(Exception):
    pass


class Peer:
    """A process that answers commands, see peers/server.hpp."""

    def __init__(self, name, command, setup):
        self.name, self.threads = name.replace(", training", ""), setup.threads
        cores = sorted(os.sched_getaffinity(0))[:setup.threads]
        self.process = subprocess.Popen(
            [str(part) for part in command], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": str(setup.threads), **setup.limit},
            preexec_fn=lambda: os.sched_setaffinity(0, cores))

    def ask(self, *command):
        try:
            self.process.stdin.write(" ".join(map(str, command)) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise PeerError("died")
        if answer.startswith("error"):
            raise PeerError(answer.removeprefix("error: "))
        return answer

    def output(self, network, batch, runs, folder):
        self.ask("output", network, batch, runs, folder / "output")
        return read_floats(folder / "output", "f")

    def times(self, network, batch, seconds):
        return [float(t) for t in self.ask("time", network, batch, seconds).split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    def __init__(self, build, arguments):
        self.rounds, self.seconds, self.only_peers = arguments.rounds, arguments.seconds, arguments.peers
        self.setups = {name: SETUPS[name] for name in arguments.setups}
        self.programs, self.data, self.results = build / "benchmarks", build / "data", build / "results"
        self.data.mkdir(exist_ok=True)
        self.results.mkdir(exist_ok=True)
        known = json.loads((self.programs / "networks.json").read_text())
        self.order = [network["name"] for network in known]
        self.networks = [network for network in known
                         if not arguments.networks or network["name"] in arguments.networks]
        self.chosen = bool(arguments.networks)
        packages = sorted({kind.package for kind in KINDS.values() if kind.package})
        self.versions = {package: version for package in packages if (version := version_of(package))}
        for package in packages:
            if package not in self.versions:
                print(f"! {package} is not there: left out")

    # -- preparation

    def prepare(self, network):
        """Weights, inputs and references of a network for all peers; gives its sizes."""
        program, made = self.programs / f"prepare_{network['name']}", self.data / f"{network['name']}.json"
        if not is_newer(made, program):
            run([program, self.data])
        return json.loads(made.read_text())

    def convert(self, kind, name, batch):
        if kind.converter and not is_newer(self.data / f"{name}-{batch}{kind.converted}", self.data / f"{name}.json"):
            done = subprocess.run([PYTHON, PEERS / "convert.py", self.data, name, str(batch), kind.converter],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise PeerError(f"{kind.converter} cannot convert: " + done.stderr.strip().splitlines()[-1])

    def start(self, network, setup):
        """The peers of a network that are here."""
        def command(kind):
            words = {"DATA": self.data, "THREADS": setup.threads}
            program = str(kind.command[0]).replace("PROGRAMS", str(self.programs)).replace("NAME", network["name"])
            return [program + ("_avx2" if kind.package == "" and setup.limit else ""),
                    *(words.get(part, part) for part in kind.command[1:])]

        def wanted(name, kind):
            if not kind.package:
                return True
            return (kind.package in self.versions and kind.what == network["what"]
                    and (kind.limited or not setup.limit) and (not self.only_peers or name in self.only_peers))

        return {name: Peer(name, command(kind), setup) for name, kind in KINDS.items() if wanted(name, kind)}

    # -- measurements

    def check(self, peers, network, batch):
        """The peers that compute the same, and how far each is off, beside the largest output."""
        outputs, runs = {}, 2 if network["what"] == "INFERENCE" else 6
        for name, peer in peers.items():
            try:
                self.convert(KINDS[name], network["name"], batch)
                outputs[name] = peer.output(network["name"], batch, runs, self.data)
            except PeerError as error:
                print(f"! {peer.name}, {network['name']}, batch {batch}: {error}", flush=True)
        if network["what"] == "INFERENCE":
            count = max(len(output) for output in outputs.values())
            reference, tolerance = read_floats(self.data / f"{network['name']}.reference", "d")[:count], TOLERANCE
        else:
            reference, tolerance = [statistics.median(step) for step in zip(*outputs.values())], LOSS_TOLERANCE
        largest, errors = max(map(abs, reference)), {}
        for name, output in outputs.items():
            same = len(output) == len(reference)
            error = max(abs(x - y) for x, y in zip(output, reference)) / largest if same else float("inf")
            if error <= tolerance or name == report.DEFAULT:
                errors[name] = error
            else:
                print(f"! {name} computes another {network['name']}: off by {error:.2g}, refused", flush=True)
        return [peers[name] for name in errors], {peers[name].name: error for name, error in errors.items()}

    def compare(self, network, setup_name):
        """A row of the tables for each batch."""
        setup, name = self.setups[setup_name], network["name"]
        sizes = self.prepare(network)
        peers = self.start(network, setup)
        try:
            checked = [(batch, *self.check(peers, network, batch)) for batch in network["batches"]]
            print(f"{name}, {setup.title}: measuring", flush=True)
            rows = [{"network": name, "title": network["title"], "batch": batch, "setup": setup_name, "errors": errors,
                     "macs": sizes["macs"], **self.measure(same, name, batch)} for batch, same, errors in checked]
            print(f"{name}, {setup.title}: measured", flush=True)
            return rows
        finally:
            for peer in peers.values():
                peer.close()

    def measure(self, peers, network, batch):
        """Microseconds in each peer."""
        bursts, peaks, trips = {peer.name: [] for peer in peers}, [], []
        own = peers[0]
        for turn in range(self.rounds):
            peaks.append(float(own.ask("peak")))
            if own.threads > 1:
                trips.append(float(own.ask("round_trip")))
            for peer in peers[turn % len(peers):] + peers[:turn % len(peers)]:
                time.sleep(0.05 if peer.threads > 1 else 0)  # until the last peer's threads no longer look for work
                times = peer.times(network, batch, self.seconds)
                bursts[peer.name].append((statistics.median(times), quantile(times, 0.05), peaks[-1]))
        results = {name: quiet(measured, max(peaks)) for name, measured in bursts.items()}
        return {"times": {name: time for name, (time, _) in results.items()}, "peak": max(peaks), "round_trips": trips,
                "noisy": [name for name, (_, calm) in results.items() if not calm]}

    # -- parts

    def run_networks(self):
        return self.compare_all("INFERENCE", "networks")

    def run_training(self):
        return self.compare_all("TRAINING", "training")

    def compare_all(self, what, part):
        """Keeps the rows of each network at once, so that a run can be split."""
        rows = []
        for network in self.networks:
            for setup in self.setups if network["what"] == what else ():
                new = self.compare(network, setup)
                kept = [row for row in self.kept(part) if (row["network"], row["setup"]) != (network["name"], setup)]
                rows = sorted(kept + new, key=lambda row: self.order.index(row["network"]))
                self.keep(part, rows)
        return rows or self.kept(part)

    def run_kernels(self):
        return collect(run_pinned([self.programs / "benchmark_kernels", self.rounds]))

    def run_profile(self):
        profiles = {profile["network"]: profile for profile in self.kept("profile")}
        for network in self.networks:
            if network["what"] != "INFERENCE" or not (self.chosen or network["name"] in PROFILED):
                continue
            self.prepare(network)
            peer = Peer("Strata", [self.programs / f"strata_{network['name']}", self.data, 1], SETUPS["one"])
            peer.ask("profile", network["name"], 1, 1, self.data / "profile")
            peer.close()
            header, *lines = (line.split("\t") for line in (self.data / "profile").read_text().splitlines())
            profiles[network["name"]] = {
                "network": network["name"], "title": network["title"],
                "lines": [{key: value if key == "step" else float(value) for key, value in zip(header, line)}
                          for line in lines]}
        return sorted(profiles.values(), key=lambda profile: self.order.index(profile["network"]))

    def run_footprint(self):
        program = self.programs / "benchmark_footprint"
        parameters = self.data / "lesson.parameters"
        lesson = next(network for network in self.networks if network["name"] == "lesson")
        array.array("f", [0.1] * self.prepare(lesson)["parameters"]).tofile(parameters.open("wb"))
        with subprocess.Popen([program, parameters], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            process.stdin.close()
        memory = {key: int(size) for key, size in re.findall(r"^(\w+):\s+(\d+) kB$", status, re.MULTILINE)}
        counted = subprocess.run([program, parameters], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 env={**os.environ, "LD_PRELOAD": str(self.programs / "libcount_allocations.so")})
        libraries = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
        source = [ROOT / "benchmarks/footprint.cpp", "-o", self.data / "footprint"]
        flags = ["-std=c++20", "-O2", "-march=native", "-I", ROOT / "include"]
        return {"bytes": program.stat().st_size, "resident_kb": memory["VmHWM"], "own_kb": memory["RssAnon"],
                "allocations": int(counted.stdout),
                "libraries": [line.split(" => ")[0].strip() for line in libraries.splitlines() if " => " in line],
                "compile": {compiler: compile_cost([compiler, *flags, *source])
                            for compiler in ("g++", "clang++") if shutil.which(compiler)}}


    # -- results

    def kept(self, part):
        path = self.results / f"{part}.json"
        return json.loads(path.read_text())["result"] if path.exists() else []

    def keep(self, part, result):
        content = {"versions": {**platform_versions(), "peers": self.versions}, "rounds": self.rounds,
                   "date": time.strftime("%Y-%m-%d"), "result": result}
        (self.results / f"{part}.json").write_text(json.dumps(content, indent=1))


# -- helpers

def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def run_pinned(command):
    core = min(os.sched_getaffinity(0))
    return run(["taskset", "-c", core, *command])


def quiet(bursts, best):
    """The time of the quiet ones among bursts (median, fast, peak), and whether there were enough of them."""
    calm = [median for median, fast, peak in bursts if peak >= 0.98 * best and median <= 1.03 * fast]
    enough = max(3, len(bursts) // 3)
    if len(calm) >= enough:
        return statistics.median(calm), True
    steadiest = sorted(bursts, key=lambda burst: burst[0] / burst[1])[:enough]
    return statistics.median(median for median, _, _ in steadiest), False


def collect(text):
    """Lines of tab-separated values, several bursts of each kernel: one dictionary for each."""
    header, *lines = (line.split("\t") for line in text.splitlines())
    bursts = {}
    for line in lines:
        values = {key: value if key == "kernel" else float(value) for key, value in zip(header, line)}
        bursts.setdefault(values["kernel"], []).append(values)
    best = max(line["peak"] for group in bursts.values() for line in group)
    kernels = []
    for group in bursts.values():
        time, calm = quiet([(line["microseconds"], line["fast"], line["peak"]) for line in group], best)
        kernels.append({**group[0], "peak": best, "microseconds": time, "noisy": not calm})
    return kernels


def read_floats(path, kind):
    values = array.array(kind)
    values.frombytes(path.read_bytes())
    return values


def quantile(values, share):
    return sorted(values)[int(share * len(values))]


def is_newer(path, other):
    return path.exists() and path.stat().st_mtime >= other.stat().st_mtime


def compile_cost(command):
    """User seconds and megabytes of a compiler: the median and the most of three runs."""
    seconds, kilobytes = [], []
    for _ in range(3):
        process = subprocess.Popen([str(part) for part in command], stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"This does not compile: {' '.join(map(str, command))}")
        seconds.append(usage.ru_utime)
        kilobytes.append(usage.ru_maxrss)
    return {"seconds": statistics.median(seconds), "mb": max(kilobytes) / 1024}


def cpu_line(key):
    return next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith(key)), "")


def cpu_flags():
    return cpu_line("flags").split()


def version_of(package):
    """Of Debian without its revision, or of PyPI; empty where it is missing."""
    if package.startswith("lib"):
        found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
        return found.stdout.split("-")[0]
    code = f"import importlib.metadata; print(importlib.metadata.version('{package}'))"
    found = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True) if PYTHON.exists() else None
    return found.stdout.strip().split("+")[0] if found else ""


def platform_versions():
    model = cpu_line("model name") or platform.machine()
    isa = next((name for flag, name in [("avx512f", "AVX-512"), ("avx2", "AVX2")] if flag in cpu_flags()), "")
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    return {"processor": f"{model}, {isa}".strip(", "), "compiler": f"g++ {compiler}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--networks", nargs="+", default=[])
    parser.add_argument("--setups", nargs="+", default=list(SETUPS), choices=SETUPS)
    parser.add_argument("--peers", nargs="+", default=[])
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no part called {', '.join(unknown)}; parts: {', '.join(PARTS)}")
    bench = Bench(arguments.build.resolve(), arguments)
    for part in arguments.parts or PARTS:
        result = getattr(bench, f"run_{part}")()
        bench.keep(part, result)
        print(report.sections[part](result), flush=True)
    report.write(bench.results, ROOT / "docs", bench.programs / "benchmark_chart")


main()
