"""The fixtures of single layers and activations, and what all PyTorch fixtures share. Run generate_pytorch.py.

Images are NHWC, convolution kernels HWIO, dense kernels (in, out). Inputs are rounded to float32 *before* anything is
computed, so a fixture's outputs belong exactly to its stored inputs. Each case seeds its own generator with the CRC of
its name: adding a case changes no other. README.md explains the tensors.
"""
import math
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import fixture_file

FOLDER = Path(__file__).parent / "pytorch"
REAL = torch.float64


def write(case, spelling, tensors):
    fixture_file.write(FOLDER / f"{case}.safetensors", spelling, {name: t.detach().numpy() for name, t in tensors.items()})


class Random:
    def __init__(self, case):
        self.state = np.random.RandomState(zlib.crc32(case.encode()))

    def normal(self, *shape, scale=1.0, mean=0.0):
        return rounded(self.state.standard_normal(shape) * scale + mean)

    def uniform(self, low, high, *shape):
        return rounded(self.state.uniform(low, high, shape))

    def labels(self, classes, *shape):
        return torch.as_tensor(self.state.randint(0, classes, shape))

    def parameter(self, name, shape):
        kind = name.split("/")[-1]
        if kind.endswith("kernel"):
            return self.normal(*shape, scale=1 / math.sqrt(math.prod(shape[:-1])))
        if kind == "gamma":
            return self.uniform(0.5, 1.5, *shape)
        return self.uniform(0.5, 2, *shape) if kind == "moving_variance" else self.normal(*shape, scale=0.3)


def rounded(values):
    return torch.as_tensor(np.asarray(values, np.float32)).to(REAL)


def trainable(name):
    return "moving_" not in name


# ---- layers: forward(x, parameters, after); `after` is None at inference, else a dict that takes the new moving statistics

