"""networks.py STRATA_IMPORT INCLUDE WORK [NAME…]: networks of torchvision and timm with random weights and lively
statistics of batch normalisation, as PyTorch's legacy and its dynamo exporter write them: imported, compiled, run, and
compared with ONNX Runtime. NAME may be torchvision (the default) or timm: all of them. Prints a table; returns 1 where
one that is expected to pass does not; a refusal says why.

--compiler "g++ -O1": what compiles, without the include folder. --exporters legacy,dynamo. Exports stay in WORK."""
import argparse
import contextlib
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

# Of each family the smallest, and the input that it takes.
TORCHVISION = {
    "resnet18": 64, "resnet50": 64, "mobilenet_v2": 64, "vgg11_bn": 224, "squeezenet1_1": 64, "densenet121": 64,
    "googlenet": 64, "mobilenet_v3_small": 64, "shufflenet_v2_x0_5": 64, "efficientnet_b0": 64, "mnasnet0_5": 64,
    "regnet_y_400mf": 64, "inception_v3": 139, "alexnet": 224, "convnext_tiny": 64, "resnext50_32x4d": 64,
    "wide_resnet50_2": 64, "efficientnet_v2_s": 64, "regnet_x_400mf": 64, "mobilenet_v3_large": 64, "vgg16": 224,
    "squeezenet1_0": 64, "shufflenet_v2_x1_0": 64, "mnasnet1_0": 64, "densenet169": 64,
    "deeplabv3_mobilenet_v3_large": 64, "fcn_resnet50": 64, "lraspp_mobilenet_v3_large": 64, "vit_b_16": 224,
    "swin_t": 64, "maxvit_t": 224}
# One of each family, and of families that timm builds in several ways more; at 64x64 where nothing else stands.
TIMM = dict.fromkeys("""
    convmixer_768_32 convnext_atto convnextv2_atto cs3darknet_s cspdarknet53 cspresnet50 cspresnext50 darknet53
    densenetblur121d dla34 dpn68 eca_nfnet_l0 ecaresnet26t efficientnet_b1 efficientnet_es efficientnet_lite0
    efficientnetv2_rw_t ese_vovnet19b_dw fasternet_t0 fbnetc_100 fbnetv3_b gcresnext26ts gernet_s ghostnet_050
    ghostnetv2_100 hardcorenas_a hgnet_tiny hgnetv2_b0 hrnet_w18_small inception_next_atto inception_resnet_v2
    inception_v4 lcnet_050 legacy_senet154 legacy_seresnet18 legacy_xception mambaout_femto mixnet_s mnasnet_small
    mobilenetv2_050 mobilenetv3_small_050 mobilenetv4_conv_small mobileone_s0 nasnetalarge nfnet_l0 pnasnet5large
    poolformer_s12 poolformerv2_s12 rdnet_tiny regnetx_002 regnety_002 regnetz_b16 repghostnet_050 repvgg_a0
    repvit_m0_9 res2net50_26w_4s res2next50 resnest14d resnet10t resnet50_gn resnetblur50 resnetrs50 resnetv2_50
    resnetv2_50x1_bit resnext26ts rexnet_100 selecsls42 semnasnet_075 seresnext26d_32x4d skresnet18 spnasnet_100
    starnet_s050 tf_efficientnet_b0 tf_mixnet_s tinynet_e tresnet_m xception41""".split(), 64) | {
        "inception_v4": 139, "inception_resnet_v2": 139}
REFUSED = {"vit_b_16", "swin_t", "maxvit_t", "gcresnext26ts",  # attention
           "skresnet18"}  # strides and dilation together
# With normalisations by 0.5 to 1.5 their outputs are thousands, and ONNX Runtime is off by 1e-4 or all.
GROWING = {"efficientnetv2_rw_t", "fbnetv3_b"}
BUILT = {}  # the program of each type: of most networks both exporters give one

PROGRAM = """#include "net.hpp"

#include <fstream>
#include <strata/io/safetensors.hpp>

int main() {
  static strata::Model<Net> model;
  strata::load_weights(model, "net.safetensors");
  const strata::Engine<Net> engine{model};
  std::vector<float> input(Net::input_shape.size()), output(Net::output_shape.size());
  std::ifstream("input", std::ios::binary).read(reinterpret_cast<char*>(input.data()), 4 * input.size());
  engine(input, output);
  std::ofstream("output", std::ios::binary).write(reinterpret_cast<const char*>(output.data()), 4 * output.size());
}
"""


