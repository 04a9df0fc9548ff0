"""Layers, each with its options: both forward modes, all gradients, moving statistics; gradients at ties and kinks."""
import keras
import numpy as np
import tensorflow as tf
from keras import Input, Model, Sequential, ops
from keras import layers as k

from cases import Random


def chain(x, *made):
    """The layers one after the other, as they were made: Keras numbers names in that order."""
    for one in made:
        x = one(x)
    return x


def randomize(model, random):
    """Random parameters; returns the variables by layer and name, as Strata's files have them."""
    variables = {f"{layer.name}/{weight.name}": weight for layer in model.layers for weight in layer.weights}
    for name, weight in variables.items():
        weight.assign(random.parameter(name, weight.shape))
    for layer in model.layers:
        if isinstance(layer, k.Normalization):
            layer.finalize_state()  # it computes with copies
    return variables


def run(model, variables, x, random, upstream=None, gradients=True):
    values = lambda suffix="": {name + suffix: weight.numpy().astype("float32") for name, weight in variables.items()}
    tensors = {"input": x, **values(), "output": model(x, training=False).numpy()}
    if not gradients:
        return tensors
    x, trainable = tf.Variable(x), {name: weight for name, weight in variables.items() if weight.trainable}
    if upstream is None:
        upstream = random.normal(*tensors["output"].shape)
    with tf.GradientTape() as tape:
        y = model(x, training=True)
        total = tf.reduce_sum(y * upstream)
    of_input, *of_weights = tape.gradient(total, [x, *(weight.value for weight in trainable.values())])
    after = {name: v for name, v in values("_after").items() if name.removesuffix("_after") not in trainable}
    return {**tensors, "output_training": y.numpy(), **after, "output_gradient": upstream,
            "input_gradient": of_input.numpy(),
            **{f"{name}_gradient": g.numpy() for name, g in zip(trainable, of_weights)}}


def shape_text(shape):
    return f"Shape{{{', '.join(map(str, shape))}}}"


def layer(cases, name, spelling, shape, made, values=None, upstream=None, gradients=True, batch=2, ci=False,
          tolerance="", about="layers"):
    """A layer of one node. `values(random, shape)` gives the inputs."""
    if not cases.wants(ci):
        return
    random, model = Random(name), Sequential([Input(shape), made])
    variables = {key.split("/")[1]: weight for key, weight in randomize(model, random).items()}
    x = (values or Random.normal_batch)(random, (batch, *shape))
    tensors = run(model, variables, x, random, upstream, gradients)
    cases.add(name, spelling, tensors, f"check_oracle<{spelling}, {shape_text(shape)}>({{fixture}}{tolerance});",
              about, ci)


def network(cases, name, spelling, shape, build, batch=2):
    """A layer of several nodes, or a merge, behind a convolution whose gradients show the layer's own. `build` makes
    them, so that Keras counts their names from that convolution."""
    if not cases.wants(False):
        return
    keras.backend.clear_session()
    random, x = Random(name), Input(shape)
    first = k.Conv2D if len(shape) == 3 else k.Conv1D
    model = Model(x, build(first(4, 1)(x)))
    tensors = run(model, randomize(model, random), random.normal(batch, *shape), random)
    full = f"Sequential<Input<{', '.join(map(str, shape))}>, {first.__name__}<4, 1>, {spelling}>"
    cases.add(name, full, tensors, f"check_network<{full}>({{fixture}});", "layers of several nodes and merges")


Random.normal_batch = lambda random, shape: random.normal(*shape)
below_zero = lambda random, shape: random.normal(*shape, mean=-3)  # a zero taken from the padding by mistake would show


