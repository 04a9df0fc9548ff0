"""Layers' configurations as real Keras writes them, beside the layers in Strata's words, as Strata spells them."""
import inspect
import json

import keras
from keras import layers as k
from keras.regularizers import L2
from keras.src.applications.convnext import LayerScale
from keras.src.ops import numpy as ops
from keras.src.ops.nn import Threshold

import summaries

LAYERS = {
    "Conv2D<8, 3>": k.Conv2D(8, 3),
    "Conv2D<8, Kernel{3, 5}, Same, Strides{2}, NoBias>":
        k.Conv2D(8, (3, 5), padding="same", strides=2, use_bias=False),
    "Conv2D<8, 3, Strides{2, 1}>": k.Conv2D(8, 3, strides=(2, 1)),
    "Conv2D<8, 3, Dilation{2}, Groups{4}, L2{0.5}>":
        k.Conv2D(8, 3, dilation_rate=2, groups=4, kernel_regularizer=L2(0.5)),
    "Conv2D<8, 3, activation<ReLU>>": k.Conv2D(8, 3, activation="relu"),
    "Conv2D<8, 1, Same, activation<LeakyReLU<0.1>>>": k.Conv2D(8, 1, padding="same", activation=k.LeakyReLU(0.1)),
    "Conv2DTranspose<8, 3>": k.Conv2DTranspose(8, 3),
    "Conv2DTranspose<8, Kernel{4, 2}, Same, Strides{2}, NoBias, L2{0.25}>":
        k.Conv2DTranspose(8, (4, 2), padding="same", strides=2, use_bias=False, kernel_regularizer=L2(0.25)),
    "Conv2DTranspose<8, 3, Dilation{2}>": k.Conv2DTranspose(8, 3, dilation_rate=2),
    "Conv2DTranspose<8, 3, Same, Strides{2}, OutputPadding{1}>":
        k.Conv2DTranspose(8, 3, padding="same", strides=2, output_padding=1),
    "DepthwiseConv2D<3>": k.DepthwiseConv2D(3),
    "DepthwiseConv2D<5, Same, Strides{2}, DepthMultiplier{2}, NoBias, L2{0.5}>":
        k.DepthwiseConv2D(5, padding="same", strides=2, depth_multiplier=2, use_bias=False,
                          depthwise_regularizer=L2(0.5)),
    "SeparableConv2D<8, 3>": k.SeparableConv2D(8, 3),
    "SeparableConv2D<8, 3, Same, Dilation{2}, DepthMultiplier{2}, NoBias, activation<SiLU>>":
        k.SeparableConv2D(8, 3, padding="same", dilation_rate=2, depth_multiplier=2, use_bias=False,
                          activation="silu"),
    "Dense<10>": k.Dense(10),
    "Dense<10, NoBias, L2{0.5}, activation<Softmax>>":
        k.Dense(10, use_bias=False, kernel_regularizer=L2(0.5), activation="softmax"),
    "MaxPooling2D<>": k.MaxPooling2D(),
    "MaxPooling2D<3>": k.MaxPooling2D(3),
    "MaxPooling2D<2, Strides{1}>": k.MaxPooling2D(strides=1),
    "MaxPooling2D<Kernel{3, 2}, Same, Strides{2}>": k.MaxPooling2D((3, 2), strides=2, padding="same"),
    "AveragePooling2D<>": k.AveragePooling2D(2),
    "AveragePooling2D<3, Same>": k.AveragePooling2D(3, padding="same"),
    "GlobalAveragePooling2D": k.GlobalAveragePooling2D(),
    "GlobalMaxPooling2D": k.GlobalMaxPooling2D(),
    "GlobalAveragePooling2DWith<KeepDims>": k.GlobalAveragePooling2D(keepdims=True),
    "GlobalMaxPooling2DWith<KeepDims>": k.GlobalMaxPooling2D(keepdims=True),
    "BatchNorm": k.BatchNormalization(),
    "BatchNormWith<Momentum{0.9}, Epsilon{0.5}, NoScale>": k.BatchNormalization(momentum=0.9, epsilon=0.5, scale=False),
    "BatchNormWith<NoCenter>": k.BatchNormalization(center=False),
    "LayerNormalization": k.LayerNormalization(),
    "LayerNormalizationWith<Epsilon{0.25}>": k.LayerNormalization(epsilon=0.25),
    "LayerNormalizationWith<NoCenter, NoScale>": k.LayerNormalization(center=False, scale=False),
    "GroupNormalization<>": k.GroupNormalization(),
    "GroupNormalization<8>": k.GroupNormalization(8),
    "GroupNormalization<32, Epsilon{0.25}>": k.GroupNormalization(epsilon=0.25),
    "GroupNormalization<-1, NoCenter, NoScale>": k.GroupNormalization(-1, center=False, scale=False),
    "RMSNormalization": k.RMSNormalization(),
    "RMSNormalizationWith<Epsilon{0.25}>": k.RMSNormalization(epsilon=0.25),
    "UnitNormalization": k.UnitNormalization(),
    "Normalization": k.Normalization(),
    "Rescaling<0.5>": k.Rescaling(0.5),
    "Rescaling<0.5, -1>": k.Rescaling(0.5, -1),
    "ChannelRescaling<PerChannel{4, 2, 1}>": k.Rescaling([4, 2, 1]),
    "ChannelRescaling<PerChannel{0.5, 0.25}, PerChannel{-1, 2}>": k.Rescaling([0.5, 0.25], [-1, 2]),
    "ReLU": k.ReLU(),
    "ReLU6": k.ReLU(6.0),
    "ReLUWith<MaxValue{4}>": k.ReLU(4.0),
    "ReLUWith<MaxValue{4}, NegativeSlope{0.25}, Threshold{1}>": k.ReLU(4.0, negative_slope=0.25, threshold=1.0),
    "LeakyReLU<>": k.LeakyReLU(),
    "LeakyReLU<0.1>": k.LeakyReLU(0.1),
    "ELU<>": k.ELU(),
    "ELU<0.5>": k.ELU(0.5),
    "PReLU<>": k.PReLU(),
    "PReLU<SharedAxes{1, 2}>": k.PReLU(shared_axes=[1, 2]),
    "Softmax": k.Softmax(),
    "Sigmoid": k.Activation("sigmoid"),
    "Tanh": k.Activation("tanh"),
    "SELU": k.Activation("selu"),
    "GELU": k.Activation("gelu"),
    "SiLU": k.Activation("silu"),
    "Softplus": k.Activation("softplus"),
    "HardSigmoid": k.Activation("hard_sigmoid"),
    "HardSwish": k.Activation("hard_silu"),
    "CELU": k.Activation("celu"),
    "Exponential": k.Activation("exponential"),
    "HardShrink": k.Activation("hard_shrink"),
    "HardTanh": k.Activation("hard_tanh"),
    "LogSigmoid": k.Activation("log_sigmoid"),
    "LogSoftmax": k.Activation("log_softmax"),
    "Mish": k.Activation("mish"),
    "SoftShrink": k.Activation("soft_shrink"),
    "Softsign": k.Activation("softsign"),
    "SparsePlus": k.Activation("sparse_plus"),
    "SparseSigmoid": k.Activation("sparse_sigmoid"),
    "Squareplus": k.Activation("squareplus"),
    "TanhShrink": k.Activation("tanh_shrink"),
    "Linear": k.Activation("linear"),
    "Dropout<0.5>": k.Dropout(0.5),
    "SpatialDropout2D<0.25>": k.SpatialDropout2D(0.25),
    "GaussianNoise<0.5>": k.GaussianNoise(0.5),
    "GaussianDropout<0.5>": k.GaussianDropout(0.5),
    "AlphaDropout<0.25>": k.AlphaDropout(0.25),
    "ZeroPadding2D<>": k.ZeroPadding2D(),
    "ZeroPadding2D<ZeroPad{1, 2}>": k.ZeroPadding2D((1, 2)),
    "ZeroPadding2D<ZeroPad{0, 1, 2, 3}>": k.ZeroPadding2D(((0, 1), (2, 3))),
    "Cropping2D<>": k.Cropping2D(0),
    "Cropping2D<ZeroPad{1, 2, 0, 3}>": k.Cropping2D(((1, 2), (0, 3))),
    "CenterCrop<3, 4>": k.CenterCrop(3, 4),
    "UpSampling2D<>": k.UpSampling2D(),
    "UpSampling2D<Kernel{2, 3}, Bilinear>": k.UpSampling2D((2, 3), interpolation="bilinear"),
    "Flatten": k.Flatten(),
    "Reshape<4, -1>": k.Reshape((4, -1)),
    "Permute<2, 1, 3>": k.Permute((2, 1, 3)),
    "RepeatVector<3>": k.RepeatVector(3),
    "IdentityLayer": k.Identity(),
    "RandomFlipLayer<>": k.RandomFlip(),
    "RandomFlipLayer<Horizontal>": k.RandomFlip("horizontal"),
    "RandomRotation<0.25>": k.RandomRotation(0.25),
    "RandomRotation<Factor{0, 0.5}, FillMode::nearest>": k.RandomRotation((0.0, 0.5), fill_mode="nearest"),
    "RandomTranslation<0.25, Factor{-0.5, 0.25}, FillMode::constant>":
        k.RandomTranslation((-0.25, 0.25), (-0.5, 0.25), fill_mode="constant"),
    "Conv1D<8, 3>": k.Conv1D(8, 3),
    "Conv1D<8, 3, Causal, Dilation{2}, Groups{2}, NoBias>":
        k.Conv1D(8, 3, padding="causal", dilation_rate=2, groups=2, use_bias=False),
    "Conv1D<8, 5, Same, Strides{2}, L2{0.5}>": k.Conv1D(8, 5, padding="same", strides=2, kernel_regularizer=L2(0.5)),
    "Conv1D<8, 3, activation<ReLU>>": k.Conv1D(8, 3, activation="relu"),
    "Conv1DTranspose<8, 3>": k.Conv1DTranspose(8, 3),
    "Conv1DTranspose<8, 3, Same, Strides{2}, OutputPadding{1}>":
        k.Conv1DTranspose(8, 3, padding="same", strides=2, output_padding=1),
    "DepthwiseConv1D<3>": k.DepthwiseConv1D(3),
    "DepthwiseConv1D<5, Same, Strides{2}, DepthMultiplier{2}>":
        k.DepthwiseConv1D(5, padding="same", strides=2, depth_multiplier=2),
    "SeparableConv1D<8, 3>": k.SeparableConv1D(8, 3),
    "SeparableConv1D<8, 3, Same, Strides{2}, activation<SiLU>>":
        k.SeparableConv1D(8, 3, padding="same", strides=2, activation="silu"),
    "MaxPooling1D<>": k.MaxPooling1D(),
    "MaxPooling1D<3, Same, Strides{2}>": k.MaxPooling1D(3, strides=2, padding="same"),
    "AveragePooling1D<>": k.AveragePooling1D(2),
    "AveragePooling1D<3, Same>": k.AveragePooling1D(3, padding="same"),
    "GlobalAveragePooling1D": k.GlobalAveragePooling1D(),
    "GlobalAveragePooling1DWith<KeepDims>": k.GlobalAveragePooling1D(keepdims=True),
    "GlobalMaxPooling1D": k.GlobalMaxPooling1D(),
    "GlobalMaxPooling1DWith<KeepDims>": k.GlobalMaxPooling1D(keepdims=True),
    "ZeroPadding1D<>": k.ZeroPadding1D(),
    "ZeroPadding1D<Ends{1, 2}>": k.ZeroPadding1D((1, 2)),
    "Cropping1D<>": k.Cropping1D(),
    "Cropping1D<Ends{1, 2}>": k.Cropping1D((1, 2)),
    "UpSampling1D<>": k.UpSampling1D(),
    "UpSampling1D<3>": k.UpSampling1D(3),
    "SpatialDropout1D<0.25>": k.SpatialDropout1D(0.25),
    "Resizing<3, 4>": k.Resizing(3, 4),
    "Resizing<3, 4, Nearest>": k.Resizing(3, 4, interpolation="nearest"),
    "Add<>": k.Add(),
    "Subtract<>": k.Subtract(),
    "Average<>": k.Average(),
    "Maximum<>": k.Maximum(),
    "Minimum<>": k.Minimum(),
    "Multiply<>": k.Multiply(),
    "Concatenate<>": k.Concatenate(),
    "Concatenate<Along<1>>": k.Concatenate(axis=1),
    "GLU": k.Activation("glu"),
    "LayerScale<4>": LayerScale(1e-06, 4),
    "Absolute": ops.Absolute(),
    "Log": ops.Log(),
    "Negative": ops.Negative(),
    "Reciprocal": ops.Reciprocal(),
    "Sqrt": ops.Sqrt(),
    "Square": ops.Square(),
    "Clip<-0.5, 6>": ops.Clip(-0.5, 6),
    "ThresholdLayer<0.5, -1>": Threshold(0.5, -1),
    "ReduceMean<-1, KeepDims>": ops.Mean(axis=-1, keepdims=True),
    "ReduceSum<2>": ops.Sum(axis=2),
    "ReduceMax<1>": ops.Max(axis=1),
    "ReduceMin<-1>": ops.Min(axis=-1),
}

