"""pytorch.py DIRECTORY THREADS eager|optimised: PyTorch as a peer; the commands are those of server.hpp."""
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

from peer import read_tensors, serve

TRAINING_RATE = 1e-4  # as in description.hpp


class Network(torch.nn.Module):
    """Built from its description; takes and gives channels first, as PyTorch likes it."""

    def __init__(self, directory, name):
        super().__init__()
        self.layers = json.loads((directory / f"{name}.json").read_text())["layers"]
        weights = read_tensors(directory / f"{name}.safetensors")
        self.modules_of = torch.nn.ModuleList(self.build(layer, weights) for layer in self.layers)

    def build(self, layer, weights):
        def get(parameter):
            array = weights.get(f"{layer['name']}/{parameter}")
            return None if array is None else torch.tensor(array)

        op, inputs = layer["op"], [self.layers[i]["shape"] for i in layer["inputs"]]
        if op == "Conv2D":
            assert layer["before"] == layer["after"] or max(layer["strides"]) > 1, "uneven padding"
            conv = torch.nn.Conv2d(inputs[0][2], layer["shape"][2], layer["kernel"], layer["strides"],
                                   groups=layer["groups"], bias=get("bias") is not None,
                                   padding=layer["before"] if layer["before"] == layer["after"] else 0)
            conv.weight.data = get("kernel").permute(3, 2, 0, 1).contiguous()
            if get("bias") is not None:
                conv.bias.data = get("bias")
            if layer["before"] == layer["after"]:
                return conv
            (top, left), (bottom, right) = layer["before"], layer["after"]  # Keras' uneven padding
            return torch.nn.Sequential(torch.nn.ZeroPad2d((left, right, top, bottom)), conv)
        if op == "BatchNormalization":
            norm = torch.nn.BatchNorm2d(layer["shape"][2], eps=layer["epsilon"], momentum=0.01)
            norm.weight.data, norm.bias.data = get("gamma"), get("beta")
            norm.running_mean.data, norm.running_var.data = get("moving_mean"), get("moving_variance")
            return norm
        if op == "Dense":
            kernel = get("kernel").T
            source = self.layers[layer["inputs"][0]]
            if source["op"] == "Flatten":  # from channels last to channels first
                height, width, channels = self.layers[source["inputs"][0]]["shape"]
                kernel = kernel.reshape(-1, height, width, channels).permute(0, 3, 1, 2).flatten(1)
            dense = torch.nn.Linear(kernel.shape[1], kernel.shape[0])
            dense.weight.data, dense.bias.data = kernel.contiguous(), get("bias")
            return dense
        if op in ("AveragePooling2D", "MaxPooling2D"):
            pool = torch.nn.AvgPool2d if op == "AveragePooling2D" else torch.nn.MaxPool2d
            assert max(layer["before"] + layer["after"]) == 0, "padded pooling"
            return pool(layer["kernel"], layer["strides"])
        if op == "GlobalAveragePooling2D":
            return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
        return {"Sigmoid": torch.nn.Sigmoid, "Tanh": torch.nn.Tanh, "ReLU": torch.nn.ReLU,
                "Flatten": torch.nn.Flatten, "InputLayer": torch.nn.Identity, "Add": torch.nn.Identity}[op]()

    def forward(self, x):
        values = []
        for layer, module in zip(self.layers, self.modules_of):
            inputs = [values[i] for i in layer["inputs"]] or [x]
            values.append(module(inputs[0] if len(inputs) == 1 else inputs[0] + inputs[1]))
        return values[-1]


def read_input(directory, name, shape, batch):
    array = np.fromfile(directory / f"{name}.input", "f4", batch * int(np.prod(shape)))
    return torch.tensor(array.reshape(batch, *shape)).permute(0, 3, 1, 2).contiguous()


class Inference:
    def __init__(self, directory, name, batch, variant):
        network = Network(directory, name).eval()
        self.input = read_input(directory, name, network.layers[0]["shape"], batch)
        if variant == "optimised":
            with torch.no_grad():
                traced = torch.jit.trace(network, self.input)
                network = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
        self.network = network

    def run(self):
        with torch.inference_mode():
            self.result = self.network(self.input)

    def output(self):
        result = self.result
        return (result.permute(0, 2, 3, 1) if result.dim() == 4 else result).contiguous().numpy()


class Training:
    def __init__(self, directory, name, batch):
        self.network = Network(directory, name).train()
        self.input = read_input(directory, name, self.network.layers[0]["shape"], batch)
        self.labels = torch.arange(batch) % 10
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=TRAINING_RATE)
        self.losses = []

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.network(self.input), self.labels)
        loss.backward()
        self.optimizer.step()
        if len(self.losses) < 64:
            self.losses.append(loss.item())

    def output(self):
        return np.array(self.losses, "f4")


def main(directory, threads, variant):
    torch.set_num_threads(int(threads))
    directory = pathlib.Path(directory)
    serve(lambda name, batch: Training(directory, name, batch) if name == "training"
          else Inference(directory, name, batch, variant))


main(*sys.argv[1:])
