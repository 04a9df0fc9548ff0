#!/usr/bin/env python3
"""Computes a network of the zoo in PyTorch, in float64, and compares with what Strata's engine wrote.

    python3 tests/oracle/zoo_pytorch.py ResNet50 weights.safetensors input.raw output.raw

The files come from examples/zoo/run.cpp. The architectures are written down here from the papers and from Keras'
applications; weights are taken in order, by the names that Keras gives: conv2d, conv2d_1, …. Prints the largest error;
exits 1 when it exceeds 1e-4 (of the probabilities, and of their logarithms relative to their spread), when a
weight is left over, or when the outputs are so alike that agreement would prove nothing.
"""
import json
import math
import struct
import sys
from collections import defaultdict

import torch
import torch.nn.functional as F

REAL = torch.float64


def floats(data, shape):
    assert len(data) == 4 * math.prod(shape), "wrong number of bytes"
    return torch.frombuffer(bytearray(data), dtype=torch.float32).reshape(shape).to(REAL)


def read_safetensors(path):
    blob = open(path, "rb").read()
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + length])
    data = memoryview(blob)[8 + length :]
    header.pop("__metadata__", None)
    assert all(tensor["dtype"] == "F32" for tensor in header.values())
    return {name: floats(data[slice(*tensor["data_offsets"])], tensor["shape"]) for name, tensor in header.items()}


def same(size, window, stride):
    """Keras' SAME: (before, after)."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def both(size):
    return size if isinstance(size, tuple) else (size, size)


def pad_same(x, window, stride, value=0.0):
    height, width = x.shape[2:]
    rows, columns = both(window)
    return F.pad(x, (*same(width, columns, stride), *same(height, rows, stride)), value=value)


class Weights:
    """Hands out the layers of each class in order, in a graph those of one node."""

    def __init__(self, tensors):
        self.left = dict(tensors)
        self.used = defaultdict(int)
        self.node = ""

    def layer(self, kind):
        kind = f"{self.node}_{kind}" if self.node else kind
        number = self.used[kind]
        self.used[kind] += 1
        prefix = (f"{kind}_{number}" if number else kind) + "/"
        found = {name[len(prefix):]: self.left[name] for name in self.left if name.startswith(prefix)}
        assert found, f"the file has no {prefix}"
        for name in found:
            del self.left[prefix + name]
        return found

    def conv(self, x, filters, size, stride=1, padding="valid", bias=True):
        layer = self.layer("conv2d")
        kernel = layer.pop("kernel")
        assert kernel.shape == (*both(size), x.shape[1], filters), (kernel.shape, x.shape, filters, size)
        assert set(layer) == ({"bias"} if bias else set()), layer.keys()
        if padding == "same":
            x = pad_same(x, size, stride)
        return F.conv2d(x, kernel.permute(3, 2, 0, 1), layer.get("bias"), stride)

    def depthwise(self, x, size, stride=1, padding="valid"):
        (kernel,) = self.layer("depthwise_conv2d").values()
        channels = x.shape[1]
        assert kernel.shape == (size, size, channels, 1), (kernel.shape, x.shape)
        if padding == "same":
            x = pad_same(x, size, stride)
        return F.conv2d(x, kernel.permute(2, 3, 0, 1), None, stride, groups=channels)

    def separable(self, x, filters, size, stride=1):
        """Padded as "same" pads; no bias."""
        layer = self.layer("separable_conv2d")
        channels = x.shape[1]
        assert layer["depthwise_kernel"].shape == (size, size, channels, 1), (layer.keys(), x.shape, size)
        assert layer["pointwise_kernel"].shape == (1, 1, channels, filters) and len(layer) == 2, (layer.keys(), filters)
        x = F.conv2d(pad_same(x, size, stride), layer["depthwise_kernel"].permute(2, 3, 0, 1), None, stride,
                     groups=channels)
        return F.conv2d(x, layer["pointwise_kernel"].permute(3, 2, 0, 1))

    def norm(self, x, epsilon):
        layer = self.layer("batch_normalization")
        by_channel = {name: values.reshape(1, -1, 1, 1) for name, values in layer.items()}
        y = (x - by_channel["moving_mean"]) / torch.sqrt(by_channel["moving_variance"] + epsilon)
        return y * by_channel.get("gamma", 1.0) + by_channel["beta"]  # InceptionV3 has no gamma in Keras

    def dense(self, x, units):
        layer = self.layer("dense")
        assert layer["kernel"].shape == (x.shape[1], units)
        return x @ layer["kernel"] + layer["bias"]


def max_pool(x, size, stride, padding="valid"):
    return F.max_pool2d(pad_same(x, size, stride, -math.inf) if padding == "same" else x, size, stride)


def average_pool_same(x, size):
    """Stride 1; the padding is not counted."""
    return F.avg_pool2d(x, size, 1, size // 2, count_include_pad=False)


def average(x):
    return x.mean((2, 3))


def flat(x):
    """In Keras' order: height, width, channels."""
    return x.permute(0, 2, 3, 1).flatten(1)


