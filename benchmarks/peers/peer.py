"""What the peers in Python share: the commands of server.hpp, and the files of files.hpp."""
import json
import os
import sys
import time

import numpy as np

TRAINING_RATE = 1e-4  # as in files.hpp


def read_input(directory, name, batch):
    """The images of a batch: (batch, height, width, channels)."""
    shape = (batch, *json.loads((directory / f"{name}.json").read_text())["input"])
    return np.fromfile(directory / f"{name}.input", "f4", int(np.prod(shape))).reshape(shape)


def channels_first(images):
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


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
    """Answers until the end of the input. `make(name, batch)` gives something that can run() and give its output()."""
    runners = {}

    def answer(command, name, batch, amount, *path):
        if (name, batch) not in runners:
            runners[name, batch] = make(name, int(batch))
        runner = runners[name, batch]
        if command == "output":
            for _ in range(int(amount)):
                runner.run()
            np.ascontiguousarray(runner.output(), "f4").tofile(path[0])
            return "ok"
        return " ".join(f"{t:.6g}" for t in time_calls(float(amount), runner.run))

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # some runtimes print
    for line in sys.stdin:
        try:
            print(answer(*line.split()), file=answers, flush=True)
        except Exception as error:  # whatever a peer throws is its answer
            print("error:", " ".join(f"{type(error).__name__}: {error}".split()), file=answers, flush=True)