def convolutions(cases):
    def case(name, spelling, shape, filters, kernel, tolerance="", **options):
        layer(cases, "conv2d_" + name, spelling, shape, k.Conv2D(filters, kernel, **options), tolerance=tolerance)
    case("valid", "Conv2D<8, 3>", (7, 5, 3), 8, 3)
    case("same", "Conv2D<8, 3, Same>", (7, 5, 3), 8, 3, padding="same")
    case("1x1", "Conv2D<11, 1>", (5, 4, 7), 11, 1)
    case("1x1_strides_2", "Conv2D<11, 1, Strides{2}, NoBias>", (5, 4, 7), 11, 1, strides=2, use_bias=False)
    case("2x2", "Conv2D<6, 2, Same>", (6, 5, 3), 6, 2, padding="same")
    case("4x4", "Conv2D<6, 4, Same>", (7, 6, 3), 6, 4, padding="same")
    case("5x5", "Conv2D<6, 5, Same>", (9, 8, 3), 6, 5, padding="same")
    case("7x7_strides_2", "Conv2D<8, 7, Same, Strides{2}>", (13, 12, 3), 8, 7, padding="same", strides=2)
    case("3x5", "Conv2D<7, Kernel{3, 5}>", (7, 8, 3), 7, (3, 5))
    case("3x5_same", "Conv2D<7, Kernel{3, 5}, Same>", (7, 8, 3), 7, (3, 5), padding="same")
    case("1x7", "Conv2D<4, Kernel{1, 7}, Same>", (6, 9, 5), 4, (1, 7), padding="same")
    case("strides_2_odd", "Conv2D<8, 3, Same, Strides{2}>", (7, 5, 3), 8, 3, padding="same", strides=2)
    case("strides_2_even", "Conv2D<8, 3, Same, Strides{2}>", (8, 6, 3), 8, 3, padding="same", strides=2)
    case("strides_2_valid", "Conv2D<8, 3, Strides{2}>", (8, 7, 3), 8, 3, strides=2)
    case("strides_2x1", "Conv2D<8, 3, Strides{2, 1}, Same>", (7, 6, 3), 8, 3, padding="same", strides=(2, 1))
    case("strides_3", "Conv2D<8, 5, Same, Strides{3}>", (10, 11, 3), 8, 5, padding="same", strides=3)
    case("dilation_2", "Conv2D<6, 3, Dilation{2}>", (9, 7, 3), 6, 3, dilation_rate=2)
    case("dilation_2_same", "Conv2D<6, 3, Same, Dilation{2}>", (7, 6, 3), 6, 3, padding="same", dilation_rate=2)
    case("dilation_3x1", "Conv2D<6, 3, Same, Dilation{3, 1}>", (8, 6, 3), 6, 3, padding="same", dilation_rate=(3, 1))
    case("groups_2", "Conv2D<8, 3, Same, Groups{2}>", (6, 5, 4), 8, 3, padding="same", groups=2)
    case("no_bias", "Conv2D<8, 3, NoBias>", (6, 5, 3), 8, 3, use_bias=False)
    case("wide", "Conv2D<32, 3, Same>", (8, 8, 16), 32, 3, padding="same", tolerance=", 3e-5")  # Winograd's

    def case(name, spelling, shape, kernel, **options):
        layer(cases, "depthwise_conv2d_" + name, spelling, shape, k.DepthwiseConv2D(kernel, **options))
    case("valid", "DepthwiseConv2D<3>", (7, 6, 5), 3)
    case("same", "DepthwiseConv2D<3, Same>", (7, 6, 16), 3, padding="same")
    case("5x5_strides_2", "DepthwiseConv2D<5, Same, Strides{2}>", (9, 8, 6), 5, padding="same", strides=2)
    case("multiplier_2", "DepthwiseConv2D<3, Same, DepthMultiplier{2}>", (7, 6, 3), 3, padding="same",
         depth_multiplier=2)
    case("no_bias", "DepthwiseConv2D<3, Same, NoBias>", (6, 6, 4), 3, padding="same", use_bias=False)
    case("7x7", "DepthwiseConv2D<7, Same>", (9, 10, 4), 7, padding="same")

    def case(name, spelling, shape, filters, kernel, **options):
        layer(cases, "conv2d_transpose_" + name, spelling, shape, k.Conv2DTranspose(filters, kernel, **options))
    case("valid", "Conv2DTranspose<6, 3>", (4, 5, 3), 6, 3)
    case("same", "Conv2DTranspose<6, 3, Same>", (4, 5, 3), 6, 3, padding="same")
    case("strides_2", "Conv2DTranspose<6, 3, Strides{2}>", (4, 5, 3), 6, 3, strides=2)
    case("strides_2_same", "Conv2DTranspose<6, 3, Same, Strides{2}>", (4, 5, 3), 6, 3, padding="same", strides=2)
    case("4x2", "Conv2DTranspose<6, Kernel{4, 2}, Same, Strides{2, 1}, NoBias>", (4, 5, 3), 6, (4, 2), padding="same",
         strides=(2, 1), use_bias=False)
    case("2x2_strides_2", "Conv2DTranspose<6, 2, Strides{2}>", (4, 5, 3), 6, 2, strides=2)
    case("output_padding", "Conv2DTranspose<6, 3, Strides{3}, Same, OutputPadding{2, 0}>", (4, 5, 3), 6, 3, strides=3,
         padding="same", output_padding=(2, 0))


