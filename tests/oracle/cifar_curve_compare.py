#!/usr/bin/env python3
"""Compares the curves of cifar_curve.cpp with those of cifar_curve_pytorch.py.

    python3 tests/oracle/cifar_curve_compare.py RESULTS       reads RESULTS/{strata,pytorch}-SEED.csv

The rule was set before the first run: at every epoch, for the training loss and for the test accuracy, the two means
may differ by 4.6 standard errors, estimated from the spread of both groups of seeds. That is Student's t at 99 % for
three seeds each: of two equal implementations one comparison in a hundred fails. Exits 1 when one fails.
Whether our mean lies between PyTorch's smallest and largest value is printed, too, but is no rule: with three seeds
each, equal implementations do so only in 63 % of the comparisons.
"""
import csv
import math
import os
import sys
from glob import glob
from statistics import mean, variance

LIMIT = 4.6
MEASURES = {"loss": "training loss", "val_accuracy": "test accuracy"}
NAMES = {"pytorch": "PyTorch", "strata": "Strata"}


def read(directory, name):
    """One list of epochs for each seed."""
    curves = [list(csv.DictReader(open(path))) for path in sorted(glob(os.path.join(directory, f"{name}-*.csv")))]
    if len(curves) < 3 or not all(curves):
        sys.exit(f"{directory}: expected {name}-SEED.csv of three or more seeds, an epoch or more each")
    return curves


def by_epoch(curves, measure, epochs):
    return [[float(curve[epoch][measure]) for curve in curves] for epoch in range(epochs)]


def standard_errors(a, b):
    pooled = ((len(a) - 1) * variance(a) + (len(b) - 1) * variance(b)) / (len(a) + len(b) - 2)
    return abs(mean(a) - mean(b)) / math.sqrt(pooled * (1 / len(a) + 1 / len(b)))


def table(groups, measure, epochs):
    """Prints it and returns how many comparisons failed."""
    values = {name: by_epoch(curves, measure, epochs) for name, curves in groups.items()}
    headings = "".join(f"  {NAMES[name] + ': min mean max':30}" for name in ("strata", "pytorch"))
    print(f"\n{MEASURES[measure]:15}{headings}standard errors apart   inside PyTorch's range")
    failures = 0
    for epoch, (ours, theirs) in enumerate(zip(values["strata"], values["pytorch"])):
        columns = "".join(f"  {min(row):8.4f}{mean(row):9.4f}{max(row):9.4f}    " for row in (ours, theirs))
        apart = standard_errors(ours, theirs)
        verdict = "" if apart <= LIMIT else " FAILS"
        inside = "yes" if min(theirs) <= mean(ours) <= max(theirs) else "no"
        print(f"  epoch {epoch + 1:<7}{columns}{apart:<6.2f}{verdict:18}{inside}")
        failures += not apart <= LIMIT  # NaN fails, too
    return failures


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} RESULTS")
    directory = sys.argv[1]
    groups = {name: read(directory, name) for name in NAMES}
    epochs = min(len(curve) for curves in groups.values() for curve in curves)
    failures = sum([table(groups, measure, epochs) for measure in MEASURES])
    comparisons = len(MEASURES) * epochs
    print(f"\n{comparisons - failures} of {comparisons} comparisons hold (at most {LIMIT} standard errors apart): "
          + ("Strata follows PyTorch's curve" if failures == 0 else "Strata does NOT follow PyTorch's curve"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
