"""compare.py COMMITTED FRESH: whether the fixtures of the repository are still what real Keras gives."""
import json
import struct
import sys
from pathlib import Path

import numpy as np


def tensors(path):
    data = path.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__":
            yield name, entry
            continue
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[start + begin:start + end], "<i4" if entry["dtype"] == "I32" else "<f4")
        yield name, values.reshape(entry["shape"])


def close(name, a, b):
    """To rounding: another processor may add in another order, and three epochs of training do so in every step."""
    if isinstance(a, dict):
        return a == b
    return a.shape == b.shape and np.allclose(a, b, 1e-5, 5e-6 if name.startswith("final/") else 1e-6, True)


def same(committed, fresh):
    """Text to the byte, numbers to rounding."""
    if committed.suffix != ".safetensors":
        return committed.read_bytes() == fresh.read_bytes()
    ours, theirs = dict(tensors(committed)), dict(tensors(fresh))
    return ours.keys() == theirs.keys() and all(close(name, ours[name], theirs[name]) for name in ours)


committed, fresh = map(Path, sys.argv[1:])
different = [path.name for path in sorted(committed.iterdir()) if not same(path, fresh / path.name)]
if not same(committed.parent.parent / "test_keras.cpp", fresh.parent.parent / "test_keras.cpp"):
    different.append("test_keras.cpp")
print("different:", *different) if different else print("all as Keras gives them")
sys.exit(bool(different))