def pooling(cases):
    for kind, spelling, made in [("max", "MaxPooling2D", k.MaxPooling2D),
                                 ("average", "AveragePooling2D", k.AveragePooling2D)]:
        def case(name, options, shape, *arguments, **keywords):
            layer(cases, f"{kind}_pooling2d{name}", f"{spelling}<{options}>", shape, made(*arguments, **keywords),
                  below_zero)
        case("", "", (7, 6, 5), 2)
        case("_3", "3", (7, 8, 5), 3)
        case("_3_strides_2", "3, Strides{2}", (9, 8, 5), 3, strides=2)
        case("_same", "2, Same", (7, 5, 5), 2, padding="same")
        case("_3_strides_2_same_odd", "3, Strides{2}, Same", (7, 5, 3), 3, strides=2, padding="same")
        case("_3_strides_2_same_even", "3, Strides{2}, Same", (8, 6, 8), 3, strides=2, padding="same")
        case("_3_strides_1_same", "3, Strides{1}, Same", (6, 5, 4), 3, strides=1, padding="same")
        case("_3x2", "Kernel{3, 2}", (8, 7, 3), (3, 2))
    layer(cases, "global_average_pooling2d", "GlobalAveragePooling2D", (5, 3, 6), k.GlobalAveragePooling2D())
    layer(cases, "global_max_pooling2d", "GlobalMaxPooling2D", (5, 3, 6), k.GlobalMaxPooling2D(), below_zero)


def others(cases):
    case = lambda *arguments, **options: layer(cases, *arguments, **options)
    case("dense", "Dense<7>", (13,), k.Dense(7), batch=3)
    case("dense_no_bias", "Dense<64, NoBias>", (33,), k.Dense(64, use_bias=False), batch=3)
    case("batch_normalization", "BatchNorm", (5, 4, 6), k.BatchNormalization(), batch=3)
    case("batch_normalization_flat", "BatchNorm", (11,), k.BatchNormalization(), batch=5)
    case("batch_normalization_momentum", "BatchNormWith<Momentum{0.9}, Epsilon{1e-5}>", (5, 4, 16),
         k.BatchNormalization(momentum=0.9, epsilon=1e-5), batch=3)
    case("batch_normalization_no_scale", "BatchNormWith<NoScale>", (5, 4, 6), k.BatchNormalization(scale=False),
         batch=3)
    case("layer_normalization", "LayerNormalization", (3, 4, 6), k.LayerNormalization())
    case("layer_normalization_flat", "LayerNormalization", (37,), k.LayerNormalization())
    case("layer_normalization_epsilon", "LayerNormalizationWith<Epsilon{1e-6}>", (3, 4, 6),
         k.LayerNormalization(epsilon=1e-6))
    case("group_normalization", "GroupNormalization<>", (3, 4, 64), k.GroupNormalization())
    case("group_normalization_2", "GroupNormalization<2, Epsilon{1e-5}>", (3, 4, 6),
         k.GroupNormalization(2, epsilon=1e-5))
    case("normalization", "Normalization", (4, 3, 5), k.Normalization())
    case("rescaling", "Rescaling<1 / 127.5, -1>", (4, 3, 5), k.Rescaling(1 / 127.5, -1), lambda r,
         s: r.uniform(0, 255, *s))
    case("flatten", "Flatten", (3, 4, 5), k.Flatten())
    case("reshape", "Reshape<2, -1>", (3, 4, 5), k.Reshape((2, -1)))
    case("permute", "Permute<2, 3, 1>", (3, 4, 5), k.Permute((2, 3, 1)))
    case("zero_padding2d", "ZeroPadding2D<>", (4, 3, 5), k.ZeroPadding2D())
    case("zero_padding2d_sides", "ZeroPadding2D<ZeroPad{1, 2, 0, 3}>", (4, 3, 5), k.ZeroPadding2D(((1, 2), (0, 3))))
    case("cropping2d", "Cropping2D<1>", (5, 6, 3), k.Cropping2D(1))
    case("cropping2d_sides", "Cropping2D<ZeroPad{1, 2, 0, 3}>", (5, 6, 3), k.Cropping2D(((1, 2), (0, 3))))
    case("up_sampling2d", "UpSampling2D<2>", (3, 4, 5), k.UpSampling2D())
    case("up_sampling2d_2x3", "UpSampling2D<Kernel{2, 3}>", (3, 4, 5), k.UpSampling2D((2, 3)))
    case("up_sampling2d_bilinear", "UpSampling2D<Kernel{2, 3}, Bilinear>", (3, 4, 5),
         k.UpSampling2D((2, 3), interpolation="bilinear"))
    for name, spelling, made in [("dropout", "Dropout<0.5>", k.Dropout(0.5)),
                                 ("gaussian_noise", "GaussianNoise<0.1>", k.GaussianNoise(0.1)),
                                 ("gaussian_dropout", "GaussianDropout<0.5>", k.GaussianDropout(0.5)),
                                 ("alpha_dropout", "AlphaDropout<0.5>", k.AlphaDropout(0.5)),
                                 ("spatial_dropout2d", "SpatialDropout2D<0.2>", k.SpatialDropout2D(0.2)),
                                 ("random_flip", "RandomFlipLayer<>", k.RandomFlip()),
                                 ("random_rotation", "RandomRotation<0.1>", k.RandomRotation(0.1)),
                                 ("random_translation", "RandomTranslation<0.2, 0.1>", k.RandomTranslation(0.2, 0.1))]:
        case(name, spelling, (4, 5, 3), made, gradients=False)  # in training they are random


