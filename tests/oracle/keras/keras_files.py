"""keras_files.py PROGRAM [NETWORK…]: real Keras loads what PROGRAM (keras_files.cpp) saves, and the other way."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import absl.logging
import keras
import numpy as np

absl.logging.set_verbosity(absl.logging.ERROR)  # .h5 is an old format, yes
program = sys.argv[1]


def tensors(path):
    """What a safetensors file of floats holds."""
    bytes_ = path.read_bytes()
    start = 8 + int.from_bytes(bytes_[:8], "little")
    return {name: np.frombuffer(bytes_[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]], "f4")
            for name, entry in json.loads(bytes_[8:start]).items() if name != "__metadata__"}


def weights(model):
    return {f"{layer.name}/{variable.name}": variable.numpy() for layer in model.layers for variable in layer.weights
            if "seed_generator" not in variable.path}


def faults(directory):
    model = keras.models.load_model(directory / "net.keras")
    with np.load(directory / "net.npz") as file:
        expected = dict(file)
    found = weights(model)
    if found.keys() != expected.keys():
        yield f"names: {sorted(found.keys() ^ expected.keys())[:4]}"
        return
    for name in expected:
        if not np.array_equal(found[name].reshape(-1), expected[name].reshape(-1)):
            yield f"{name} of net.keras"
    other = keras.models.clone_model(model)
    other.load_weights(directory / "net.weights.h5")
    for name, value in weights(other).items():
        if not np.array_equal(value.reshape(-1), expected[name].reshape(-1)):
            yield f"{name} of net.weights.h5"
    if (directory / "answer.safetensors").exists():
        answer = tensors(directory / "answer.safetensors")
        y = model(answer["x"].reshape(-1, *model.input_shape[1:])).numpy().reshape(-1)
        if np.abs(y - answer["y"]).max() > 1e-5 * np.abs(y).max():
            yield f"outputs: {np.abs(y - answer['y']).max()}"
    model.save(directory / "back.keras")
    model.save(directory / "back.h5")
    model.save_weights(directory / "back.weights.h5")


names = sys.argv[2:] or subprocess.run([program, "list"], check=True, capture_output=True, text=True).stdout.split()
wrong = []
for name in names:
    with tempfile.TemporaryDirectory() as directory:
        keras.backend.clear_session()
        subprocess.run([program, "write", name, directory], check=True)
        found = list(faults(pathlib.Path(directory)))
        if not found:
            back = subprocess.run([program, "check", name, directory], text=True, capture_output=True)
            found += [f"back: {back.stdout} {back.stderr}"] if back.returncode != 0 else []
        print(f"{name:<16}", "; ".join(found[:4]) or "as Keras", flush=True)
        wrong += [name] if found else []
print("different:", *wrong) if wrong or not names else print(f"{len(names)} networks, to Keras and back")
sys.exit(bool(wrong) or not names)
