"""small.py: writes small.keras and small_output.txt beside it, with real Keras (tests/oracle/keras/python small.py): a
network whose statistics of batch normalisation are lively, and what it makes of pixels of 0.5."""
import os
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import keras
import numpy as np
from keras import layers as k


def block(x, name, strides=1):
    shortcut = k.Conv2D(8, 1, strides=strides, name=name + "_0_conv")(x) if strides > 1 else x
    x = k.Conv2D(8, 3, strides=strides, padding="same", use_bias=False, name=name + "_1_conv")(x)
    x = k.BatchNormalization(epsilon=1e-4, name=name + "_1_bn")(x)
    x = k.Add(name=name + "_add")([shortcut, x])
    return k.Activation("relu", name=name + "_out")(x)


keras.utils.set_random_seed(1)
inputs = k.Input((9, 9, 3), name="image")
x = k.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="stem")(inputs)
for number in (1, 2, 3):
    x = block(x, f"block{number}", 2 if number == 2 else 1)
x = k.Concatenate(name="both")([k.MaxPooling2D(2, name="max")(x), k.AveragePooling2D(2, name="mean")(x)])
x = k.Flatten(name="flat")(x)
model = keras.Model(inputs, k.Dense(3, activation="softmax", name="logits")(x))

random = np.random.default_rng(1)
for weight in model.weights:
    if weight.name in ("gamma", "moving_variance"):
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    elif weight.name in ("beta", "moving_mean", "bias"):
        weight.assign(random.normal(0, 0.2, weight.shape))
here = Path(__file__).parent
model.save(here / "small.keras")
output = model.predict(np.full((1, 9, 9, 3), 0.5, np.float32), verbose=0)[0]
(here / "small_output.txt").write_text("".join(f"{value:.9g}\n" for value in output))
