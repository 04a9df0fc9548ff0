"""What all cases share: each writes a fixture and a line of C++ that compares Strata with it."""
import math
import sys
import zlib
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
import fixture_file


class Random:
    """A generator of its own for each case, seeded with its name: adding a case changes no other."""

    def __init__(self, case):
        self.state = np.random.RandomState(zlib.crc32(case.encode()))

    def normal(self, *shape, scale=1.0, mean=0.0):
        return (self.state.standard_normal(shape) * scale + mean).astype("float32")

    def uniform(self, low, high, *shape):
        return self.state.uniform(low, high, shape).astype("float32")

    def labels(self, classes, *shape):
        return self.state.randint(0, classes, shape).astype("int32")

    def parameter(self, name, shape):
        kind = name.split("/")[-1]
        if kind.endswith("kernel"):
            return self.normal(*shape, scale=1 / math.sqrt(math.prod(shape[:-1])))
        if kind == "gamma":
            return self.uniform(0.5, 1.5, *shape)
        if kind == "count":
            return np.zeros(shape, "int64")
        return self.uniform(0.5, 2, *shape) if kind.endswith("variance") else self.normal(*shape, scale=0.3)


class Cases:
    """Collects them; `small` leaves out those that the ordinary tests do not have (ci)."""

    def __init__(self, folder, small):
        self.folder, self.small, self.checks = folder, small, []

    def wants(self, ci):
        return ci or not self.small

    def add(self, name, spelling, tensors, check, about, ci=False):
        """`check` is C++; {fixture} in it becomes the fixture's name. `about` is the test case that it belongs to."""
        fixture_file.write(self.folder / f"{name}.safetensors", spelling, tensors)
        self.checks.append((about, check.replace("{fixture}", f'"keras/fixtures/{name}"'), ci))
