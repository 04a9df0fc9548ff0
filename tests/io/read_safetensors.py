#!/usr/bin/env python3
"""Reads a safetensors file by its specification, strictly, with nothing but the standard library.

    python3 tests/io/read_safetensors.py FILE

Prints the metadata, then name, dtype, shape and the elements of each tensor, floats in hexadecimal:
test_safetensors.cpp compares that with what it wrote.
"""
import json
import struct
import sys

WIDTH = {"F32": ("f", 4), "I32": ("i", 4)}


def once(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), "a key twice"
    return dict(pairs)


blob = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", blob[:8])
assert length % 8 == 0, "data not aligned to 8 bytes"
text = blob[8 : 8 + length].decode("utf-8")
assert text[0] == "{" and text.rstrip(" ")[-1] == "}", "padding must be spaces after the header"
header = json.loads(text, object_pairs_hook=once)
data = blob[8 + length :]
for key, value in header.pop("__metadata__", {}).items():
    assert isinstance(value, str)
    print(f"{key}={value}")
end = 0
for name, tensor in header.items():
    assert set(tensor) == {"dtype", "shape", "data_offsets"}
    code, width = WIDTH[tensor["dtype"]]
    begin, stop = tensor["data_offsets"]
    count = 1
    for extent in tensor["shape"]:
        count *= extent
    assert begin == end and stop - begin == count * width, "gap, overlap or wrong size"
    end = stop
    values = struct.unpack(f"<{count}{code}", data[begin:stop])
    print(name, tensor["dtype"], *tensor["shape"], ":", *(float(v).hex() for v in values))
assert end == len(data), "bytes after the last tensor"
