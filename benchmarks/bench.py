"""bench.py BUILD [PART…]: runs the benchmarks that scripts/bench has built in BUILD; all parts unless some are named.

    kernels     each kernel: time, GFLOP/s, share of the FMA peak
    networks    this library's networks, batch 1 and 32, one thread and two
    peers       the same networks in OpenVINO, ONNX Runtime, oneDNN, XNNPACK and PyTorch, with the same weights
    training    a training step, and the same step in oneDNN and PyTorch
    profile     each step of an Engine: time, GFLOP/s, bytes, share of the roofline
    footprint   a deployed network: size, memory, allocations, compile time

Results are kept in BUILD/results; the page docs/benchmarks.md and its chart are made from all that are there.
`--rounds N` and `--seconds S` set how many bursts of calls each peer gets and how long one lasts; `--networks NAME…`
and `--peers NAME…` leave out others, for a quick look.

Peers are processes that take turns: in each round every peer runs one burst of calls of one network, on the same core,
and the FMA peak is measured beside it. A burst counts when it was quiet: the peak near the best of the run, the median
call near the fastest calls. The result is the median of the quiet bursts' medians.
"""
import argparse
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

import numpy as np

import report

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ["kernels", "networks", "peers", "training", "profile", "footprint"]
BATCHES = [1, 32]
TOLERANCE = 2e-5  # of an output, beside the largest of the reference; of a loss, relative


class PeerError(Exception):
    pass


