"""pytorch_weights.py DIR: state dicts of small PyTorch modules, as its safetensors package writes them (in the order of
names), and what the modules compute. Images are (batch, height, width, channels) in the files."""
import pathlib
import sys

import numpy as np
import torch
from torch import nn

import fixture_file

here = pathlib.Path(sys.argv[1])
here.mkdir(parents=True, exist_ok=True)


class Block(nn.Module):
    """Registered in another order than it runs, as torchvision's are."""

    def __init__(self):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.downsample = nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4))

    def forward(self, x):
        return self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))) + self.downsample(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(4), nn.Conv2d(2, 4, 3)
        self.layer1 = nn.Sequential(Block(), Block())
        self.up = nn.ConvTranspose2d(4, 2, 2, stride=2)
        self.mix = nn.Conv2d(2, 6, 3, groups=2)
        self.classifier = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(6 * 6 * 6), nn.Linear(6 * 6 * 6, 5), nn.ReLU(),
                                        nn.Linear(5, 3))

    def forward(self, x):
        return self.classifier(self.mix(self.up(self.layer1(self.bn1(self.conv1(x))))))


class Generator(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(3, 4 * 3 * 2), nn.BatchNorm1d(4 * 3 * 2), nn.Unflatten(1, (4, 3, 2)),
                         nn.Conv2d(4, 2, 2))


def channels_last(array):
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


for name, module, shape in ("net", Net(), (2, 6, 6)), ("generator", Generator(), (3,)):
    random = np.random.default_rng(4)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.from_numpy(random.uniform(0.2, 0.8, tensor.shape)))
            else:
                tensor.fill_(3)
        module.eval()
        x = random.uniform(-1, 1, (2, *shape)).astype("f4")
        y = module(torch.from_numpy(x)).numpy()
    state = {key: value.numpy() for key, value in module.state_dict().items()}
    fixture_file.write(here / f"{name}.safetensors", name, dict(sorted(state.items())))
    fixture_file.write(here / f"{name}_answer.safetensors", name, {"x": channels_last(x), "y": channels_last(y)})
