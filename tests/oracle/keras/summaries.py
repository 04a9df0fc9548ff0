"""Networks whose `summary()` is compared to the byte; tests/show/test_summary.cpp has the same ones in Strata."""
import keras
import numpy as np
from keras import Input, Model, Sequential
from keras.layers import (Activation, Add, Average, AveragePooling2D, BatchNormalization, Concatenate, Conv2D,
                          Conv2DTranspose, Dense, DepthwiseConv2D, Dropout, ELU, Flatten, GaussianNoise,
                          GlobalAveragePooling2D, LayerNormalization, LeakyReLU, MaxPooling2D, Maximum, Multiply,
                          Normalization, PReLU, RandomFlip, ReLU, Rescaling, Reshape, SeparableConv2D, Softmax,
                          SpatialDropout2D, UpSampling2D, ZeroPadding2D)

from layers import chain

LINE_LENGTHS = (80, 100, 120)


def same(filters, size, **options):
    return Conv2D(filters, size, padding="same", **options)


def lesson():
    return Sequential([Input((32, 32, 3)), same(32, 3), BatchNormalization(), Activation("sigmoid"),
                       same(32, 3), BatchNormalization(), Activation("sigmoid")])


def classifier():
    return Sequential([Input((28, 28, 1)), Rescaling(1 / 255), same(8, 3, activation="relu", use_bias=False),
                       SeparableConv2D(16, 3), MaxPooling2D(), LeakyReLU(0.3), DepthwiseConv2D(3), PReLU(), ELU(),
                       SpatialDropout2D(0.1), Flatten(), Dropout(0.5), Dense(1000, activation="relu"),
                       LayerNormalization(), Dense(10), Softmax()])


def preprocessing():
    return Sequential([Input((16, 16, 3)), Normalization(), RandomFlip("horizontal"), GaussianNoise(0.1), same(4, 1),
                       Normalization(), GlobalAveragePooling2D(), Reshape((2, 2)), Flatten(), Dense(2)])


def named_chain():
    x = Input((12, 12, 3), name="image")
    y = chain(x, Conv2D(8, 3, name="stem"), ReLU(name="relu"), Flatten(name="flat"), Dense(10, name="logits"))
    return Model(x, y)


def residual():
    x = Input((8, 8, 3))
    x_in, x = x, same(16, 3)(x)
    body = chain(x, same(16, 3), BatchNormalization(), ReLU(), same(16, 3), BatchNormalization())
    x = ReLU()(Add()([body, x]))
    body = chain(x, same(32, 3, strides=2), BatchNormalization(), ReLU(), same(32, 3), BatchNormalization())
    shortcut = chain(x, Conv2D(32, 1, strides=2), BatchNormalization())
    x = ReLU()(Add()([body, shortcut]))
    return Model(x_in, chain(x, GlobalAveragePooling2D(), Dense(10)))


def inception():
    x_in = x = Input((14, 14, 24))
    a = same(8, 1)(x)
    b = chain(x, same(4, 1), BatchNormalization(), same(8, 3))
    c = chain(x, same(2, 1), BatchNormalization(), same(4, 3), same(4, 3))
    d = chain(x, AveragePooling2D(3, strides=1, padding="same"), same(4, 1))
    x = Concatenate()([a, b, c, d])
    x = Concatenate()([MaxPooling2D()(x), Conv2D(8, 2, strides=2)(x)])
    return Model(x_in, GlobalAveragePooling2D()(x))


def two_inputs():
    features, image = Input((5,), name="features"), Input((8, 8, 1), name="image")
    a = Dense(16, activation="relu", name="embedding")(features)
    b = chain(image, Conv2D(4, 3, name="convolution"), Flatten(name="pixels"), Dense(16, name="projection"))
    c = Maximum(name="joined")([a, b])
    d = Concatenate(name="all")([c, features, a])
    return Model([features, image], Dense(3, name="scores")(d))


def two_outputs():
    x = Input((16, 16, 3), name="x")
    a = Conv2D(8, 3, name="a")(x)
    pooled = GlobalAveragePooling2D(name="pooled")(a)
    early = Dense(2, name="early")(pooled)
    b = chain(a, Conv2D(8, 3, name="b"), ReLU(name="b_relu"), Flatten(name="b_flat"))
    late = Dense(4, name="late")(b)
    return Model(x, [early, late])


