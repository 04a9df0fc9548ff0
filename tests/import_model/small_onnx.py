"""small_onnx.py: writes small_legacy.onnx, small_dynamo.onnx and small_onnx_output.txt beside it (torch, onnx and
onnxruntime from PyPI): one network as PyTorch's two exporters write it, and what ONNX Runtime makes of pixels of 0.5."""
import warnings
from pathlib import Path

import onnx
import onnxruntime
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, strides):
        super().__init__()
        self.conv1 = nn.Conv2d(8, 8, 3, stride=strides, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.downsample = nn.Conv2d(8, 8, 1, stride=strides) if strides > 1 else nn.Identity()

    def forward(self, x):
        return torch.relu(self.conv2(nn.functional.gelu(self.bn1(self.conv1(x)))) + self.downsample(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(Block(1), Block(2), Block(1))
        self.gate = nn.Conv2d(8, 8, 1)
        self.norm = nn.LayerNorm(8)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        x = self.layer1(self.pool(nn.functional.hardswish(self.stem(x))))
        x = x * nn.functional.hardsigmoid(self.gate(nn.functional.adaptive_avg_pool2d(x, 1)))
        x = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return torch.softmax(self.fc(torch.flatten(x, 1)), 1)


torch.manual_seed(1)
model = Net().eval()
for name, value in [*model.named_parameters(), *model.named_buffers()]:
    if value.dim() == 1 and ("weight" in name or "var" in name):
        nn.init.uniform_(value, 0.5, 1.5)
    elif value.dim() == 1:
        nn.init.normal_(value, 0, 0.2)
here = Path(__file__).parent
image = torch.full((1, 3, 13, 13), 0.5)
for exporter in ("legacy", "dynamo"):
    file = str(here / f"small_{exporter}.onnx")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if exporter == "legacy":
            torch.onnx.export(model, (image,), file, dynamo=False, opset_version=16, input_names=["image"],
                              dynamic_axes={"image": {0: "batch", 2: "height", 3: "width"}})
        else:
            torch.onnx.export(model, (image,), file, dynamo=True, external_data=False, verbose=False)
            written = onnx.load(file)
            for node in written.graph.node:  # where the sources lay
                for entry in [entry for entry in node.metadata_props if entry.key == "pkg.torch.onnx.stack_trace"]:
                    node.metadata_props.remove(entry)
            onnx.save(written, file)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    output = session.run(None, {session.get_inputs()[0].name: image.numpy()})[0][0]
(here / "small_onnx_output.txt").write_text("".join(f"{value:.9g}\n" for value in output))
