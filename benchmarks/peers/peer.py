"""What the peers in Python share: a file's tensors, and the commands of server.hpp."""
import json
import sys
import time

import numpy as np


def read_tensors(path):
    """The arrays of a safetensors file."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data, "<f4", np.prod(t["shape"], dtype=int), 8 + size + t["data_offsets"][0])
            .reshape(t["shape"]) for name, t in header.items()}


def time_calls(seconds, call):
    """Microseconds of each of many calls: two to warm up, then `seconds` long and at least five."""
    call(), call()
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e6)
    return times


def serve(make):
    """Answers until the end of the input. `make(network, batch)` gives something that can run() and give its output()."""
    runners = {}

    def answer(command, name, batch, amount, *path):
        if command == "output":
            runner = make(name, int(batch))
            for _ in range(int(amount)):
                runner.run()
            runner.output().tofile(path[0])
            return "ok"
        if (name, batch) not in runners:
            runners[name, batch] = make(name, int(batch))
        return " ".join(f"{t:.6g}" for t in time_calls(float(amount), runners[name, batch].run))

    for line in sys.stdin:
        try:
            print(answer(*line.split()), flush=True)
        except Exception as error:  # whatever a peer throws is its answer
            print("error:", " ".join(f"{type(error).__name__}: {error}".split()), flush=True)