def only_in_keras(cases):
    """What neither PyTorch nor TensorFlow.js answers for: the ordinary tests have them, too."""
    case = lambda *arguments, **options: layer(cases, *arguments, ci=True, about="layers and options", **options)
    case("batch_normalization_no_center", "BatchNormWith<NoCenter>", (3, 2, 5), k.BatchNormalization(center=False))
    case("batch_normalization_bare", "BatchNormWith<NoCenter, NoScale>", (3, 2, 5),
         k.BatchNormalization(center=False, scale=False))
    case("layer_normalization_no_center", "LayerNormalizationWith<NoCenter>", (3, 11),
         k.LayerNormalization(center=False))
    case("layer_normalization_no_scale", "LayerNormalizationWith<NoScale>", (3, 11), k.LayerNormalization(scale=False))
    case("group_normalization_each", "GroupNormalization<-1, NoCenter, NoScale>", (3, 4, 5),
         k.GroupNormalization(-1, center=False, scale=False))
    case("rms_normalization", "RMSNormalization", (3, 11), k.RMSNormalization())
    case("unit_normalization", "UnitNormalization", (3, 11), k.UnitNormalization())
    case("channel_rescaling", "ChannelRescaling<PerChannel{0.5, 2, 3}, PerChannel{-1, 0, 1}>", (3, 4, 3),
         k.Rescaling([0.5, 2, 3], [-1, 0, 1]))
    case("global_average_pooling2d_keepdims", "GlobalAveragePooling2DWith<KeepDims>", (5, 3, 6),
         k.GlobalAveragePooling2D(keepdims=True))
    case("dense_on_a_map", "Dense<7>", (3, 4, 5), k.Dense(7))
    case("dense_on_a_sequence", "Dense<7, NoBias>", (6, 5), k.Dense(7, use_bias=False))
    case("center_crop", "CenterCrop<2, 4>", (5, 7, 3), k.CenterCrop(2, 4))
    case("resizing", "Resizing<7, 3>", (4, 8, 3), k.Resizing(7, 3))
    case("resizing_nearest", "Resizing<7, 3, Nearest>", (4, 8, 3), k.Resizing(7, 3, interpolation="nearest"))
    case("repeat_vector", "RepeatVector<3>", (5,), k.RepeatVector(3))