def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def pad(x, padding, kernel, strides, dilation=(1, 1), value=0.0):
    """TensorFlow's SAME on an NCHW tensor: the odd cell goes after."""
    if padding == "valid":
        return x
    amounts = []
    for size, k, s, d in zip(x.shape[2:], kernel, strides, dilation):
        total = max(0, (-(-size // s) - 1) * s + (k - 1) * d + 1 - size)
        amounts = [total // 2, total - total // 2] + amounts
    return F.pad(x, amounts, value=value)


def conv2d(padding="valid", strides=(1, 1), dilation=(1, 1), groups=1):
    def forward(x, p, after=None):
        kernel = p["kernel"]
        x = pad(nchw(x), padding, kernel.shape[:2], strides, dilation)
        return nhwc(F.conv2d(x, kernel.permute(3, 2, 0, 1), p.get("bias"), strides, 0, dilation, groups))
    return forward


def depthwise_conv2d(padding, strides):
    def forward(x, p, after=None):
        rows, columns, channels, multiplier = p["kernel"].shape
        kernel = p["kernel"].reshape(rows, columns, 1, channels * multiplier)
        return conv2d(padding, strides, groups=channels)(x, {**p, "kernel": kernel})
    return forward


def separable_conv2d(padding, strides):
    def forward(x, p, after=None):
        x = depthwise_conv2d(padding, strides)(x, {"kernel": p["depthwise_kernel"]})
        return conv2d()(x, {"kernel": p["pointwise_kernel"], "bias": p["bias"]})
    return forward


def conv2d_transpose(padding, strides):
    """Kernel (kh, kw, out, in); the gradient of the convolution from output to input. Here kernel >= strides."""
    def forward(x, p, after=None):
        y = F.conv_transpose2d(nchw(x), p["kernel"].permute(3, 2, 0, 1), p["bias"], strides)
        if padding == "same":
            before = [(k - s) // 2 for k, s in zip(p["kernel"].shape, strides)]
            y = y[:, :, before[0]:before[0] + x.shape[1] * strides[0], before[1]:before[1] + x.shape[2] * strides[1]]
        return nhwc(y)
    return forward


def dense(x, p, after=None):
    return F.linear(x.flatten(1), p["kernel"].T, p.get("bias"))


def batch_normalization(momentum=0.99, epsilon=1e-3, prefix=""):
    def forward(x, p, after=None):
        mean, variance = p[prefix + "moving_mean"], p[prefix + "moving_variance"]
        if after is not None:  # Keras 3: the biased variance goes into moving_variance as well
            flat = x.reshape(-1, x.shape[-1])
            batch_mean, batch_variance = flat.mean(0), flat.var(0, unbiased=False)
            after[prefix + "moving_mean"] = momentum * mean + (1 - momentum) * batch_mean.detach()
            after[prefix + "moving_variance"] = momentum * variance + (1 - momentum) * batch_variance.detach()
        x = x if x.ndim == 2 else nchw(x)  # the clones: PyTorch's own update of the statistics is not Keras'
        y = F.batch_norm(x, mean.clone(), variance.clone(), p[prefix + "gamma"], p[prefix + "beta"], after is not None, eps=epsilon)
        return y if y.ndim == 2 else nhwc(y)
    return forward


def max_pooling(kernel, strides, padding="valid"):
    def forward(x, p, after=None):
        return nhwc(F.max_pool2d(pad(nchw(x), padding, kernel, strides, value=-math.inf), kernel, strides))
    return forward


def average_pooling(kernel, strides, padding="valid"):
    def forward(x, p, after=None):  # padding does not count
        total, count = (F.avg_pool2d(pad(nchw(t), padding, kernel, strides), kernel, strides) for t in (x, torch.ones_like(x)))
        return nhwc(total / count)
    return forward


def layer(case, spelling, shape, forward, parameters={}, inputs=None, batch=2):
    random = Random(case)
    x = random.normal(batch, *shape) if inputs is None else inputs(random, (batch, *shape))
    p = {name: random.parameter(name, s) for name, s in parameters.items()}
    leaves = {"input": x, **{name: t for name, t in p.items() if trainable(name)}}
    for leaf in leaves.values():
        leaf.requires_grad_()
    after = {}
    output, training = forward(x, p, None), forward(x, p, after)
    tensors = {"input": x, **p, "output": output}
    if after:
        tensors["output_training"] = training
        tensors.update({name + "_after": t for name, t in after.items()})
    tensors["output_gradient"] = random.normal(*training.shape)
    gradients = torch.autograd.grad(training, list(leaves.values()), tensors["output_gradient"])
    tensors.update({name + "_gradient": g for name, g in zip(leaves, gradients)})
    write(case, spelling, tensors)


def convolutions():
    for case, spelling, shape, (kernel, outputs), bias, arguments in [
        ("conv2d_valid", "Conv2D<8, 3>", (7, 5, 3), ((3, 3), 8), True, {}),
        ("conv2d_same", "Conv2D<8, 3, Same>", (7, 5, 3), ((3, 3), 8), True, dict(padding="same")),
        ("conv2d_kernel_3x5", "Conv2D<5, Kernel{3, 5}>", (6, 9, 4), ((3, 5), 5), True, {}),
        ("conv2d_kernel_3x5_same", "Conv2D<5, Kernel{3, 5}, Same>", (6, 9, 4), ((3, 5), 5), True, dict(padding="same")),
        ("conv2d_same_strides_2_odd", "Conv2D<8, 3, Same, Strides{2}>", (7, 5, 3), ((3, 3), 8), True, dict(padding="same", strides=(2, 2))),
        ("conv2d_same_strides_2_even", "Conv2D<8, 3, Same, Strides{2}>", (8, 6, 3), ((3, 3), 8), True, dict(padding="same", strides=(2, 2))),
        ("conv2d_strides_2x1", "Conv2D<7, 3, Strides{2, 1}>", (8, 7, 5), ((3, 3), 7), True, dict(strides=(2, 1))),
        ("conv2d_same_strides_2x1", "Conv2D<7, 3, Same, Strides{2, 1}>", (8, 7, 5), ((3, 3), 7), True, dict(padding="same", strides=(2, 1))),
        ("conv2d_kernel_4x4_same", "Conv2D<6, 4, Same>", (7, 6, 3), ((4, 4), 6), True, dict(padding="same")),
        ("conv2d_kernel_5x5_same_strides_3", "Conv2D<9, 5, Same, Strides{3}>", (10, 11, 2), ((5, 5), 9), True, dict(padding="same", strides=(3, 3))),
        ("conv2d_dilation_2", "Conv2D<6, 3, Dilation{2}>", (9, 7, 3), ((3, 3), 6), True, dict(dilation=(2, 2))),
        ("conv2d_dilation_2_same", "Conv2D<6, 3, Same, Dilation{2}>", (7, 5, 3), ((3, 3), 6), True, dict(padding="same", dilation=(2, 2))),
        ("conv2d_groups_2", "Conv2D<10, 3, Same, Groups{2}>", (7, 5, 6), ((3, 3), 10), True, dict(padding="same", groups=2)),
        ("conv2d_groups_channels", "Conv2D<8, 3, Same, Groups{8}>", (7, 5, 8), ((3, 3), 8), True, dict(padding="same", groups=8)),
        ("conv2d_no_bias", "Conv2D<8, 3, Same, NoBias>", (7, 5, 3), ((3, 3), 8), False, dict(padding="same")),
        ("conv2d_1x1", "Conv2D<11, 1>", (5, 3, 7), ((1, 1), 11), True, {}),
        ("conv2d_1x1_strides_2", "Conv2D<11, 1, Strides{2}>", (5, 4, 7), ((1, 1), 11), True, dict(strides=(2, 2))),
        ("conv2d_16_to_32", "Conv2D<32, 3, Same>", (9, 8, 16), ((3, 3), 32), True, dict(padding="same")),
    ]:
        weights = {"kernel": (*kernel, shape[2] // arguments.get("groups", 1), outputs)}
        layer(case, spelling, shape, conv2d(**arguments), {**weights, "bias": (outputs,)} if bias else weights)
    layer("depthwise_conv2d", "DepthwiseConv2D<3, Same, Strides{2}>", (7, 6, 5),
          depthwise_conv2d("same", (2, 2)), {"kernel": (3, 3, 5, 1), "bias": (5,)})
    layer("depthwise_conv2d_multiplier_2", "DepthwiseConv2D<3, depth multiplier 2>", (7, 5, 4),
          depthwise_conv2d("valid", (1, 1)), {"kernel": (3, 3, 4, 2), "bias": (8,)})
    layer("separable_conv2d", "SeparableConv2D<6, 3, Same>", (7, 5, 4), separable_conv2d("same", (1, 1)),
          {"depthwise_kernel": (3, 3, 4, 1), "pointwise_kernel": (1, 1, 4, 6), "bias": (6,)})
    layer("conv2d_transpose_same", "Conv2DTranspose<6, 3, Same, Strides{2}>", (4, 5, 3),
          conv2d_transpose("same", (2, 2)), {"kernel": (3, 3, 6, 3), "bias": (6,)})
    layer("conv2d_transpose_valid", "Conv2DTranspose<6, 3, Strides{2}>", (4, 5, 3),
          conv2d_transpose("valid", (2, 2)), {"kernel": (3, 3, 6, 3), "bias": (6,)})


def other_layers():
    def scale_and_shift(channels, *more):
        return {name: (channels,) for name in ("gamma", "beta", *more)}

    def statistics(channels):
        return scale_and_shift(channels, "moving_mean", "moving_variance")

    layer("dense", "Dense<7>", (13,), dense, {"kernel": (13, 7), "bias": (7,)}, batch=3)
    layer("dense_no_bias", "Dense<16, NoBias>", (24,), dense, {"kernel": (24, 16)}, batch=3)
    layer("flatten_dense", "Flatten, Dense<7>", (3, 4, 5), dense, {"kernel": (60, 7), "bias": (7,)}, batch=3)
    layer("batch_normalization", "BatchNorm", (5, 4, 6), batch_normalization(), statistics(6), batch=3)
    layer("batch_normalization_flat", "BatchNorm", (11,), batch_normalization(), statistics(11), batch=5)
    layer("batch_normalization_momentum", "BatchNormWith<Momentum{0.9}, Epsilon{1e-5}>", (5, 4, 16),
          batch_normalization(0.9, 1e-5), statistics(16), batch=3)
    layer("layer_normalization", "LayerNormalization (axis -1, epsilon 1e-3)", (3, 4, 6),
          lambda x, p, _: F.layer_norm(x, (6,), p["gamma"], p["beta"], 1e-3), scale_and_shift(6))
    layer("group_normalization", "GroupNormalization (2 groups, epsilon 1e-3)", (3, 4, 6),
          lambda x, p, _: nhwc(F.group_norm(nchw(x), 2, p["gamma"], p["beta"], 1e-3)), scale_and_shift(6))
    for name, pooling in ("max_pooling2d", max_pooling), ("average_pooling2d", average_pooling):
        spelling = "MaxPooling2D" if name[0] == "m" else "AveragePooling2D"
        # below zero, so that a zero wrongly taken from the padding would win
        below = lambda random, shape: random.normal(*shape, mean=-3)
        layer(name, spelling + "<>", (7, 6, 5), pooling((2, 2), (2, 2)), inputs=below)
        layer(name + "_3_strides_2_same_odd", spelling + "<3, Strides{2}, Same>", (7, 5, 3), pooling((3, 3), (2, 2), "same"), inputs=below)
        layer(name + "_3_strides_2_same_even", spelling + "<3, Strides{2}, Same>", (8, 6, 8), pooling((3, 3), (2, 2), "same"), inputs=below)
        layer(name + "_3x2", spelling + "<pool 3x2>", (8, 7, 3), pooling((3, 2), (3, 2)), inputs=below)
    layer("global_average_pooling2d", "GlobalAveragePooling2D", (5, 3, 6), lambda x, p, _: x.mean((1, 2)))
    layer("global_max_pooling2d", "GlobalMaxPooling2D", (5, 3, 6), lambda x, p, _: x.amax((1, 2)))
    layer("zero_padding2d", "ZeroPadding2D ((top 1, bottom 2), (left 0, right 3))", (4, 3, 5),
          lambda x, p, _: F.pad(x, (0, 0, 0, 3, 1, 2)))
    layer("up_sampling2d", "UpSampling2D<2>", (3, 4, 5),
          lambda x, p, _: nhwc(F.interpolate(nchw(x), scale_factor=2, mode="nearest")))
    layer("rescaling", "Rescaling<1 / 127.5, -1>", (4, 3, 5), lambda x, p, _: x * (1 / 127.5) - 1,
          inputs=lambda random, shape: rounded(random.state.randint(0, 256, shape)))


def paddings():
    """PyTorch's own padding, ceil_mode and count_include_pad; what it cannot say, F.pad before it."""
    def unequal(layer, top, bottom, left, right, value=0.0):
        return lambda x, p, after=None: layer(nhwc(F.pad(nchw(x), (left, right, top, bottom), value=value)), p, after)

    def convolution(padding, strides=1, dilation=1, groups=1):
        return lambda x, p, after=None: nhwc(F.conv2d(nchw(x), p["kernel"].permute(3, 2, 0, 1), p["bias"], strides, padding, dilation, groups))

    def transposed(*arguments):  # strides, padding, output_padding
        return lambda x, p, after=None: nhwc(F.conv_transpose2d(nchw(x), p["kernel"].permute(3, 2, 0, 1), p["bias"], *arguments))

    for case, spelling, shape, kernel, forward in [
        ("7x7", "Conv2D<8, 7, Strides{2}, Pad{3}>", (9, 8, 3), (7, 7, 3, 8), convolution(3, 2)),
        ("rows_columns", "Conv2D<6, Kernel{3, 5}, Pad{2, 1}, Dilation{2, 1}>", (7, 6, 3), (3, 5, 3, 6), convolution((2, 1), dilation=(2, 1))),
        ("unequal", "Conv2D<6, 3, Strides{2}, Pad{0, 1, 2, 1}>", (8, 7, 5), (3, 3, 5, 6), unequal(conv2d(strides=(2, 2)), 0, 1, 2, 1)),
        ("groups", "Conv2D<6, 3, Pad{1}, Groups{3}>", (5, 4, 9), (3, 3, 3, 6), convolution(1, groups=3)),
        ("1x1", "Conv2D<11, 1, Pad{1, 0}>", (5, 3, 7), (1, 1, 7, 11), convolution((1, 0))),
        ("beyond_the_kernel", "Conv2D<32, 3, Pad{3, 1, 0, 4}>", (9, 8, 16), (3, 3, 16, 32), unequal(conv2d(), 3, 1, 0, 4)),
    ]:
        layer("pad_conv2d_" + case, spelling, shape, forward, {"kernel": kernel, "bias": kernel[-1:]})
    layer("pad_depthwise_conv2d", "DepthwiseConv2D<3, Strides{2}, Pad{1}>", (8, 7, 5),
          lambda x, p, _: convolution(1, 2, groups=5)(x, {**p, "kernel": p["kernel"].permute(0, 1, 3, 2)}), {"kernel": (3, 3, 5, 1), "bias": (5,)})
    for case, spelling, shape, kernel, forward in [
        ("4x4", "Conv2DTranspose<6, 4, Strides{2}, Pad{1}>", (4, 5, 3), (4, 4, 6, 3), transposed(2, 1)),
        ("output_padding", "Conv2DTranspose<6, 3, Strides{2}, Pad{1}, OutputPadding{1}>", (4, 5, 3), (3, 3, 6, 3), transposed(2, 1, 1)),
        ("unequal", "Conv2DTranspose<13, 3, Pad{0, 1, 2, 3}>", (5, 6, 17), (3, 3, 13, 17),
         lambda x, p, after=None: transposed()(x, p)[:, 0:-1, 2:-3]),
        ("small", "Conv2DTranspose<5, 4, Strides{4}, Pad{1}>", (1, 2, 3), (4, 4, 5, 3), transposed(4, 1)),
    ]:
        layer("pad_conv2d_transpose_" + case, spelling, shape, forward, {"kernel": kernel, "bias": kernel[2:3]})

    rows = lambda x: x.transpose(1, 2)  # (batch, length, channels) and PyTorch's order
    layer("pad_conv1d", "Conv1D<6, 5, Strides{2}, Pad{3, 1}>", (9, 4),
          lambda x, p, _: rows(F.conv1d(F.pad(rows(x), (3, 1)), p["kernel"].permute(2, 1, 0), p["bias"], 2)), {"kernel": (5, 4, 6), "bias": (6,)})
    layer("pad_conv1d_transpose", "Conv1DTranspose<5, 4, Strides{2}, Pad{1, 2}>", (6, 3),
          lambda x, p, _: rows(F.conv_transpose1d(rows(x), p["kernel"].permute(2, 1, 0), p["bias"], 2))[:, 1:-2], {"kernel": (4, 5, 3), "bias": (5,)})
    layer("pad_average_pooling1d", "AveragePooling1D<3, Strides{2}, Pad{1}, CeilMode, CountPadding>", (8, 3),
          lambda x, p, _: rows(F.avg_pool1d(rows(x), 3, 2, 1, ceil_mode=True)))

    below = lambda random, shape: random.normal(*shape, mean=-3)
    for case, spelling, shape, forward in [
        ("max_pooling2d", "MaxPooling2D<3, Strides{2}, Pad{1}>", (7, 6, 5), lambda x: F.max_pool2d(x, 3, 2, 1)),
        ("max_pooling2d_ceil", "MaxPooling2D<Kernel{3, 2}, Strides{2}, Pad{1}, CeilMode>", (8, 5, 3), lambda x: F.max_pool2d(x, (3, 2), 2, 1, ceil_mode=True)),
        ("max_pooling2d_unequal", "MaxPooling2D<3, Strides{2}, Pad{0, 1, 2, 0}>", (6, 7, 8),
         lambda x: F.max_pool2d(F.pad(x, (2, 0, 0, 1), value=-math.inf), 3, 2)),
        ("max_pooling2d_larger", "MaxPooling2D<3, Strides{2}, CeilMode>", (2, 5, 3), lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)),
        ("average_pooling2d", "AveragePooling2D<3, Strides{2}, Pad{1}>", (7, 6, 5), lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
        ("average_pooling2d_ceil", "AveragePooling2D<3, Strides{2}, Pad{1}, CeilMode>", (8, 6, 5),
         lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False)),
        ("average_pooling2d_counted", "AveragePooling2D<3, Strides{1}, Pad{1, 0}, CountPadding>", (4, 5, 3), lambda x: F.avg_pool2d(x, 3, 1, (1, 0))),
        ("average_pooling2d_counted_ceil", "AveragePooling2D<3, Strides{2}, Pad{1}, CeilMode, CountPadding>", (8, 6, 5),
         lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)),
    ]:
        layer("pad_" + case, spelling, shape, lambda x, p, _, f=forward: nhwc(f(nchw(x))), inputs=below)


def activation_inputs(random, shape):
    """Ordinary and huge values, none within 0.05 of a kink of any activation."""
    x = random.normal(*shape, scale=3)
    for kink in -3, 0, 3, 6:
        x = torch.where((x - kink).abs() < 0.05, torch.full_like(x, kink + 0.125), x)
    large = [s * v for v in (10, 20, 50, 88, 100, 1000) for s in (1, -1)]
    x.view(-1)[-len(large):] = torch.tensor(large, dtype=REAL)
    return x


def activations():
    for case, spelling, function in [
        ("sigmoid", "Sigmoid", torch.sigmoid), ("relu", "ReLU", F.relu), ("relu6", "ReLU6", F.relu6),
        ("leaky_relu", "LeakyReLU<0.3>", lambda x: F.leaky_relu(x, 0.3)), ("elu", "ELU<1.0>", F.elu),
        ("elu_0_7", "ELU<0.7>", lambda x: F.elu(x, 0.7)),
        ("selu", "SELU", F.selu), ("gelu", "GELU", F.gelu),
        ("gelu_tanh", "GELU (tanh approximation)", lambda x: F.gelu(x, approximate="tanh")),
        ("silu", "SiLU", F.silu), ("tanh", "Tanh", torch.tanh),
        ("softplus", "Softplus", lambda x: torch.logaddexp(x, torch.zeros_like(x))),
        ("hard_sigmoid", "HardSigmoid", F.hardsigmoid), ("hard_swish", "HardSwish", F.hardswish),
        ("mish", "Mish", F.mish), ("softsign", "Softsign", F.softsign),
    ]:
        layer("activation_" + case, spelling, (3, 5, 7), lambda x, p, _, f=function: f(x), inputs=activation_inputs)
    layer("activation_p_relu", "PReLU (one alpha per element)", (3, 5, 7),
          lambda x, p, _: torch.where(x > 0, x, p["alpha"] * x), {"alpha": (3, 5, 7)}, activation_inputs)

    def rows(random, shape):
        x = random.normal(*shape, scale=10)
        x[0].view(-1)[:5] = torch.tensor([1000, 999, 0, -1000, 998], dtype=REAL)
        return x
    for case, spelling, function in ("softmax", "Softmax", F.softmax), ("log_softmax", "LogSoftmax", F.log_softmax):
        layer("activation_" + case, spelling, (3, 4, 5), lambda x, p, _, f=function: f(x, -1), inputs=rows)
        layer(f"activation_{case}_flat", spelling, (11,), lambda x, p, _, f=function: f(x, -1), inputs=rows, batch=3)

