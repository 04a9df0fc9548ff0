"""training.py DIRECTORY THREADS eager|compiled: PyTorch's training step as a peer; commands are those of server.hpp."""
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

from onnx_module import OnnxModule
from peer import TRAINING_RATE, channels_first, read_input, serve


class Training:
    """A run is one step of plain gradient descent; the output, the losses of the first."""

    def __init__(self, directory, name, batch, compiled):
        network = OnnxModule(directory / f"{name}-{batch}.onnx").train().to(memory_format=torch.channels_last)
        images = torch.from_numpy(channels_first(read_input(directory, name, batch)))
        images = images.to(memory_format=torch.channels_last)
        labels = torch.arange(batch) % 10
        ends_in_softmax = network.nodes[-1][0] == "Softmax"

        def loss():
            output = network(images)
            return F.nll_loss(output.log(), labels) if ends_in_softmax else F.cross_entropy(output, labels)

        self.loss = torch.compile(loss) if compiled else loss
        self.optimizer = torch.optim.SGD(network.parameters(), lr=TRAINING_RATE, fused=True)
        self.losses = []

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        if len(self.losses) < 64:
            self.losses.append(loss.item())

    def output(self):
        return np.array(self.losses, "f4")


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[2]))
    directory, compiled = pathlib.Path(sys.argv[1]), sys.argv[3] == "compiled"
    serve(lambda name, batch: Training(directory, name, batch, compiled))
