#!/usr/bin/env python3
"""What training in processes costs on a network, on paper: the model and the tables of docs/mpi.md.

    scaling.py                                                 the tables
    scaling.py --seconds 0.1 --parameters 273066 --norms 19 --channels 688 \
               --latency 1e-3 --bytes-per-second 12.5e6 --processes 2
"""
import argparse
from dataclasses import dataclass
from math import ceil, log, log2, sqrt


@dataclass
class Network:
    name: str
    parameters: int      # that are trained
    norms: int           # batch normalisations
    channels: int        # of all of them together
    seconds: float       # of a step of one process, alone
    backward: float = 2 / 3  # of these
    variation: float = 0.02  # of these, from step to step and from process to process: standard deviation


@dataclass
class Line:
    name: str
    latency: float  # s, of a message
    speed: float    # bytes/s, of a process, in each direction


FLOAT, DOUBLE, FEW = 4, 8, 4_096


def gather(line, processes, values):
    """Few values: everybody gets everything (Bruck)."""
    return ceil(log2(processes)) * line.latency + (processes - 1) * values * DOUBLE / line.speed


def ring(line, processes, size):
    """Each adds its share of the bytes and gives it to all: what Mpi does, in as many messages as a ring."""
    return 2 * (processes - 1) * (line.latency + size / processes / line.speed)


def tree(line, processes, size):
    """Up a binary tree and down again."""
    return 2 * ceil(log2(processes)) * (line.latency + size / line.speed)


def step(network, line, processes, synchronised=False, overlap=True, reduce=ring):
    """Seconds of a step in which each process has the batch of one."""
    if processes == 1:
        return network.seconds
    stragglers = 1 + network.variation * sqrt(2 * log(processes))  # the last of so many
    buckets = max(1, network.parameters // max(65_536, 8_192 * processes)) if overlap else 1
    bucket = reduce(line, processes, network.parameters * FLOAT / buckets)
    stages = max(buckets, network.norms) if synchronised else buckets  # a message waits behind the bucket before it
    hidden = (buckets - 1) * min(bucket, network.backward * network.seconds / stages)
    seconds = network.seconds * stragglers + buckets * bucket - hidden
    seconds += 3 * gather(line, processes, 1)  # the shares' sizes, the loss, a metric
    if synchronised:
        values = 1 + 2 * network.channels / network.norms
        one = gather(line, processes, values) if values <= FEW else ring(line, processes, values * DOUBLE)
        seconds += 2 * network.norms * one
    return seconds


# The first two measured (one core, AVX-512), the last by its multiply-adds at the speed of the second.
NETWORKS = [Network("the lesson's", 92_202, 2, 64, 0.0080),
            Network("ResNet-20", 273_066, 19, 688, 0.037),
            Network("ResNet-50", 25_583_592, 53, 26_560, 3.5)]
LINES = [Line("2 µs, 100 Gbit/s", 2e-6, 12.5e9),
         Line("30 µs, 10 Gbit/s", 30e-6, 1.25e9),
         Line("100 µs, 1 Gbit/s", 100e-6, 125e6)]


def tables():
    """The share of the speed of as many processes that need not talk."""
    counts, many = [2, 8, 64, 1000], 64
    others = [("one piece", {"overlap": False}), ("a tree", {"reduce": tree}), ("synchronised", {"synchronised": True})]
    print("| | " + " | ".join(f"{n} processes" for n in counts) + f" | {many}: "
          + f" | {many}: ".join(text for text, _ in others) + " |")
    print("| --- |" + " --- |" * (len(counts) + len(others)))
    for network in NETWORKS:
        for line in LINES:
            cases = [(n, {}) for n in counts] + [(many, options) for _, options in others]
            shares = [network.seconds / step(network, line, n, **options) for n, options in cases]
            print(f"| {network.name}; {line.name} | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, help="of a step of one process, alone")
    parser.add_argument("--parameters", type=int)
    parser.add_argument("--norms", type=int, default=0)
    parser.add_argument("--channels", type=int, default=0)
    parser.add_argument("--latency", type=float)
    parser.add_argument("--bytes-per-second", type=float)
    parser.add_argument("--processes", type=int)
    given = parser.parse_args()
    if given.seconds is None:
        return tables()
    network = Network("", given.parameters, given.norms, given.channels, given.seconds)
    line = Line("", given.latency, given.bytes_per_second)
    for text, options in [("in one piece", {"overlap": False}), ("in buckets during backward", {}),
                          ("synchronised batch normalisation", {"synchronised": True})]:
        print(f"{text:34} {1e3 * step(network, line, given.processes, **options):9.2f} ms")


main()
