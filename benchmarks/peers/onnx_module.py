"""Models that Strata writes as ONNX as modules of PyTorch: to infer, and to train where normalisation is not folded."""
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


class OnnxModule(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        self.constants, self.tensors = {}, {}  # of values: numbers and lists; names of parameters and buffers
        for initializer in graph.initializer:
            self.keep(initializer.name, numpy_helper.to_array(initializer))
        self.input, self.result = graph.input[0].name, graph.output[0].name
        self.nodes = [(node.op_type, list(node.input), node.output[0],
                       {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}) for node in graph.node]

    def keep(self, name, array):
        if array.ndim == 0 or array.dtype.kind == "i":
            self.constants[name] = array.tolist()
            return
        self.tensors[name] = own = name.replace("/", "_").replace(".", "_")
        if name.rsplit("/")[-1].startswith("moving_"):
            self.register_buffer(own, torch.tensor(array))
        else:
            self.register_parameter(own, torch.nn.Parameter(torch.tensor(array)))

    def forward(self, x):
        values = {self.input: x, **self.constants, **{name: getattr(self, own) for name, own in self.tensors.items()}}
        for op, inputs, output, attributes in self.nodes:
            values[output] = getattr(self, op)(*(values[name] for name in inputs), **attributes)
        return values[self.result]

    # -- the operators of ONNX, by their names there

    def Conv(self, x, weight, bias=None, *, kernel_shape, strides, group=1, **padding):
        x, even = pad(x, kernel_shape, strides, **padding)
        return F.conv2d(x, weight, bias, strides, even, 1, group)

    def MaxPool(self, x, *, kernel_shape, strides, **padding):
        x, even = pad(x, kernel_shape, strides, **padding, value=-torch.inf)
        return F.max_pool2d(x, kernel_shape, strides, even)

    def AveragePool(self, x, *, kernel_shape, strides, count_include_pad=0, **padding):
        size = x.shape
        x, even = pad(x, kernel_shape, strides, **padding)
        assert x.shape == size, "uneven padding of an average"
        return F.avg_pool2d(x, kernel_shape, strides, even, count_include_pad=bool(count_include_pad))

    def BatchNormalization(self, x, gamma, beta, mean, variance, *, epsilon, momentum=0.9):
        return F.batch_norm(x, mean, variance, gamma, beta, self.training, 1 - momentum, epsilon)

    def GlobalAveragePool(self, x):
        return F.adaptive_avg_pool2d(x, 1)

    def Gemm(self, x, weight, bias=None, *, transB=0):
        return F.linear(x, weight if transB else weight.T, bias)

    def Pad(self, x, pads, *, mode):
        assert mode == b"constant"
        _, _, top, left, _, _, bottom, right = pads
        return F.pad(x, (left, right, top, bottom))

    def Concat(self, *x, axis):
        return torch.cat(x, axis)

    def Flatten(self, x, *, axis=1):
        return x.flatten(axis)

    def Softmax(self, x, *, axis=-1):
        return x.softmax(axis)

    def Clip(self, x, low, high):
        return F.relu6(x) if (low, high) == (0, 6) else x.clamp(low, high)

    def Reshape(self, x, shape):
        return x.reshape([extent or x.shape[i] for i, extent in enumerate(shape)])

    def Add(self, a, b):
        return a + b

    def Sub(self, a, b):
        return a - b

    def Mul(self, a, b):
        return a * b

    def Div(self, a, b):
        return a / b

    def Max(self, x, least):
        return x.clamp(min=least)

    def Sqrt(self, x):
        return x.sqrt()

    def Relu(self, x):
        return x.relu()

    def Sigmoid(self, x):
        return x.sigmoid()

    def Tanh(self, x):
        return x.tanh()

    def Identity(self, x):
        return x

    def Dropout(self, x, ratio=0):
        assert not self.training or ratio == 0
        return x


def pad(x, kernel, strides, pads=(0, 0, 0, 0), auto_pad=b"NOTSET", value=0.0):
    """PyTorch's windows pad evenly: gives the input of the window, and the padding that is left to it."""
    if auto_pad == b"SAME_UPPER":
        needed = [max((-(-size // stride) - 1) * stride + taps - size, 0)
                  for size, taps, stride in zip(x.shape[2:], kernel, strides)]
        pads = [n // 2 for n in needed] + [n - n // 2 for n in needed]
    top, left, bottom, right = pads
    if (top, left) == (bottom, right):
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), 0