class Peer:
    """A process that answers commands, see peers/server.hpp."""

    def __init__(self, name, command, threads=1, environment={}):
        self.name, self.threads = name, threads
        cores = sorted(os.sched_getaffinity(0))[:threads]
        self.process = subprocess.Popen(
            [str(part) for part in command], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": str(threads), **environment},
            preexec_fn=lambda: os.sched_setaffinity(0, cores))

    def ask(self, *command):
        self.process.stdin.write(" ".join(map(str, command)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise SystemExit(f"{self.name} died at: {' '.join(map(str, command))}")
        if answer.startswith("error"):
            raise PeerError(answer.removeprefix("error: "))
        return answer

    def output(self, network, batch, runs, folder):
        path = folder / "output"
        self.ask("output", network, batch, runs, path)
        return np.fromfile(path, "f4")

    def times(self, network, batch, seconds):
        return [float(t) for t in self.ask("time", network, batch, seconds).split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    def __init__(self, build, arguments):
        self.build, self.rounds, self.seconds = build, arguments.rounds, arguments.seconds
        self.only_networks, self.only_peers = arguments.networks, arguments.peers
        self.programs, self.data = build / "benchmarks", build / "data"
        self.python = ROOT / "build" / "peers" / "bin" / "python"  # an environment with OpenVINO and ONNX Runtime
        self.missing = {}  # peers that are not here, and why
        self.said = set()

    # -- preparation

    def prepare(self):
        """Weights, inputs and references for all peers."""
        self.data.mkdir(exist_ok=True)
        run([self.programs / "peer_prepare", self.data])
        self.networks = {path.stem: json.loads(path.read_text()) for path in self.data.glob("*.json")}
        self.find_peers()

    def find_peers(self):
        self.available = {"Strata": platform_versions()["compiler"]}
        for name, package in [("oneDNN", "libdnnl-dev"), ("XNNPACK", "libxnnpack-dev")]:
            if (self.programs / f"peer_{name.lower()}").exists():
                self.available[name] = dpkg_version(package)
            else:
                self.missing[name] = f"apt-get install {package}, on Debian 12"
        for name, python, module, remedy in [
                ("OpenVINO", self.python, "openvino", "pip could not install openvino and onnx into build/peers"),
                ("ONNX Runtime", self.python, "onnxruntime", "pip could not install onnxruntime and onnx into build/peers"),
                ("PyTorch", "/usr/bin/python3", "torch", "apt-get install python3-torch")]:
            version = module_version(python, module)
            if version:
                self.available[name] = version
            else:
                self.missing[name] = remedy
        for name, remedy in self.missing.items():
            self.say(f"{name} is left out: {remedy}")

    def say(self, text):
        """Once."""
        if text not in self.said:
            self.said.add(text)
            print(f"! {text}", flush=True)

    def start(self, kinds, threads=1):
        """The peers of `kinds` that are here."""
        python = ["/usr/bin/python3", ROOT / "benchmarks/peers/pytorch.py", self.data, threads]
        onnx = [self.python, ROOT / "benchmarks/peers/onnx_peers.py", self.data, threads]
        onednn = [self.programs / "peer_onednn", self.data]
        commands = {
            "Strata": ([self.programs / "peer_strata", self.data, threads], {}),
            "Strata, AVX2": ([self.programs / "peer_strata_avx2", self.data, threads], {}),
            "oneDNN": ([*onednn, "auto"], {}),
            "oneDNN, Winograd": ([*onednn, "winograd"], {}),
            "oneDNN, direct": ([*onednn, "direct"], {}),
            "oneDNN, AVX2": ([*onednn, "auto"], {"DNNL_MAX_CPU_ISA": "AVX2"}),
            "OpenVINO": ([*onnx, "openvino"], {}),
            "ONNX Runtime": ([*onnx, "onnxruntime"], {}),
            "XNNPACK": ([self.programs / "peer_xnnpack", self.data, threads], {}),
            "PyTorch": ([*python, "optimised"], {}),
            "PyTorch, eager": ([*python, "eager"], {}),
        }
        def wanted(kind):
            name = kind.split(",")[0]
            return name in self.available and (name == "Strata" or not self.only_peers or kind in self.only_peers)

        return [Peer(kind, commands[kind][0], threads, commands[kind][1]) for kind in kinds if wanted(kind)]

    # -- measurements

    def check(self, peers, networks):
        """Compares outputs with the reference in double; a peer that computes something else stops everything."""
        errors = {}
        for network in networks:
            reference = np.fromfile(self.data / f"{network}.reference")
            bound = TOLERANCE * max(1, abs(reference).max())
            for peer in peers:
                try:
                    samples = self.networks[network]["samples"]
                    for batch in self.batches(network)[::-1]:
                        output = peer.output(network, batch, 2, self.data)
                        error = float(abs(output - reference[:output.size]).max())
                        if output.size != reference.size * batch // samples or not error <= bound:
                            raise SystemExit(f"{peer.name} computes another {network}: off by {error:.2g}")
                        errors.setdefault(network, {}).setdefault(peer.name, error)
                except PeerError as error:
                    self.say(f"{peer.name}, {network}: {error}")
        return errors

    def measure(self, peers, cases):
        """The microseconds of each case (network, batch) in each peer that has it."""
        bursts = {(case, peer.name): [] for case in cases for peer in peers}
        peaks, gone = [], set()
        for turn in range(self.rounds):
            progress(f"round {turn + 1} of {self.rounds}")
            for case in cases:
                peak = float(peers[0].ask("peak"))
                peaks.append(peak)
                for peer in peers[turn % len(peers):] + peers[:turn % len(peers)]:
                    if (case, peer.name) in gone:
                        continue
                    time.sleep(0.05 if peer.threads > 1 else 0)  # until the last peer's threads no longer look for work
                    try:
                        times = peer.times(*case, self.seconds)
                    except PeerError:
                        gone.add((case, peer.name))
                        continue
                    bursts[case, peer.name].append((statistics.median(times), float(np.percentile(times, 5)), peak))
        progress("")
        rows = []
        for network, batch in cases:
            row = {"network": network, "batch": batch, "macs": self.networks[network]["macs"], "times": {}, "noisy": []}
            for peer in peers:
                measured = bursts[(network, batch), peer.name]
                if measured:
                    row["times"][peer.name], calm = quiet(measured, max(peaks))
                    row["noisy"] += [] if calm else [peer.name]
            rows.append(row)
        return {"rows": rows, "peak": max(peaks)}

    def batches(self, network):
        return [batch for batch in BATCHES if batch <= self.networks[network]["samples"]]

    def inference_cases(self):
        networks = [name for name in report.NETWORKS if name in self.networks and name != "training"
                    and (not self.only_networks or name in self.only_networks)]
        return networks, [(network, batch) for network in networks for batch in self.batches(network)]

    def compare(self, title, kinds, threads):
        progress(title)
        networks, cases = self.inference_cases()
        peers = self.start(kinds, threads)
        try:
            errors = self.check(peers, networks)
            return {"title": title, "threads": threads, "errors": errors, **self.measure(peers, cases)}
        finally:
            for peer in peers:
                peer.close()

    # -- parts

    def run_networks(self):
        return [self.compare(count, ["Strata"], threads) for threads, count in self.thread_counts()]

    def thread_counts(self):
        available = len(os.sched_getaffinity(0))
        return [(threads, name) for threads, name in [(1, "One thread"), (2, "Two threads")] if threads <= available]

    def run_peers(self):
        kinds = ["Strata", "OpenVINO", "ONNX Runtime", "oneDNN", "oneDNN, Winograd", "XNNPACK", "PyTorch", "PyTorch, eager"]
        results = [self.compare(count, kinds, threads) for threads, count in self.thread_counts()]
        if "avx512f" in cpu_flags():
            results.insert(1, self.compare("One thread, AVX2 only", ["Strata, AVX2", "oneDNN, AVX2"], 1))
        return results

    def run_training(self):
        results = []
        for threads, title in self.thread_counts():
            progress(title)
            peers = self.start(["Strata", "oneDNN", "oneDNN, direct", "PyTorch, eager"], threads)
            losses = {}
            for peer in list(peers):
                try:
                    losses[peer.name] = peer.output("training", 32, 6, self.data)
                except PeerError as error:
                    self.say(f"{peer.name}, training: {error}")
            middle = np.median(list(losses.values()), axis=0)
            for name, values in losses.items():
                if not np.all(abs(values - middle) <= TOLERANCE * abs(middle)):
                    raise SystemExit(f"{name} trains another network: losses {values}, others {middle}")
            results.append({"title": title, "threads": threads, "losses": [float(x) for x in middle],
                            **self.measure(peers, [("training", 32)])})
            for peer in peers:
                peer.close()
        return results

    def run_kernels(self):
        return collect(run_pinned([self.programs / "benchmark_kernels", self.rounds]), ["kernel"])

    def run_profile(self):
        return collect(run_pinned([self.programs / "benchmark_profile", self.rounds]), ["network", "place", "step"])

    def run_footprint(self):
        program = self.programs / "benchmark_footprint"
        parameters = self.data / "lesson.parameters"
        count = sum(int(np.prod(t["shape"])) for t in safetensors_header(self.data / "lesson.safetensors").values())
        np.full(count, 0.1, "f4").tofile(parameters)
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


# -- helpers

def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


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


def collect(text, keys):
    """Lines of tab-separated values, several bursts of each thing: one dictionary for each."""
    def value(cell):
        try:
            return float(cell)
        except ValueError:
            return cell

    header, *lines = (line.split("\t") for line in text.splitlines())
    bursts = {}
    for line in (dict(zip(header, map(value, line))) for line in lines):
        bursts.setdefault(tuple(line[key] for key in keys), []).append(line)
    best = max(line["peak"] for group in bursts.values() for line in group)
    things = []
    for group in bursts.values():
        thing = {"peak": best, **{key: group[0][key] for key in header if key not in ("microseconds", "fast", "peak")}}
        if group[0]["fast"] == 0:  # a constant of the machine
            thing |= {"microseconds": group[0]["microseconds"], "noisy": False}
        else:
            time, calm = quiet([(line["microseconds"], line["fast"], line["peak"]) for line in group], best)
            thing |= {"microseconds": time, "noisy": not calm}
        things.append(thing)
    return things


def safetensors_header(path):
    data = path.read_bytes()
    header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__", None)
    return header


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


def module_version(python, module):
    """Empty where it is missing."""
    if not pathlib.Path(python).exists():
        return ""
    code = f"import onnx, {module}; print({module}.__version__)" if module != "torch" else "import torch; print(torch.__version__)"
    found = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    return found.stdout.strip().split("-")[0] if found.returncode == 0 else ""


def dpkg_version(package):
    """Without Debian's revision; a snapshot by its day."""
    version = run(["dpkg-query", "-W", "-f", "${Version}", package]).split("-")[0]
    return re.sub(r"^0\.0~git(\d{4})(\d\d)(\d\d).*", r"\1-\2-\3", version)


def platform_versions():
    model = cpu_line("model name") or platform.machine()
    isa = next((name for flag, name in [("avx512f", "AVX-512"), ("avx2", "AVX2")] if flag in cpu_flags()), "")
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    return {"processor": f"{model}, {isa}".strip(", "), "compiler": f"g++ {compiler}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.03)
    parser.add_argument("--networks", nargs="+", default=[])
    parser.add_argument("--peers", nargs="+", default=[])
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no part called {', '.join(unknown)}; parts: {', '.join(PARTS)}")
    build = arguments.build.resolve()
    results = build / "results"
    results.mkdir(exist_ok=True)
    bench = Bench(build, arguments)
    bench.prepare()
    for part in arguments.parts or PARTS:
        content = {"versions": {**platform_versions(), "peers": bench.available}, "rounds": bench.rounds,
                   "date": time.strftime("%Y-%m-%d"), "result": getattr(bench, f"run_{part}")()}
        (results / f"{part}.json").write_text(json.dumps(content, indent=1))
        print(report.sections[part](content["result"]), flush=True)
    report.write(results, ROOT / "docs", bench.programs / "benchmark_chart")


main()
