"""onnx_peers.py DIRECTORY THREADS onnxruntime|openvino: ONNX Runtime or OpenVINO as a peer; the commands are those of
server.hpp. Both read an ONNX model (opset 17, channels first) that is made of the network's description."""
import io
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from peer import read_tensors, serve


def channels_first(shape):
    return [shape[2], shape[0], shape[1]] if len(shape) == 3 else list(shape)


class Graph:
    """The ONNX model of a description, value by value."""

    def __init__(self, directory, name, batch):
        self.layers = json.loads((directory / f"{name}.json").read_text())["layers"]
        self.weights = read_tensors(directory / f"{name}.safetensors")
        self.batch, self.nodes, self.constants = batch, [], []
        self.values = ["input"]
        for layer in self.layers[1:]:
            self.values.append(self.add(layer, [self.values[i] for i in layer["inputs"]]))

    def model(self):
        def tensor(name, layer):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, [self.batch, *channels_first(layer["shape"])])

        graph = helper.make_graph(self.nodes, "network", [tensor("input", self.layers[0])],
                                  [tensor(self.values[-1], self.layers[-1])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model

    def node(self, op, inputs, **attributes):
        output = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def constant(self, array):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def parameter(self, layer, name, change=lambda array: array):
        array = self.weights.get(f"{layer['name']}/{name}")
        return [] if array is None else [self.constant(change(array))]

    def reshape(self, value, shape):
        return self.node("Reshape", [value, self.constant(np.array(shape, "i8"))])

    def add(self, layer, inputs):
        op, shapes = layer["op"], [self.layers[i]["shape"] for i in layer["inputs"]]
        window = {"kernel_shape": layer["kernel"], "strides": layer["strides"], "pads": layer["before"] + layer["after"]}
        if op in ("Conv2D", "DepthwiseConv2D"):
            groups = layer["groups"]

            def turned(kernel):  # (height, width, in, out), or (height, width, channels, multiplier)
                height, width = kernel.shape[:2]
                return kernel.reshape(height, width, shapes[0][2] // groups, -1).transpose(3, 2, 0, 1)

            return self.node("Conv", [*inputs, *self.parameter(layer, "kernel", turned), *self.parameter(layer, "bias")],
                             group=groups, **window)
        if op == "BatchNormalization":
            return self.node("BatchNormalization", [*inputs, *(self.parameter(layer, name)[0] for name in
                             ("gamma", "beta", "moving_mean", "moving_variance"))], epsilon=layer["epsilon"])
        if op == "Dense":
            source = self.layers[layer["inputs"][0]]
            image = self.layers[source["inputs"][0]]["shape"] if source["op"] == "Flatten" else None

            def reordered(kernel):  # of a flat image, from channels last to channels first
                if image is None:
                    return kernel
                return kernel.reshape(*image, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)

            return self.node("Gemm", [*inputs, *self.parameter(layer, "kernel", reordered),
                                      *self.parameter(layer, "bias")])
        if op in ("AveragePooling2D", "MaxPooling2D"):
            return self.node(op.replace("ing2D", ""), inputs, **window)
        if op == "GlobalAveragePooling2D":
            return self.node("Flatten", [self.node("GlobalAveragePool", inputs)])
        if op == "ZeroPadding2D":
            (top, left), (bottom, right) = layer["before"], layer["after"]
            return self.node("Pad", [*inputs, self.constant(np.array([0, 0, top, left, 0, 0, bottom, right], "i8"))])
        if op == "Normalization":
            def each(array):
                return array.reshape(-1, 1, 1)

            centred = self.node("Sub", [*inputs, *self.parameter(layer, "mean", each)])
            return self.node("Div", [centred, *self.parameter(layer, "variance",
                                                              lambda a: np.maximum(np.sqrt(each(a)), np.float32(1e-7)))])
        if op == "Rescaling":
            scaled = self.node("Mul", [*inputs, self.constant(np.array(layer["scale"], "f4"))])
            return self.node("Add", [scaled, self.constant(np.array(layer["offset"], "f4"))])
        if op == "Multiply":
            scales = [self.reshape(value, [self.batch, -1, 1, 1]) if len(shape) < len(layer["shape"]) else value
                      for value, shape in zip(inputs, shapes)]
            return self.node("Mul", scales)
        if op == "Reshape":
            return self.reshape(*inputs, [self.batch, *channels_first(layer["shape"])])
        if op == "ReLU6":
            return self.node("Clip", [*inputs, self.constant(np.array(0, "f4")), self.constant(np.array(6, "f4"))])
        if op == "SiLU":
            return self.node("Mul", [*inputs, self.node("Sigmoid", inputs)])
        if op == "Concatenate":
            return self.node("Concat", inputs, axis=1)
        return self.node({"ReLU": "Relu", "Dropout": "Identity"}.get(op, op), inputs)


class Inference:
    def __init__(self, directory, threads, name, batch):
        graph = Graph(directory, name, batch)
        shape = [batch, *graph.layers[0]["shape"]]
        images = np.fromfile(directory / f"{name}.input", "f4", int(np.prod(shape))).reshape(shape)
        self.input = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        self.open(graph.model().SerializeToString(), threads, graph.values[-1])

    def output(self):
        result = self.result()
        return np.ascontiguousarray(result.transpose(0, 2, 3, 1) if result.ndim == 4 else result)


class OnnxRuntime(Inference):
    def open(self, model, threads, output):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        self.binding.bind_cpu_input("input", self.input)
        self.binding.bind_output(output)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return self.binding.copy_outputs_to_cpu()[0]


class OpenVino(Inference):
    def open(self, model, threads, _):
        import openvino
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(io.BytesIO(model)), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
        self.request = compiled.create_infer_request()
        self.request.set_input_tensor(openvino.Tensor(self.input, shared_memory=True))

    def run(self):
        self.request.infer()

    def result(self):
        return self.request.get_output_tensor().data


if __name__ == "__main__":
    directory, threads, runtime = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    peer = {"onnxruntime": OnnxRuntime, "openvino": OpenVino}[runtime]
    serve(lambda name, batch: peer(directory, threads, name, batch))
