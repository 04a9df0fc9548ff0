"""torchvision_states.py NETWORK DIR: the state dict of a network of torchvision with random weights and lively statistics
as its safetensors package writes it (in the order of names), and what the network computes, in float64. Images are
(batch, height, width, channels)."""
import pathlib
import sys

import torch
import torchvision

import fixture_file

name, here = sys.argv[1], pathlib.Path(sys.argv[2])
torch.manual_seed(1)
module = getattr(torchvision.models, name)(weights=None).double()
with torch.no_grad():
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(0, 0.3)
            norm.momentum = 1.0
    module(torch.randn(4, 3, 224, 224, dtype=torch.float64))  # the statistics are of this batch
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.float())
    x = torch.randn(2, 3, 224, 224).double()
    y = module.eval()(x)
assert (y[0] - y[1]).abs().max() > 0.01 * y.abs().max(), "outputs so alike that agreement would prove nothing"
state = {key: tensor.numpy() for key, tensor in sorted(module.state_dict().items())}
fixture_file.write(here / "state.safetensors", name, state)
fixture_file.write(here / "answer.safetensors", name, {"x": x.permute(0, 2, 3, 1).numpy(), "y": y.numpy()})