class Affine(k.Layer):
    """gamma x + beta, of each channel or each element."""

    def __init__(self, per_element=False):
        super().__init__()
        self.per_element = per_element

    def build(self, shape):
        shape = shape[1:] if self.per_element else shape[-1:]
        self.gamma, self.beta = (self.add_weight(shape=shape, name=name) for name in ("gamma", "beta"))

    def call(self, x):
        return self.gamma * x + self.beta


def shuffled(x, shape, order):
    """In so many axes, those in another order."""
    return ops.transpose(ops.reshape(x, (-1, *shape)), (0, *order))


def beyond_layers(cases):
    """What Keras and TensorFlow have as operations."""
    def case(name, spelling, shape, function, **options):
        made = function if isinstance(function, k.Layer) else k.Lambda(function)
        layer(cases, name, spelling, shape, made, ci=True, about="layers of operations", **options)
    few = lambda random, shape: random.state.choice(np.float32([-2, -1, 1, 2]), shape)
    case("slice_channels", "Slice<-1, 2, -1>", (3, 4, 7), lambda x: x[..., 2:-1])
    case("slice_rows", "Slice<1, 1, 7, 2>", (7, 4, 3), lambda x: x[:, 1:7:2])
    case("split_channels", "detail::SplitPart<1, 3, -1>", (3, 4, 6), lambda x: ops.split(x, 3, axis=-1)[1])
    case("split_rows", "detail::SplitPart<1, 2, 1>", (6, 4, 3), lambda x: ops.split(x, 2, axis=1)[1])
    case("channel_shuffle", "ChannelShuffle<3>", (2, 3, 12),
         lambda x: ops.reshape(shuffled(x, (2, 3, 3, 4), (1, 2, 4, 3)), (-1, 2, 3, 12)))
    case("depth_to_space", "DepthToSpace<2>", (3, 4, 8), lambda x: tf.nn.depth_to_space(x, 2))
    case("pixel_shuffle", "DepthToSpace<2, CRD>", (3, 4, 8),  # PyTorch's channels: c r r
         lambda x: ops.reshape(shuffled(x, (3, 4, 2, 2, 2), (1, 4, 2, 5, 3)), (-1, 6, 8, 2)))
    case("space_to_depth", "SpaceToDepth<2>", (4, 6, 3), lambda x: tf.nn.space_to_depth(x, 2))
    case("pixel_unshuffle", "SpaceToDepth<2, CRD>", (4, 6, 3),
         lambda x: ops.reshape(shuffled(x, (2, 2, 3, 2, 3), (1, 3, 5, 2, 4)), (-1, 2, 3, 12)))
    case("reflection_padding2d", "ReflectionPadding2D<ZeroPad{1, 2, 0, 3}>", (4, 5, 3),
         lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]], mode="reflect"))
    case("replication_padding2d", "ReplicationPadding2D<ZeroPad{1, 2, 0, 3}>", (2, 5, 3),
         lambda x: tf.gather(tf.gather(x, [0, 0, 1, 1, 1], axis=1), [0, 1, 2, 3, 4, 4, 4, 4], axis=2))
    case("affine", "Affine", (3, 4, 5), Affine())
    case("affine_per_element", "AffineWith<PerElement>", (3, 4, 5), Affine(per_element=True))
    case("reduce_mean", "ReduceMean<-1, KeepDims>", (3, 4, 5), lambda x: ops.mean(x, axis=-1, keepdims=True))
    case("reduce_sum", "ReduceSum<2>", (3, 4, 5), lambda x: ops.sum(x, axis=2))
    case("reduce_max", "ReduceMax<1>", (5, 4, 3), lambda x: ops.max(x, axis=1), values=few)
    case("reduce_min", "ReduceMin<-1, KeepDims>", (3, 4, 5), lambda x: ops.min(x, axis=-1, keepdims=True), values=few)
    case("glu", "GLU", (3, 2, 14), k.Activation("glu"))
    case("instance_normalization", "InstanceNormalization", (3, 4, 5), k.GroupNormalization(-1, epsilon=1e-5))
    case("local_response_normalization", "LocalResponseNormalization<5, 0.1, 0.75, 2>", (2, 3, 9),
         lambda x: tf.nn.local_response_normalization(x, depth_radius=2, bias=2, alpha=0.1 / 5, beta=0.75))


