"""applications.py STRATA_IMPORT INCLUDE WORK [NAME…]: networks of keras.applications, with random weights and lively
statistics of batch normalisation, as `.keras`, `.h5` and `.weights.h5`: imported, compiled, run, and compared with
Keras; then back out, and compared again. Prints a table and returns 1 where one is not equal."""
import json
import os
import re
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import keras
import numpy as np

import imported

# The smallest input that each takes.
SIZES = {name: 32 for name in (
    "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2", "MobileNet",
    "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large", "DenseNet121", "DenseNet169", "DenseNet201",
    "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetV2B0", "EfficientNetV2B1",
    "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2S", "NASNetMobile", "ConvNeXtTiny")}
SIZES |= {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}


def leaves(model):
    """Its layers, of models in it, too."""
    return [leaf for layer in model.layers for leaf in (leaves(layer) if isinstance(layer, keras.Model) else [layer])]


def images(shape, count):
    """(count, shape)"""
    return np.random.default_rng(count).uniform(0, 255, (count, *shape)).astype(np.float32)


def build(name, seed):
    """The network with weights of which every one matters."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = getattr(keras.applications, name)(weights=None, input_shape=(SIZES[name], SIZES[name], 3), classes=10,
                                              classifier_activation=None)
    random = np.random.default_rng(seed)
    for layer in leaves(model):
        for weight in layer.weights:
            if weight.name in ("gamma", "variance"):
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
            elif weight.name in ("beta", "mean", "bias"):
                weight.assign(random.normal(0, 0.2, weight.shape))
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with copies
    # Statistics of what passes, or the signal would fade and all images give one output; but means that are about a
    # deviation off, and variances about those. With exact ones such a network is chaotic: each layer enlarges
    # differences, and Keras in float is 2e-5 from Keras in double. So it is less than 2e-6.
    norms = [layer for layer in leaves(model) if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0
    model(images(model.input_shape[1:], 8), training=True)
    for layer, momentum in zip(norms, momenta):
        layer.momentum = momentum
        variance = np.asarray(layer.moving_variance)
        variance = np.maximum(variance, variance.mean())  # a channel that is always the same would make noise large
        off = random.normal(0, 1, variance.shape)
        layer.moving_mean.assign(layer.moving_mean + np.sqrt(variance) * off)
        layer.moving_variance.assign(variance * (1 + off**2) * random.uniform(0.5, 1.5, variance.shape))
    return model


def weighted(model):
    """What layers with weights are, without names and what only training asks for."""
    silent = re.compile("name|trainable|dtype|.*_initializer|.*_regularizer|.*_constraint|synchronized|.*renorm.*|axis")
    return sorted(json.dumps([type(layer).__name__, {key: value for key, value in layer.get_config().items()
                                                     if not silent.fullmatch(key)}], sort_keys=True)
                  for layer in leaves(model) if layer.weights)


def compare(name, arguments):
    """(outcome, detail): equal, refused or different."""
    model = build(name, 1)
    pixels = images(model.input_shape[1:], 1)
    expected = model.predict(pixels, verbose=0)
    if imported.difference(model.predict(pixels[:, ::-1], verbose=0), expected) < 1e-4:  # ten times what may differ
        return "different", ["the output hardly depends on the input, so this would say nothing"]
    folder = os.path.join(arguments.work, name)
    os.makedirs(folder, exist_ok=True)
    headers = []
    for ending in ("keras", "h5"):
        path = os.path.join(folder, "net." + ending)
        model.save(path)
        if complaints := imported.import_model(path, folder, arguments):
            return "refused", complaints
        with open(os.path.join(folder, "net.hpp"), encoding="utf-8") as file, \
                open(os.path.join(folder, "net.safetensors"), "rb") as weights:
            headers.append((file.read().split("\n", 1)[1], weights.read()))
        os.remove(path)
    if headers[0] != headers[1]:
        return "different", ["the header or the weights of .h5 from those of .keras"]
    model.save_weights(os.path.join(folder, "net.weights.h5"))
    error, seconds = imported.error_of(folder, pixels, expected, arguments)
    if isinstance(error, list):
        return "different", error
    back = keras.models.load_model(os.path.join(folder, "back.keras"))
    if weighted(back) != weighted(model):
        return "different", ["layers of back.keras", *sorted(set(weighted(back)) ^ set(weighted(model)))[:4]]
    difference = imported.difference(back.predict(pixels, verbose=0), expected)
    lines = headers[0][0].count("\n") + 1
    return "equal" if max(error, difference) <= 1e-5 else "different", [
        f"off by {error:.1e} of the largest output, {difference:.1e} back in Keras; {lines} lines, "
        f"{seconds:.0f} s of a processor"]


def main():
    arguments = imported.parser(__doc__).parse_args()
    wrong = []
    for name in arguments.names or SIZES:
        outcome, detail = compare(name, arguments)
        print(f"{name:<20} {outcome:<10} {detail[0]}", *detail[1:], sep="\n    ", flush=True)
        if outcome != "equal":
            wrong.append(name)
    print("not equal:", *wrong) if wrong else print("all equal")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