def build(name):
    """The network with weights of which every one matters, and an input of noise."""
    import torch
    import torchvision
    torch.manual_seed(1)
    if name in TORCHVISION:
        options = {"num_classes": 10, "weights": None}
        if "inception" in name or "googlenet" in name:
            options.update(init_weights=False, aux_logits=name.startswith("inception"))
        if "_resnet" in name and "fcn" in name or "deeplab" in name or "lraspp" in name:
            options["weights_backbone"] = None
        model = torchvision.models.get_model(name, **options)
        size = TORCHVISION[name]
    else:
        import timm
        model = timm.create_model(name, pretrained=False, num_classes=10)
        size = TIMM.get(name, 64)
    for key, value in {**dict(model.named_parameters()), **dict(model.named_buffers())}.items():
        if not value.is_floating_point():
            continue
        if value.dim() == 1 and ("weight" in key or "var" in key) or "layer_scale" in key or "gamma" in key:
            torch.nn.init.uniform_(value, 0.5, 1.0 if name in GROWING else 1.5)
        elif value.dim() == 1:
            torch.nn.init.normal_(value, 0, 0.2)

    class Only(torch.nn.Module):
        """The output of a network that gives several by name."""

        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, image):
            return self.model(image)["out"]

    segments = any(part in name for part in ("deeplab", "fcn_", "lraspp"))
    return (Only(model) if segments else model).eval(), torch.randn(1, 3, size, size)


def export(name, exporter, folder):
    """net.onnx, and beside it the input and what ONNX Runtime makes of it."""
    import onnxruntime
    import torch
    model, image = build(name)
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (image,), str(folder / "net.onnx"), dynamo=exporter == "dynamo", verbose=False,
                          input_names=["image"], **({} if exporter == "dynamo" else {"opset_version": 17}))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(folder / "net.onnx"), options, providers=["CPUExecutionProvider"])
    np.save(folder / "image.npy", image.numpy())
    np.save(folder / "expected.npy", session.run(None, {session.get_inputs()[0].name: image.numpy()})[0])


def channels_last(array):
    return np.ascontiguousarray(np.moveaxis(array[0], 0, -1) if array.ndim > 2 else array[0])


def run(command, folder):
    return subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)


def compiled(program, folder, arguments):
    """Makes folder/net of a program and net.hpp; what the compiler says, where it says something."""
    (folder / "main.cpp").write_text(program)
    done = run([*arguments.compiler.split(), "-std=c++20", "-I", arguments.include.resolve(), "main.cpp", "-o", "net"],
               folder)
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    return "" if done.returncode == 0 else "not compiled: " + (errors or ["?"])[0][:200]


def check(name, exporter, arguments):
    """Returns whether all is well, and the row of the table."""
    folder = arguments.work.resolve() / f"{name}_{exporter}"
    if not (folder / "expected.npy").exists():
        try:
            export(name, exporter, folder)
        except Exception as error:  # the exporter's own
            return name in REFUSED, f"not exported: {str(error).splitlines()[0][:90] if str(error) else type(error)}"
    if arguments.export_only:
        return True, "exported"
    done = run([arguments.strata_import.resolve(), "net.onnx", "-o", "net.hpp"], folder)
    if done.returncode != 0:
        return name in REFUSED, "refused: " + "; ".join(done.stderr.strip().splitlines()[1:3])[:200]
    if arguments.import_only:
        return True, f"imported, {len((folder / 'net.hpp').read_text().splitlines())} lines"
    header = (folder / "net.hpp").read_text()
    network = re.sub(r"//.*\n", "", header)
    start = time.time()
    if network not in BUILT:
        if complaint := compiled(PROGRAM, folder, arguments):
            return False, complaint
        BUILT[network] = folder / "net"
    seconds = time.time() - start
    channels_last(np.load(folder / "image.npy")).astype("<f4").tofile(folder / "input")
    done = run([BUILT[network]], folder)
    if done.returncode != 0:
        return False, "not run: " + done.stderr.strip()[:200]
    output, expected = np.fromfile(folder / "output", "<f4"), channels_last(np.load(folder / "expected.npy")).ravel()
    if output.shape != expected.shape:
        return False, f"{output.size} outputs, ONNX Runtime has {expected.size}"
    error = np.abs(output - expected).max() / np.abs(expected).max()
    moved = header.count("Permute<")
    return error <= 1e-5, (f"{error:.1e}, {len(header.splitlines())} lines, {seconds:.0f} s"
                           + (f", {moved} Permute" if moved else ""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("strata_import", type=Path)
    parser.add_argument("include", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--compiler", default="g++ -O1 -march=native")
    parser.add_argument("--exporters", default="legacy,dynamo")
    parser.add_argument("--export-only", action="store_true")
    parser.add_argument("--import-only", action="store_true")
    arguments = parser.parse_intermixed_args()
    failed = 0
    groups = {"torchvision": TORCHVISION, "timm": TIMM}
    for name in (name for given in arguments.names or ["torchvision"] for name in groups.get(given, [given])):
        for exporter in arguments.exporters.split(","):
            well, row = check(name, exporter, arguments)
            failed += not well
            print(f"{'  ' if well else '! '}{name:32} {exporter:7} {row}", flush=True)
    sys.exit(failed > 0)