NETWORKS = ["lesson", "residual", "two_inputs", "two_outputs"]


def line(about):
    return json.dumps(about, sort_keys=True)


def options(layer):
    """What it may be given, by name."""
    parameters = inspect.signature(layer.__init__).parameters.values()
    return [parameter.name for parameter in parameters
            if parameter.name != "self" and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)]


def all_layers(folder):
    """One line of JSON for each layer that Keras has, and one for its activations."""
    text = ""
    for name, layer in sorted(vars(k).items()):
        if inspect.isclass(layer) and issubclass(layer, k.Layer) and layer.__name__ == name != "Layer":
            text += line({"class_name": name, "options": options(layer)}) + "\n"
    functions = {function.__name__ for function in vars(keras.activations).values()
                 if inspect.isfunction(function) and function.__name__ not in ("get", "serialize", "deserialize")}
    (folder / "all_layers.txt").write_text(text + line({"activations": sorted(functions)}) + "\n")


def configs(folder):
    """One line of JSON for each layer, and for each network of summaries.py."""
    text = ""
    for spelling, layer in LAYERS.items():
        saved = keras.saving.serialize_keras_object(layer)
        text += line({"spelling": spelling, "class_name": saved["class_name"], "config": saved["config"],
                      "module": saved["module"]}) + "\n"
    (folder / "layer_configs.txt").write_text(text)
    text = ""
    for name in NETWORKS:
        keras.backend.clear_session()
        saved = keras.saving.serialize_keras_object(getattr(summaries, name)())
        text += line({"name": name, "class_name": saved["class_name"], "config": saved["config"]}) + "\n"
    (folder / "network_configs.txt").write_text(text)