def sequences(cases):
    case = lambda *arguments, **options: layer(cases, *arguments, about="sequences", **options)
    case("conv1d_causal", "Conv1D<7, 3, Causal, Dilation{2}>", (9, 4),
         k.Conv1D(7, 3, padding="causal", dilation_rate=2), ci=True)
    case("conv1d_causal_strides", "Conv1D<7, 4, Causal, Strides{3}>", (9, 4),
         k.Conv1D(7, 4, padding="causal", strides=3))
    case("conv1d_valid", "Conv1D<8, 5, NoBias>", (11, 3), k.Conv1D(8, 5, use_bias=False))
    case("conv1d_groups", "Conv1D<8, 4, Same, Strides{2}, Groups{2}>", (11, 4),
         k.Conv1D(8, 4, padding="same", strides=2, groups=2), ci=True)
    case("depthwise_conv1d", "DepthwiseConv1D<3, Same, Strides{2}, DepthMultiplier{2}>", (10, 3),
         k.DepthwiseConv1D(3, padding="same", strides=2, depth_multiplier=2), ci=True)
    case("conv1d_transpose", "Conv1DTranspose<6, 4, Same, Strides{2}, OutputPadding{1}>", (5, 3),
         k.Conv1DTranspose(6, 4, padding="same", strides=2, output_padding=1), ci=True)
    case("max_pooling1d", "MaxPooling1D<3, Strides{2}, Same>", (8, 5), k.MaxPooling1D(3, strides=2, padding="same"),
         below_zero, ci=True)
    case("average_pooling1d", "AveragePooling1D<3, Strides{2}, Same>", (8, 5),
         k.AveragePooling1D(3, strides=2, padding="same"))
    case("global_max_pooling1d", "GlobalMaxPooling1DWith<KeepDims>", (8, 5), k.GlobalMaxPooling1D(keepdims=True),
         below_zero, ci=True)
    case("global_average_pooling1d", "GlobalAveragePooling1D", (8, 5), k.GlobalAveragePooling1D())
    case("zero_padding1d", "ZeroPadding1D<Ends{1, 2}>", (8, 5), k.ZeroPadding1D((1, 2)), ci=True)
    case("cropping1d", "Cropping1D<Ends{1, 2}>", (8, 5), k.Cropping1D((1, 2)), ci=True)
    case("up_sampling1d", "UpSampling1D<3>", (8, 5), k.UpSampling1D(3), ci=True)
    case("spatial_dropout1d", "SpatialDropout1D<0.2>", (8, 5), k.SpatialDropout1D(0.2), gradients=False)


ACTIVATIONS = [
    ("sigmoid", "Sigmoid", lambda: k.Activation("sigmoid"), ()), ("tanh", "Tanh", lambda: k.Activation("tanh"), ()),
    ("relu", "ReLU", k.ReLU, (0,)), ("relu6", "ReLU6", lambda: k.ReLU(max_value=6), (0, 6)),
    ("leaky_relu", "LeakyReLU<>", lambda: k.LeakyReLU(), (0,)),
    ("leaky_relu_0_1", "LeakyReLU<0.1>", lambda: k.LeakyReLU(negative_slope=0.1), (0,)),
    ("elu", "ELU<>", lambda: k.ELU(), (0,)), ("elu_0_7", "ELU<0.7>", lambda: k.ELU(alpha=0.7), (0,)),
    ("selu", "SELU", lambda: k.Activation("selu"), (0,)), ("gelu", "GELU", lambda: k.Activation("gelu"), ()),
    ("celu", "CELU", lambda: k.Activation("celu"), ()),  # at 0 Keras' slope is 2
    ("silu", "SiLU", lambda: k.Activation("silu"), ()), ("softplus", "Softplus", lambda: k.Activation("softplus"), ()),
    ("hard_sigmoid", "HardSigmoid", lambda: k.Activation("hard_sigmoid"), (-3, 3)),
    ("hard_swish", "HardSwish", lambda: k.Activation("hard_silu"), (-3, 3)),
    ("p_relu", "PReLU<>", lambda: k.PReLU(), (0,)),
    ("p_relu_shared", "PReLU<SharedAxes{1, 2}>", lambda: k.PReLU(shared_axes=[1, 2]), (0,)),
    ("softmax", "Softmax", lambda: k.Softmax(), ()),
    ("log_softmax", "LogSoftmax", lambda: k.Activation("log_softmax"), ()),
]


