"""One fixture: a safetensors file that owes nothing to our own reader and writer."""
import json
import struct

import numpy as np


def write(path, spelling, tensors):
    """The safetensors container: 8-byte little-endian header length, JSON header, data."""
    header, data = {"__metadata__": {"strata": spelling}}, b""
    for name, values in tensors.items():
        array = np.atleast_1d(np.asarray(values))
        integer = array.dtype.kind == "i"
        stored = np.ascontiguousarray(array, "<i4" if integer else "<f4").tobytes()
        header[name] = {"dtype": "I32" if integer else "F32", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(stored)]}
        data += stored
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