# ---- arXiv 1512.03385; keras.applications.ResNet50: biases, the stride in the first 1x1 convolution of a stage

def resnet50(w, x):
    epsilon = 1.001e-5

    def block(x, filters, stride, project):
        y = F.relu(w.norm(w.conv(x, filters, 1, stride), epsilon))
        y = F.relu(w.norm(w.conv(y, filters, 3, 1, "same"), epsilon))
        y = w.norm(w.conv(y, 4 * filters, 1), epsilon)
        shortcut = w.norm(w.conv(x, 4 * filters, 1, stride), epsilon) if project else x
        return F.relu(y + shortcut)

    x = F.relu(w.norm(w.conv(F.pad(x, (3, 3, 3, 3)), 64, 7, 2), epsilon))
    x = max_pool(F.pad(x, (1, 1, 1, 1)), 3, 2)
    for filters, blocks, stride in (64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2):
        for number in range(blocks):
            x = block(x, filters, stride if number == 0 else 1, number == 0)
    return w.dense(average(x), 1000)


# ---- arXiv 1801.04381, Table 2; keras.applications.MobileNetV2: pads below and to the right where it strides

def mobilenet_v2(w, x):
    epsilon = 1e-3

    def pointwise(x, filters):
        return w.norm(w.conv(x, filters, 1, bias=False), epsilon)

    x = F.relu6(w.norm(w.conv(x, 32, 3, 2, "same", bias=False), epsilon))
    for expansion, filters, repeats, first_stride in [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)
    ]:
        for number in range(repeats):
            stride = first_stride if number == 0 else 1
            channels = x.shape[1]
            y = F.relu6(pointwise(x, expansion * channels)) if expansion > 1 else x
            y = w.depthwise(F.pad(y, (0, 1, 0, 1)), 3, 2) if stride == 2 else w.depthwise(y, 3, 1, "same")
            y = pointwise(F.relu6(w.norm(y, epsilon)), filters)
            x = x + y if stride == 1 and channels == filters else y
    return w.dense(average(F.relu6(pointwise(x, 1280))), 1000)


# ---- arXiv 1608.06993, Table 1; keras.applications.DenseNet121