POINTWISE = [
    ("relu", "ReLUWith<MaxValue{4}>", dict(max_value=4.0)),
    ("relu", "ReLUWith<NegativeSlope{0.25}>", dict(negative_slope=0.25)),
    ("relu", "ReLUWith<MaxValue{4}, NegativeSlope{0.25}>", dict(max_value=4.0, negative_slope=0.25)),
    ("relu", "ReLUWith<Threshold{1}>", dict(threshold=1.0)),
    ("relu", "ReLUWith<MaxValue{4}, NegativeSlope{0.25}, Threshold{1}>",
     dict(max_value=4.0, negative_slope=0.25, threshold=1.0)),
    ("gelu", "TanhGELU", dict(approximate=True)), ("mish", "Mish", {}), ("softsign", "Softsign", {}),
    ("exponential", "Exponential", {}), ("log_sigmoid", "LogSigmoid", {}), ("hard_tanh", "HardTanh", {}),
    ("hard_shrink", "HardShrink", {}), ("soft_shrink", "SoftShrink", {}), ("tanh_shrink", "TanhShrink", {}),
    ("squareplus", "Squareplus", {}), ("sparse_sigmoid", "SparseSigmoid", {}), ("sparse_plus", "SparsePlus", {}),
    ("threshold", "ThresholdLayer<0.5, -1>", dict(threshold=0.5, default_value=-1.0)), ("absolute", "Absolute", {}),
    ("negative", "Negative", {}), ("square", "Square", {}), ("clip", "Clip<-0.5, 4>", dict(x_min=-0.5, x_max=4.0)),
    ("power", "Power<3>", dict(x2=3.0)),
]
OF_POSITIVE = [
    ("log", "Log", {}), ("reciprocal", "Reciprocal", {}), ("sqrt", "Sqrt", {}), ("power", "Power<-2>", dict(x2=-2.0)),
    ("power", "Power<2.5>", dict(x2=2.5)), ("power", "Power<0.7>", dict(x2=0.7)),
]


def pointwise(cases):
    """Functions at the same points, kinks among them, computed in float64."""
    about = "activations and arithmetic at kinks"
    random = Random("activations")
    for fixture, functions, points in [
            ("activations", POINTWISE, [-1, -0.5, 0, 0.5, 1, 4, *random.normal(58, scale=3)]),
            ("arithmetic", OF_POSITIVE, [0.5, 1, 4, *random.uniform(0.1, 5, 61)])]:
        x = tf.Variable(np.float64(np.float32(points)))
        tensors = {"input": x.numpy()}
        checks = []
        for name, spelling, options in functions:
            key = "_".join([name, *map(str, options if fixture == "activations" else options.values())])
            with tf.GradientTape() as tape:
                y = (getattr(keras.activations, name, None) or getattr(ops, name))(x, **options)
            tensors[key], tensors[key + "_slope"] = y.numpy(), tape.gradient(y, x).numpy()
            checks.append(f'check_activation<{spelling}>({{fixture}}, "{key}");')
        for check in checks:
            cases.add(fixture, about, tensors, check, about, ci=True)


kinks_and_ties = "gradients of layers at ties and kinks"


def activations(cases):
    for name, spelling, made, kinks in ACTIVATIONS:
        layer(cases, f"activation_{name}", spelling, (3, 5, 7), made(), lambda random,
              shape: random.normal(*shape, scale=3))
        if kinks:
            at = lambda random, shape: random.state.choice(np.float32([*kinks, *kinks, -1.5, 1.5]), shape)
            layer(cases, f"kink_{name}", spelling, (3, 5), made(), at, ci=True, about=kinks_and_ties)
    # equal elements: who of them gets the gradient
    tie = lambda *arguments: layer(cases, *arguments, few, ci=True, about=kinks_and_ties)
    few = lambda random, shape: random.state.choice(np.float32([-2, -1, -1]), shape)
    tie("tie_max_pooling2d", "MaxPooling2D<>", (4, 6, 3), k.MaxPooling2D())
    tie("tie_max_pooling2d_same", "MaxPooling2D<3, Strides{2}, Same>", (5, 4, 3),
        k.MaxPooling2D(3, strides=2, padding="same"))
    tie("tie_global_max_pooling2d", "GlobalMaxPooling2D", (3, 4, 5), k.GlobalMaxPooling2D())


