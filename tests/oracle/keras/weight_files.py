"""weight_files.py DIR: one small network's weights in every format of Keras, and what the network computes.

Keras 3 writes all but `keras2.h5`, which h5py writes as Keras 2 does: names said twice, lists in pieces.
"""
import os
import pathlib
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import h5py
import keras
import numpy as np
from keras import layers

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import fixture_file

here = pathlib.Path(sys.argv[1])
here.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(3)


def lively(model):
    for variable in model.weights:
        if variable.dtype.startswith("float"):
            variable.assign(random.uniform(0.5, 1.5, variable.shape) * random.choice([-1, 1], variable.shape)
                            if "kernel" in variable.name else random.uniform(0.1, 1, variable.shape))
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()


def answer(model, name):
    x = random.uniform(-1, 1, (2, *model.input_shape[1:])).astype("f4")
    fixture_file.write(here / f"{name}.safetensors", name, {"x": x, "y": model(x).numpy()})


def keras2(model, path):
    """As Keras 2.0 to 2.15 save a model: github.com/keras-team/tf-keras, saving/legacy/hdf5_format."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = model.to_json()
        group = file.create_group("model_weights")
        names = [layer.name.encode() for layer in model.layers]
        group.attrs["layer_names0"], group.attrs["layer_names1"] = names[:3], names[3:]
        for layer in model.layers:
            inner = group.create_group(layer.name)
            prefix = f"{layer.name}_1/" + ("depthwise_" if isinstance(layer, layers.DepthwiseConv2D) else "")
            called = [f"{prefix}{variable.name}:0" for variable in layer.weights]
            inner.attrs["weight_names"] = [name.encode() for name in called]
            for name, variable in zip(called, layer.weights):
                inner[name] = variable.numpy()
        file.create_group("optimizer_weights")["adam/iterations:0"] = np.int64(7)


chain = keras.Sequential([
    keras.Input((6, 6, 2)), layers.Normalization(mean=None), layers.Conv2D(3, 3, name="stem"),
    layers.BatchNormalization(), layers.PReLU(shared_axes=[1, 2]), layers.Dropout(0.5),
    layers.SeparableConv2D(4, 2), layers.DepthwiseConv2D(2, use_bias=False), layers.Flatten(), layers.Dense(3)])
lively(chain)
answer(chain, "chain")
chain.compile("adam", "mse")
chain.save(here / "chain.keras")
chain.save_weights(here / "chain.weights.h5")
chain.save_weights(here / "shards.weights.json", max_shard_size=5e-7)
chain.save(here / "keras3.h5", include_optimizer=False)
keras2(chain, here / "keras2.h5")
np.savez_compressed(here / "fortran.npz", **{
    f"{layer.name}/{variable.name}": np.asfortranarray(variable.numpy())
    for layer in chain.layers for variable in layer.weights})

# The shortcut is made first, so it is conv2d_1 here; and a model in the model.
x = keras.Input((5, 5, 4))
first = layers.Conv2D(4, 3, padding="same")(x)
shortcut = layers.Conv2D(4, 3, padding="same")(first)
body = keras.Sequential([keras.Input((5, 5, 4)), layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization()])
y = layers.Add()([body(first), shortcut])
branches = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
lively(branches)
answer(branches, "branches")
branches.save(here / "branches.keras")
