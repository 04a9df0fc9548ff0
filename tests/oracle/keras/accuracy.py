"""accuracy.py STRATA_IMPORT INCLUDE WORK MODEL=ACCURACY… --data DATA: Keras files of others, imported, compiled and run on
the 10,000 test images of MNIST, where an input is 28x28, or of CIFAR-10, with pixels x / 255. DATA holds mnist/ and
cifar-10-batches-bin/. Returns 1 where another part of the images is right than ACCURACY, to four digits."""
import os
import re
import sys

import numpy as np

import imported


def test_images(data, mnist):
    """(pixels in [0, 1], labels)"""
    if mnist:
        read = lambda name, start: np.fromfile(os.path.join(data, "mnist", name), np.uint8)[start:]
        return read("t10k-images-idx3-ubyte", 16) / 255, read("t10k-labels-idx1-ubyte", 8)
    rows = np.fromfile(os.path.join(data, "cifar-10-batches-bin", "test_batch.bin"), np.uint8).reshape(-1, 3073)
    return rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) / 255, rows[:, 0]


def compare(path, accuracy, arguments):
    """Whether it is as expected; prints it."""
    name = os.path.basename(path)
    folder = os.path.join(arguments.work, name)
    os.makedirs(folder, exist_ok=True)
    outputs = imported.import_model(path, folder, arguments)
    if not outputs:
        with open(os.path.join(folder, "net.hpp"), encoding="utf-8") as header:
            mnist = re.search(r"Input<28, 28, 1>", header.read())
        pixels, labels = test_images(arguments.data, mnist)
        outputs, _ = imported.outputs_of(folder, pixels, arguments)
    if isinstance(outputs, list):
        print(f"{name:<24} expected {accuracy}, received", *outputs, sep="\n    ", flush=True)
        return False
    received = np.mean(outputs.reshape(len(labels), -1).argmax(1) == labels)
    print(f"{name:<24} {received:.4f} of {len(labels)}, expected {accuracy}", flush=True)
    return f"{received:.4f}" == accuracy


def main():
    parser = imported.parser(__doc__)
    parser.add_argument("--data", required=True, type=os.path.abspath, help="holds mnist/ and cifar-10-batches-bin/")
    arguments = parser.parse_args()
    return int(not all([compare(os.path.abspath(path), accuracy, arguments)
                        for path, accuracy in (name.rsplit("=", 1) for name in arguments.names)]))


if __name__ == "__main__":
    sys.exit(main())
