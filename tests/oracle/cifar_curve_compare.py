#!/usr/bin/env python3
"""Compares the curves of cifar_curve.cpp with those of cifar_curve_pytorch.py and draws both.

    python3 tests/oracle/cifar_curve_compare.py RESULTS       reads RESULTS/{strata,pytorch}-SEED.csv, writes curve.svg

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
COLOURS = {"pytorch": "#e8590c", "strata": "#1c6fd1"}
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


def panel(groups, measure, epochs, left, width=300, height=200):
    """SVG: for each group the mean over its seeds, and a band from smallest to largest."""
    values = {name: by_epoch(curves, measure, epochs) for name, curves in groups.items()}
    flat = [value for rows in values.values() for row in rows for value in row]
    low, high = math.floor(min(flat) * 10) / 10, math.ceil(max(flat) * 10) / 10

    def point(epoch, value):
        x = left + width * (epoch / max(epochs - 1, 1))
        return f"{x:.1f},{40 + height * (high - value) / (high - low):.1f}"

    out = [f'<text x="{left}" y="24" font-weight="bold">{MEASURES[measure]}</text>']
    for tenth in range(round(low * 10), round(high * 10) + 1):
        x, y = point(0, tenth / 10).split(",")
        out.append(f'<path d="M{x} {y}h{width}" stroke="#ddd"/>'
                   f'<text x="{left - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    for epoch in range(epochs):
        x = point(epoch, low).split(",")[0]
        out.append(f'<text x="{x}" y="{height + 58}" text-anchor="middle">{epoch + 1}</text>')
    for name, rows in values.items():
        lowest, line, highest = ([point(e, f(row)) for e, row in enumerate(rows)] for f in (min, mean, max))
        out.append(f'<polygon points="{" ".join(lowest + highest[::-1])}" fill="{COLOURS[name]}" fill-opacity="0.2"/>'
                   f'<polyline points="{" ".join(line)}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
    return out


def draw(groups, epochs, path):
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 300" font-family="sans-serif" font-size="12">',
           '<rect width="740" height="300" fill="white"/>']
    for left, measure in zip((50, 410), MEASURES):
        out += panel(groups, measure, epochs, left)
    for x, name in zip((50, 200), groups):
        out.append(f'<rect x="{x}" y="276" width="24" height="12" fill="{COLOURS[name]}"/>'
                   f'<text x="{x + 32}" y="287">{NAMES[name]}, {len(groups[name])} seeds</text>')
    out.append('<text x="410" y="287">by epoch: mean of the seeds and their range</text></svg>')
    open(path, "w").write("\n".join(out) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} RESULTS")
    directory = sys.argv[1]
    groups = {name: read(directory, name) for name in NAMES}
    epochs = min(len(curve) for curves in groups.values() for curve in curves)
    failures = sum([table(groups, measure, epochs) for measure in MEASURES])
    draw(groups, epochs, os.path.join(directory, "curve.svg"))
    comparisons = len(MEASURES) * epochs
    print(f"\n{comparisons - failures} of {comparisons} comparisons hold (at most {LIMIT} standard errors apart): "
          + ("Strata follows PyTorch's curve" if failures == 0 else "Strata does NOT follow PyTorch's curve"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