def several_nodes(cases):
    case = lambda *arguments: network(cases, *arguments)
    case("separable_conv2d", "SeparableConv2D<6, 3, Same>", (7, 5, 3),
         lambda x: k.SeparableConv2D(6, 3, padding="same")(x))
    case("separable_conv2d_options",
         "SeparableConv2D<5, Kernel{3, 2}, NoBias, activation<Tanh>, Strides{2}, DepthMultiplier{2}, Same>",
         (8, 6, 3),
         lambda x: k.SeparableConv2D(5, (3, 2), use_bias=False, activation="tanh", strides=2, depth_multiplier=2,
                                     padding="same")(x))
    case("separable_conv1d", "SeparableConv1D<6, 3, Strides{2}, Same, DepthMultiplier{2}, activation<Tanh>>", (9, 3),
         lambda x: k.SeparableConv1D(6, 3, strides=2, padding="same", depth_multiplier=2, activation="tanh")(x))
    case("conv2d_relu", "Conv2D<6, 3, Same, activation<ReLU>>", (6, 5, 3),
         lambda x: k.Conv2D(6, 3, padding="same", activation="relu")(x))
    case("flatten_dense_softmax", "Flatten, Dense<5, activation<Softmax>>", (3, 4, 3),
         lambda x: chain(x, k.Flatten(), k.Dense(5, activation="softmax")))
    for name, spelling, merge in [("add", "Add", k.Add), ("average", "Average", k.Average),
                                  ("maximum", "Maximum", k.Maximum), ("minimum", "Minimum", k.Minimum),
                                  ("multiply", "Multiply", k.Multiply), ("concatenate", "Concatenate", k.Concatenate)]:
        def build(x):
            branches = [k.Conv2D(6, 3, padding="same")(x), k.Conv2D(6, 1)(x), k.Conv2D(6, 2, padding="same")(x)]
            return merge()(branches)
        case(name, f"{spelling}<Conv2D<6, 3, Same>, Conv2D<6, 1>, Conv2D<6, 2, Same>>", (5, 4, 3), build)

    def broadcast(x):
        return k.Add()([x, k.GlobalMaxPooling2D(keepdims=True)(x), k.Conv2D(1, 3, padding="same")(x)])
    case("add_broadcast", "Add<Sequential<>, GlobalMaxPooling2DWith<KeepDims>, Conv2D<1, 3, Same>>", (5, 4, 3),
         broadcast)

    def squeeze(x):
        gate = chain(x, k.GlobalAveragePooling2D(), k.Dense(2, activation="relu"), k.Dense(4, activation="sigmoid"))
        return k.Multiply()([x, gate])
    case("squeeze_and_excitation",
         "Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Dense<2, activation<ReLU>>, "
         "Dense<4, activation<Sigmoid>>>>", (5, 4, 3), squeeze)

    def residual(x):
        body = chain(x, k.Conv2D(4, 3, padding="same"), k.BatchNormalization())
        return chain(k.Add()([body, x]), k.ReLU())
    case("residual", "Residual<Conv2D<4, 3, Same>, BatchNorm>, ReLU", (6, 5, 3), residual)
    case("subtract", "Subtract<Conv2D<6, 3, Same>, Conv2D<6, 1>>", (5, 4, 3),
         lambda x: k.Subtract()([k.Conv2D(6, 3, padding="same")(x), k.Conv2D(6, 1)(x)]))
    # one tensor read twice: the halves of a tie
    case("tie_maximum", "Maximum<Sequential<>, Sequential<>, ReLU>", (4, 3, 2),
         lambda x: k.Maximum()([x, x, k.ReLU()(x)]))


def layers(cases):
    for part in convolutions, pooling, others, only_in_keras, beyond_layers, sequences, activations, pointwise, several_nodes:
        part(cases)