def densenet121(w, x):
    epsilon = 1.001e-5

    def activated(x):
        return F.relu(w.norm(x, epsilon))

    x = F.relu(w.norm(w.conv(F.pad(x, (3, 3, 3, 3)), 64, 7, 2, bias=False), epsilon))
    x = max_pool(F.pad(x, (1, 1, 1, 1)), 3, 2)
    for layers in 6, 12, 24, 16:
        for _ in range(layers):
            y = w.conv(activated(x), 128, 1, bias=False)
            x = torch.cat([x, w.conv(activated(y), 32, 3, 1, "same", bias=False)], 1)
        if layers != 16:
            x = F.avg_pool2d(w.conv(activated(x), x.shape[1] // 2, 1, bias=False), 2)
    return w.dense(average(activated(x)), 1000)


# ---- arXiv 1502.03167, Figure 5 (4c and 4d: a pool projection of 96)

def bn_inception(w, x):
    def conv(x, filters, size, stride=1):
        return F.relu(w.norm(w.conv(x, filters, size, stride, "same", bias=False), 1e-3))

    def inception(x, one, reduce3, three, reduce_double, double, pool, projected, stride=1):
        out = [conv(x, one, 1)] if one else []
        out.append(conv(conv(x, reduce3, 1), three, 3, stride))
        out.append(conv(conv(conv(x, reduce_double, 1), double, 3), double, 3, stride))
        pooled = max_pool(x, 3, stride, "same") if pool == "max" else average_pool_same(x, 3)
        out.append(conv(pooled, projected, 1) if projected else pooled)
        return torch.cat(out, 1)

    x = max_pool(conv(x, 64, 7, 2), 3, 2, "same")
    x = max_pool(conv(conv(x, 64, 1), 192, 3), 3, 2, "same")
    for row in [
        (64, 64, 64, 64, 96, "avg", 32),        # 3a, 28 x 28
        (64, 64, 96, 64, 96, "avg", 64),        # 3b
        (0, 128, 160, 64, 96, "max", 0, 2),     # 3c
        (224, 64, 96, 96, 128, "avg", 128),     # 4a, 14 x 14
        (192, 96, 128, 96, 128, "avg", 128),    # 4b
        (160, 128, 160, 128, 160, "avg", 96),   # 4c
        (96, 128, 192, 160, 192, "avg", 96),    # 4d
        (0, 128, 192, 192, 256, "max", 0, 2),   # 4e
        (352, 192, 320, 160, 224, "avg", 128),  # 5a, 7 x 7
        (352, 192, 320, 192, 224, "max", 128),  # 5b
    ]:
        x = inception(x, *row)
    return w.dense(average(x), 1000)


# ---- arXiv 1704.04861, Table 1; keras.applications.MobileNet: the classifier is a 1x1 convolution with a bias

def mobilenet(w, x):
    def activated(x):
        return F.relu6(w.norm(x, 1e-3))

    x = activated(w.conv(x, 32, 3, 2, "same", bias=False))
    for filters, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
                            (512, 1), (512, 1), (1024, 2), (1024, 1)]:
        x = w.depthwise(F.pad(x, (0, 1, 0, 1)), 3, 2) if stride == 2 else w.depthwise(x, 3, 1, "same")
        x = activated(w.conv(activated(x), filters, 1, bias=False))
    return w.conv(x.mean((2, 3), keepdim=True), 1000, 1).flatten(1)


# ---- arXiv 1603.05027; keras.applications.ResNet50V2: the last block of a stage strides, its shortcut a max pooling

def resnet50_v2(w, x):
    def activated(x):
        return F.relu(w.norm(x, 1.001e-5))

    x = w.conv(F.pad(x, (3, 3, 3, 3)), 64, 7, 2)
    x = max_pool(F.pad(x, (1, 1, 1, 1)), 3, 2)
    for filters, blocks, last_stride in (64, 3, 2), (128, 4, 2), (256, 6, 2), (512, 3, 1):
        for number in range(blocks):
            stride = last_stride if number == blocks - 1 else 1
            before = activated(x)
            y = activated(w.conv(before, filters, 1, bias=False))
            y = activated(w.conv(F.pad(y, (1, 1, 1, 1)), filters, 3, stride, bias=False))
            y = w.conv(y, 4 * filters, 1)
            if number == 0:
                x = y + w.conv(before, 4 * filters, 1)
            else:
                x = y + (max_pool(x, 1, stride) if stride > 1 else x)
    return w.dense(average(activated(x)), 1000)


# ---- arXiv 1512.00567; keras.applications.InceptionV3: normalisation without gamma, epsilon 1e-3

def inception_v3(w, x):
    row, column = (1, 7), (7, 1)

    def conv(x, filters, size, stride=1, padding="same"):
        return F.relu(w.norm(w.conv(x, filters, size, stride, padding, bias=False), 1e-3))

    def tower(x, *convolutions):
        for filters, size in convolutions:
            x = conv(x, filters, size)
        return x

    def pooled(x, filters):
        return conv(average_pool_same(x, 3), filters, 1)

    def split(x):
        return torch.cat([conv(x, 384, (1, 3)), conv(x, 384, (3, 1))], 1)

    x = conv(conv(x, 32, 3, 2, "valid"), 32, 3, 1, "valid")
    x = max_pool(conv(x, 64, 3), 3, 2)
    x = max_pool(conv(conv(x, 80, 1, 1, "valid"), 192, 3, 1, "valid"), 3, 2)
    for filters in 32, 64, 64:
        x = torch.cat([conv(x, 64, 1), tower(x, (48, 1), (64, 5)), tower(x, (64, 1), (96, 3), (96, 3)),
                       pooled(x, filters)], 1)
    x = torch.cat([conv(x, 384, 3, 2, "valid"), conv(tower(x, (64, 1), (96, 3)), 96, 3, 2, "valid"),
                   max_pool(x, 3, 2)], 1)
    for f in 128, 160, 160, 192:
        x = torch.cat([conv(x, 192, 1), tower(x, (f, 1), (f, row), (192, column)),
                       tower(x, (f, 1), (f, column), (f, row), (f, column), (192, row)), pooled(x, 192)], 1)
    x = torch.cat([conv(conv(x, 192, 1), 320, 3, 2, "valid"),
                   conv(tower(x, (192, 1), (192, row), (192, column)), 192, 3, 2, "valid"), max_pool(x, 3, 2)], 1)
    for _ in range(2):
        x = torch.cat([conv(x, 320, 1), split(conv(x, 384, 1)), split(tower(x, (448, 1), (384, 3))),
                       pooled(x, 192)], 1)
    return w.dense(average(x), 1000)


# ---- arXiv 1610.02357, Figure 5; keras.applications.Xception

def xception(w, x):
    def conv(x, filters, size, stride=1):
        return w.norm(w.conv(x, filters, size, stride, bias=False), 1e-3)

    def separable(x, *all_filters):
        for filters in all_filters:
            x = w.norm(w.separable(F.relu(x), filters, 3), 1e-3)
        return x

    def entry(x, first, filters):
        """The first of them begins without an activation."""
        y = w.norm(w.separable(x if first else F.relu(x), filters, 3), 1e-3)
        return halved(x, separable(y, filters), filters)

    def halved(x, y, filters):
        return max_pool(y, 3, 2, "same") + conv(x, filters, 1, 2)

    x = F.relu(conv(F.relu(conv(x, 32, 3, 2)), 64, 3))
    for filters in 128, 256, 728:
        x = entry(x, filters == 128, filters)
    for _ in range(8):
        x = x + separable(x, 728, 728, 728)
    x = halved(x, separable(x, 728, 1024), 1024)
    x = F.relu(w.norm(w.separable(x, 1536, 3), 1e-3))
    x = F.relu(w.norm(w.separable(x, 2048, 3), 1e-3))
    return w.dense(average(x), 1000)


# ---- arXiv 1905.11946, Table 1; keras.applications.EfficientNetB0: pads by hand where it strides

def efficientnet_b0(w, x):
    def norm(x):
        return w.norm(x, 1e-3)

    def padded(x, size):
        """Keras' correct_pad."""
        (top, bottom), (left, right) = ((size // 2 - (1 - extent % 2), size // 2) for extent in x.shape[2:])
        return F.pad(x, (left, right, top, bottom))

    def block(x, expansion, filters, size, stride):
        channels = x.shape[1]
        y = F.silu(norm(w.conv(x, expansion * channels, 1, bias=False))) if expansion > 1 else x
        y = w.depthwise(padded(y, size), size, 2) if stride == 2 else w.depthwise(y, size, 1, "same")
        y = F.silu(norm(y))
        squeezed = F.silu(w.conv(y.mean((2, 3), keepdim=True), channels // 4, 1))
        y = y * torch.sigmoid(w.conv(squeezed, expansion * channels, 1))
        y = norm(w.conv(y, filters, 1, bias=False))
        return x + y if stride == 1 and channels == filters else y

    statistics = w.layer("normalization")
    assert set(statistics) == {"mean", "variance", "count"}
    mean, variance = (statistics[name].reshape(1, -1, 1, 1) for name in ("mean", "variance"))
    x = (x / 255 - mean) / torch.sqrt(variance)
    x = F.silu(norm(w.conv(padded(x, 3), 32, 3, 2, bias=False)))
    for expansion, filters, size, repeats, first_stride in [
        (1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 3, 2), (6, 112, 5, 3, 1), (6, 192, 5, 4, 2),
        (6, 320, 3, 1, 1)
    ]:
        for number in range(repeats):
            x = block(x, expansion, filters, size, first_stride if number == 0 else 1)
    return w.dense(average(F.silu(norm(w.conv(x, 1280, 1, bias=False)))), 1000)


# ---- arXiv 1707.07012, Figure 4; keras.applications.NASNetMobile

def nasnet_mobile(w, x):
    def at(node):
        w.node = node

    def norm(x):
        return w.norm(x, 1e-3)

    def separable(x, filters, size, stride=1):
        for step in stride, 1:
            x = norm(w.separable(F.relu(x), filters, size, step))
        return x

    def squeeze(x, filters):
        return norm(w.conv(F.relu(x), filters, 1, bias=False))

    def fit(p, x, filters):
        """Keras' _adjust_block."""
        if p is None:
            return x
        if p.shape[2] != x.shape[2]:
            p = F.relu(p)
            # Keras' AveragePooling2D of one cell with strides of two
            left, right = p[:, :, ::2, ::2], F.pad(p, (0, 1, 0, 1))[:, :, 1:, 1:][:, :, ::2, ::2]
            halves = [w.conv(half, filters // 2, 1, bias=False) for half in (left, right)]
            return norm(torch.cat(halves, 1))
        return squeeze(p, filters) if p.shape[1] != filters else p

    def average3(x):
        return average_pool_same(x, 3)

    def begin(name, x, p, filters):
        at(f"{name}_p")
        fitted = fit(p, x, filters)
        at(f"{name}_h")
        return squeeze(x, filters), fitted

    def normal(name, x, p, filters):
        h, p = begin(name, x, p, filters)
        at(f"{name}_1h")
        x1 = separable(h, filters, 5)
        at(f"{name}_1p")
        x1 = x1 + separable(p, filters, 3)
        at(f"{name}_2")
        x2 = separable(p, filters, 5)
        x2 = x2 + separable(p, filters, 3)
        x3 = average3(h) + p
        x4 = average3(p) + average3(p)
        at(f"{name}_5")
        x5 = separable(h, filters, 3) + h
        return torch.cat([p, x1, x2, x3, x4, x5], 1)

    def reduction(name, x, p, filters):
        h, p = begin(name, x, p, filters)
        before = h.shape[2] % 2
        padded = F.pad(h, (before, 1, before, 1))
        at(f"{name}_1h")
        x1 = separable(h, filters, 5, 2)
        at(f"{name}_1p")
        x1 = x1 + separable(p, filters, 7, 2)
        at(f"{name}_2p")
        x2 = max_pool(padded, 3, 2) + separable(p, filters, 7, 2)
        at(f"{name}_3p")
        x3 = F.avg_pool2d(padded, 3, 2) + separable(p, filters, 5, 2)
        x4 = x2 + average3(x1)
        at(f"{name}_5a")
        x5 = separable(x1, filters, 3) + max_pool(padded, 3, 2)
        return torch.cat([x2, x3, x4, x5], 1)

    filters, normals = 44, 0
    at("stem")
    x, p = norm(w.conv(x, 32, 3, 2, bias=False)), None
    x, p = reduction("reduction1", x, p, filters // 4), x
    x, p = reduction("reduction2", x, p, filters // 2), x
    for stage in range(3):
        if stage > 0:
            filters *= 2
            x, p = reduction(f"reduction{2 + stage}", x, p, filters), x
        for _ in range(4):
            normals += 1
            x, p = normal(f"normal{normals}", x, p, filters), x
    at("head")
    return w.dense(average(F.relu(x)), 1000)


# ---- arXiv 1409.1556, Table 1, D and E

def vgg(stages):
    def network(w, x):
        for filters, convolutions in stages:
            for _ in range(convolutions):
                x = F.relu(w.conv(x, filters, 3, 1, "same"))
            x = max_pool(x, 2, 2)
        x = flat(x)
        for _ in range(2):
            x = F.relu(w.dense(x, 4096))
        return w.dense(x, 1000)

    return network


# ---- LeCun et al. 1998, "Gradient-based learning applied to document recognition", Figure 2, all maps connected

def lenet5(w, x):
    for filters in 6, 16:
        x = F.avg_pool2d(torch.tanh(w.conv(x, filters, 5)), 2)
    x = flat(torch.tanh(w.conv(x, 120, 5)))
    return w.dense(torch.tanh(w.dense(x, 84)), 10)


# ---- arXiv 1512.03385, section 4.2; Keras' example cifar10_resnet, version 1

def resnet_cifar(blocks):
    def network(w, x):
        epsilon = 1e-3
        x = F.relu(w.norm(w.conv(x, 16, 3, 1, "same"), epsilon))
        for stage, filters in enumerate((16, 32, 64)):
            for number in range(blocks):
                stride = 2 if stage > 0 and number == 0 else 1
                y = F.relu(w.norm(w.conv(x, filters, 3, stride, "same"), epsilon))
                y = w.norm(w.conv(y, filters, 3, 1, "same"), epsilon)
                x = F.relu(y + (w.conv(x, filters, 1, stride, "same") if stride == 2 else x))
        return w.dense(flat(F.avg_pool2d(x, 8)), 10)

    return network


# ---- arXiv 1505.04597, Figure 1: upsampling, then a convolution of 2x2

def unet(w, x):
    def twice(x, filters):
        for _ in range(2):
            x = F.relu(w.conv(x, filters, 3))
        return x

    def level(x, filters):
        x = twice(x, filters)
        if filters == 1024:
            return x
        y = level(max_pool(x, 2, 2), 2 * filters)
        y = F.relu(w.conv(y.repeat_interleave(2, 2).repeat_interleave(2, 3), filters, 2, 1, "same"))
        cut = (x.shape[2] - y.shape[2]) // 2
        return twice(torch.cat([x[:, :, cut:-cut, cut:-cut], y], 1), filters)

    return w.conv(level(x, 64), 2, 1).permute(0, 2, 3, 1).reshape(-1, 2)


NETWORKS = {
    "BNInception": bn_inception,
    "DenseNet121": densenet121,
    "EfficientNetB0": efficientnet_b0,
    "InceptionV3": inception_v3,
    "LeNet5": lenet5,
    "MobileNet": mobilenet,
    "MobileNetV2": mobilenet_v2,
    "NASNetMobile": nasnet_mobile,
    "ResNet20": resnet_cifar(3),
    "ResNet50": resnet50,
    "ResNet50V2": resnet50_v2,
    "ResNet56": resnet_cifar(9),
    "UNet": unet,
    "VGG16": vgg([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]),
    "VGG19": vgg([(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)]),
    "Xception": xception,
}
INPUTS = {"InceptionV3": (299, 299, 3), "Xception": (299, 299, 3), "LeNet5": (32, 32, 1), "ResNet20": (32, 32, 3),
          "ResNet56": (32, 32, 3), "UNet": (572, 572, 1)}


def main():
    name, weights_file, input_file, output_file = sys.argv[1:]
    weights = Weights(read_safetensors(weights_file))
    x = floats(open(input_file, "rb").read(), (2, *INPUTS.get(name, (224, 224, 3)))).permute(0, 3, 1, 2)
    with torch.no_grad():
        logits = NETWORKS[name](weights, x)  # (images, classes), or (pixels of both images, classes)
    received = floats(open(output_file, "rb").read(), logits.shape)
    assert not weights.left, f"not used: {sorted(weights.left)}"

    logarithms, expected = F.log_softmax(logits, -1), torch.softmax(logits, -1)
    images = logarithms.reshape(2, -1)
    spread = float((images.max(-1).values - images.min(-1).values).min())
    between = float((images[0] - images[1]).abs().max())
    error = float((received - expected).abs().max())
    log_error = float((received.log() - logarithms).abs().max())
    print(f"{name}: largest error of a probability {error:.2e}, relative to the largest "
          f"({float(expected.max()):.3f}) {error / float(expected.max()):.2e}; of a log-probability {log_error:.2e}, "
          f"relative to their spread ({spread:.2f}) {log_error / spread:.2e}; "
          f"the two images differ by {between:.2f} in a logit")
    failures = []
    if not error <= 1e-4:
        failures.append("the error exceeds 1e-4")
    if not log_error <= 1e-4 * spread:
        failures.append("the error of the log-probabilities exceeds 1e-4 of their spread")
    if not (spread > 1 and between > 0.1):
        failures.append("the outputs are too alike to prove anything")
    for failure in failures:
        print(f"{name}: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
