#!/usr/bin/env python3
"""Trains ResNet-20 on CIFAR-10 in PyTorch with the settings of cifar_curve.cpp and prints the same CSV.

    python3 tests/oracle/cifar_curve_pytorch.py cifar-10-batches-bin 4 1 > seed1.csv        directory, epochs, seed

Equal: inputs from 0 to 1, augmentation, a new order each epoch, batches of 128 and a last one of 80; Keras' `same`
padding, Glorot uniform kernels, biases of 0; batch normalisation with epsilon 1e-3 and momentum 0.99 (PyTorch calls it
0.01); cross-entropy plus 1e-4 times the sum of the squares of all convolution kernels, in the printed losses, too; SGD
with 0.05 and momentum 0.9, where PyTorch's formula and Keras' agree as long as the rate is constant. Different: the
random numbers, and a moving variance that PyTorch takes from the unbiased one (larger by 1/5,000 at most).
"""
import os
import sys

import numpy
import torch
import torch.nn.functional as F
from torch import nn

BATCH, RATE, MOMENTUM, DECAY = 128, 0.05, 0.9, 1e-4


def load(directory, *files):
    """Images (N, 3, 32, 32) as bytes, and labels."""
    inner = os.path.join(directory, "cifar-10-batches-bin")
    directory = inner if os.path.isdir(inner) else directory
    records = numpy.concatenate([numpy.fromfile(os.path.join(directory, f), numpy.uint8) for f in files])
    records = torch.from_numpy(records.reshape(-1, 1 + 3 * 32 * 32))
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].long()


def augment(images, padding=4):
    """Each image shifted by up to `padding` pixels into zeros; half of them mirrored."""
    count, side = len(images), images.shape[-1]
    top, left = torch.randint(2 * padding + 1, (2, count, 1))
    mirrored = torch.randint(2, (count, 1)) == 1
    place = torch.arange(side)
    rows, columns = top + place, left + torch.where(mirrored, side - 1 - place, place)
    padded = F.pad(images, [padding] * 4).permute(0, 2, 3, 1)
    return padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    """relu(shortcut(x) + body(x)). Strides of two pad below and to the right, as Keras' `same` does there."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        same = [nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []
        self.body = nn.Sequential(*same, nn.Conv2d(channels, filters, 3, stride, 0 if same else 1), norm(filters),
                                  nn.ReLU(), nn.Conv2d(filters, filters, 3, 1, 1), norm(filters))
        self.shortcut = nn.Conv2d(channels, filters, 1, stride) if stride == 2 else nn.Identity()

    def forward(self, x):
        return F.relu(self.shortcut(x) + self.body(x))


def resnet20():
    layers, channels = [nn.Conv2d(3, 16, 3, 1, 1), norm(16), nn.ReLU()], 16
    for filters in 16, 32, 64:
        for _ in range(3):
            layers.append(Block(channels, filters, 1 if channels == filters else 2))
            channels = filters
    network = nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10))
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    assert sum(parameter.numel() for parameter in network.parameters()) == 273_066
    return network


class Means:
    """Of loss and accuracy over an epoch."""

    def __init__(self):
        self.count, self.loss, self.right = 0, 0.0, 0

    def add(self, logits, labels, loss):
        self.count += len(labels)
        self.loss += len(labels) * float(loss)
        self.right += int((logits.argmax(1) == labels).sum())

    def values(self):
        return self.loss / self.count, self.right / self.count


def main():
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} DIR EPOCHS SEED")
    directory, epochs, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    try:
        images, labels = load(directory, *(f"data_batch_{i}.bin" for i in range(1, 6)))
        test_images, test_labels = load(directory, "test_batch.bin")
    except OSError as error:
        sys.exit(f"cifar_curve_pytorch: {error}")
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = resnet20()
    optimizer = torch.optim.SGD(network.parameters(), RATE, MOMENTUM)
    kernels = [module.weight for module in network.modules() if isinstance(module, nn.Conv2d)]

    def loss_of(logits, labels):
        return F.cross_entropy(logits, labels) + DECAY * sum(kernel.square().sum() for kernel in kernels)

    print("epoch,loss,accuracy,val_loss,val_accuracy")
    for epoch in range(epochs):
        network.train()
        train = Means()
        for batch, chosen in enumerate(torch.randperm(len(images)).split(BATCH)):
            logits = network(augment(images[chosen] / 255))
            loss = loss_of(logits, labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            train.add(logits, labels[chosen], loss)
            if (batch + 1) % 50 == 0:
                print("  batch {}: loss {:.4f}, accuracy {:.4f}".format(batch + 1, *train.values()), file=sys.stderr)
        network.eval()
        test = Means()
        with torch.no_grad():
            for some, theirs in zip(test_images.split(BATCH), test_labels.split(BATCH)):
                logits = network(some / 255)
                test.add(logits, theirs, loss_of(logits, theirs))
        print("{},{:.6f},{:.6f},{:.6f},{:.6f}".format(epoch + 1, *train.values(), *test.values()), flush=True)


if __name__ == "__main__":
    main()