def output_on_the_way():
    x = Input((6,), name="x")
    a = Dense(4, name="code")(x)
    return Model(x, [a, Dense(6, name="decoded")(a)])


def nested():
    def block(x, filters):
        body = chain(x, same(filters, 3), BatchNormalization(), Activation("sigmoid"))
        gate = chain(body, GlobalAveragePooling2D(), Dense(2, activation="relu"), Dense(filters, activation="sigmoid"))
        return Add()([Multiply()([body, gate]), x])
    x_in = Input((10, 10, 2))
    x = same(8, 3)(x_in)
    inner = block(block(x, 8), 8)
    x = Add()([inner, x])
    x = chain(x, ZeroPadding2D(1), Conv2DTranspose(4, 3, strides=2), UpSampling2D(2))
    return Model(x_in, x)


def named_blocks():
    x = Input((9, 9, 4), name="x")
    def block(name, x):
        return chain(x, same(4, 3, name=f"{name}_conv2d"), BatchNormalization(name=f"{name}_batch_normalization"),
                     same(4, 3, name=f"{name}_conv2d_1"))
    first = block("first", x)
    second = block("second", first)
    twice = Add(name="twice")([second, second])
    return Model(x, [Average(name="mean")([first, twice, x]), ReLU(name="side")(first)])


def frozen():
    body = [same(8, 3), BatchNormalization(), ReLU(), Dropout(0.2)]
    for layer in body:
        layer.trainable = False
    return Sequential([Input((8, 8, 3)), *body, GlobalAveragePooling2D(), Dense(10)])


def long_names():
    x = Input((64, 64, 3), name="a_photograph_of_the_whole_field_as_the_camera_gave_it")
    stem = same(64, 3, name="convolution_that_looks_for_edges_and_corners_of_every_orientation")(x)
    left = chain(stem, Conv2D(256, 5, name="left_branch_of_the_second_stage"),
                 Flatten(name="flatten_before_a_layer_of_hundreds_of_millions_of_weights"),
                 Dense(1024, use_bias=False, name="dense"))
    right = GlobalAveragePooling2D(name="right")(stem)
    y = Concatenate(name="concatenation of both branches with blanks in its name")([left, right, left])
    return Model(x, y, name="a_model_with_a_name_that_is_longer_than_a_line_of_eighty_columns_has_room_for_it")


NETWORKS = (lesson, classifier, preprocessing, named_chain, residual, inception, two_inputs, two_outputs,
            output_on_the_way, nested, named_blocks, frozen, long_names)


def text(model, line_length):
    parts = []
    model.summary(line_length=line_length, print_fn=parts.append)
    return "".join(parts)


def summaries(folder):
    for network in NETWORKS:
        keras.backend.clear_session()
        model = network()
        (folder / f"summary_{network.__name__}.txt").write_text("".join(text(model, width) for width in LINE_LENGTHS))


def weights(folder):
    """The names of weights, as Strata's files have them, and their shapes."""
    lines = []
    for network in NETWORKS:
        keras.backend.clear_session()
        shape = lambda weight: " ".join(map(str, tuple(weight.shape) or (1,)))
        lines += sorted(f"{network.__name__} {layer.name}/{weight.name} {shape(weight)}\n"
                        for layer in network().layers for weight in layer.weights)
    (folder / "weights.txt").write_text("".join(lines))


def param_counts(folder):
    """Of the networks of keras.applications that examples/zoo has."""
    applications = ("VGG16", "VGG19", "Xception", "ResNet50", "ResNet50V2", "InceptionV3", "MobileNet", "MobileNetV2",
                    "DenseNet121",
                    "NASNetMobile", "EfficientNetB0")
    count = lambda variables: sum(int(np.prod(v.shape)) for v in variables)
    lines = ["model,total,trainable,non_trainable\n"]
    for name in applications:
        model = getattr(keras.applications, name)(weights=None)
        trainable, rest = count(model.trainable_weights), count(model.non_trainable_weights)
        lines.append(f"{name},{model.count_params()},{trainable},{rest}\n")
    (folder / "param_counts.csv").write_text("".join(lines))
