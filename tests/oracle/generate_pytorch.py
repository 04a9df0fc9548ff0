"""Writes pytorch/*.safetensors: what PyTorch computes, in float64, stored as float32 in Keras' names and layouts.

Here: losses, optimisers and whole networks; single layers are in pytorch_layers.py. README.md explains the tensors.
"""
import math

import torch
import torch.nn.functional as F

from pytorch_layers import (FOLDER, REAL, Random, activations, batch_normalization, conv2d, convolutions, max_pooling,
                            other_layers, paddings, rounded, trainable, write)


# ---- losses: predictions, targets -> one loss per sample; the stored loss is their mean

def log_of_probabilities(p):
    """Keras' categorical losses divide by the sum of the row, then clip."""
    return (p / p.sum(-1, keepdim=True)).clip(1e-7, 1 - 1e-7).log()


def categorical(log_probabilities, smoothing=0.0):
    def loss(y, t):
        t = F.one_hot(t, y.shape[-1]).to(REAL) if t.dtype == torch.int64 else t
        return -((t * (1 - smoothing) + smoothing / y.shape[-1]) * log_probabilities(y)).sum(-1)
    return loss


def binary_from_logits(y, t):
    return F.binary_cross_entropy_with_logits(y, t, reduction="none").mean(-1)


def binary_from_probabilities(y, t):
    p = y.clip(1e-7, 1 - 1e-7)
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean(-1)


def logits(random):
    y = random.normal(6, 10, scale=3)
    y[5, :3] = torch.tensor([400.0, -400.0, 390.0], dtype=REAL)
    return y


def probabilities(random):
    return rounded(torch.softmax(random.normal(6, 10, scale=1.5), -1))


def probabilities_at_the_limit(random):
    y = torch.zeros(6, 10, dtype=REAL)
    y[range(6), [0, 1, 2, 3, 4, 5]] = 1
    return y


def losses():
    sparse = lambda random: random.labels(10, 6)
    one_hot = lambda random: F.one_hot(random.labels(10, 6), 10).to(REAL)
    bits = lambda *shape: lambda random: random.labels(2, *shape).to(REAL)
    values = lambda *shape: lambda random: random.normal(*shape)
    from_logits, from_probabilities = lambda y: F.log_softmax(y, -1), log_of_probabilities
    for case, spelling, predictions, targets, loss in [
        ("sparse_categorical_crossentropy_logits", "SparseCategoricalCrossentropy{.from_logits = true}", logits, sparse, categorical(from_logits)),
        ("sparse_categorical_crossentropy_probabilities", "SparseCategoricalCrossentropy{}", probabilities, sparse,
         categorical(from_probabilities)),
        ("sparse_categorical_crossentropy_clipped", "SparseCategoricalCrossentropy{}", probabilities_at_the_limit,
         lambda random: torch.tensor([0, 1, 2, 0, 0, 0]), categorical(from_probabilities)),
        ("categorical_crossentropy_logits", "CategoricalCrossentropy{.from_logits = true}", logits, probabilities, categorical(from_logits)),
        ("categorical_crossentropy_logits_smoothing", "CategoricalCrossentropy{.from_logits = true, .label_smoothing = 0.1}",
         logits, one_hot, categorical(from_logits, 0.1)),
        ("categorical_crossentropy_probabilities", "CategoricalCrossentropy{}", probabilities, one_hot, categorical(from_probabilities)),
        ("binary_crossentropy_logits", "BinaryCrossentropy{.from_logits = true}", logits, bits(6, 10), binary_from_logits),
        ("binary_crossentropy_probabilities", "BinaryCrossentropy{}", lambda random: random.uniform(0.02, 0.98, 7, 1), bits(7, 1),
         binary_from_probabilities),
        ("mean_squared_error", "MeanSquaredError{}", values(3, 5), values(3, 5), lambda y, t: ((y - t) ** 2).mean(-1)),
        ("mean_squared_error_images", "MeanSquaredError{}", values(2, 3, 5, 2), values(2, 3, 5, 2), lambda y, t: ((y - t) ** 2).mean(-1)),
    ]:
        random = Random(case)
        y, t = predictions(random).requires_grad_(), targets(random)
        mean = loss(y, t).mean()
        tensors = {"predictions": y, "targets": t, "loss": mean}
        if not case.endswith("clipped"):
            tensors["gradient"] = torch.autograd.grad(mean, y)[0]
        if "categorical" in case and case.endswith("probabilities"):  # without dividing by the row's sum
            tensors["gradient_without_division"] = torch.autograd.grad(categorical(torch.log)(y, t).mean(), y)[0]
        write("loss_" + case, spelling, tensors)


# ---- optimisers, by Keras' formulas: step(parameter, gradient, state, t) -> parameter, t = 1, 2, …

def sgd(lr, momentum=0.0, nesterov=False):
    def step(p, g, state, t):
        m = state["m"] = momentum * state.get("m", 0) - lr * g
        return p + (momentum * m - lr * g if nesterov else m)
    return step


def adam(lr, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0):
    def step(p, g, state, t):
        p = p - lr * weight_decay * p
        m = state["m"] = beta_1 * state.get("m", 0) + (1 - beta_1) * g
        v = state["v"] = beta_2 * state.get("v", 0) + (1 - beta_2) * g * g
        return p - lr * math.sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t) * m / (v.sqrt() + epsilon)
    return step


def rmsprop(lr, rho=0.9, epsilon=1e-7):
    def step(p, g, state, t):
        v = state["v"] = rho * state.get("v", 0) + (1 - rho) * g * g
        return p - lr * g / (v + epsilon).sqrt()
    return step


def clip_norm(limit, segments):
    """One norm per variable; `segments` are the variables' sizes."""
    return lambda g: torch.cat([s * (limit / max(s.norm(), limit)) for s in g.split(segments)])


def run(step, start, gradients, clip=lambda g: g):
    path, state = [start], {}
    for t, gradient in enumerate(gradients, 1):
        path.append(step(path[-1], clip(gradient), state, t))
    return path


def check(name, step, reference, start, gradients):
    """Our formula against torch.optim, for settings in which PyTorch means the same."""
    parameter = start.clone().requires_grad_()
    optimizer = reference([parameter])
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
    error = (run(step, start, gradients)[-1] - parameter.detach()).abs().max().item()
    assert error < 1e-12, f"{name} differs from torch.optim by {error}"


def optimizers():
    o, tiny = torch.optim, 1e-30
    random = Random("optimizers")
    start, gradients = random.normal(40), random.normal(6, 40) * rounded([[1], [0.1], [3], [0.01], [1], [0.3]])
    gradients = rounded(gradients)
    check("SGD", sgd(0.01), lambda p: o.SGD(p, 0.01), start, gradients)
    check("momentum", sgd(0.01, 0.9), lambda p: o.SGD(p, 0.01, 0.9), start, gradients)
    check("Nesterov", sgd(0.01, 0.9, True), lambda p: o.SGD(p, 0.01, 0.9, nesterov=True), start, gradients)
    check("Adam", adam(0.01, epsilon=tiny), lambda p: o.Adam(p, 0.01, eps=tiny), start, gradients)
    check("AdamW", adam(0.01, epsilon=tiny, weight_decay=0.004), lambda p: o.AdamW(p, 0.01, eps=tiny, weight_decay=0.004), start, gradients)
    check("RMSprop", rmsprop(0.01, epsilon=tiny), lambda p: o.RMSprop(p, 0.01, 0.9, eps=tiny), start, gradients)
    for case, spelling, step, clip, scale in [
        ("sgd", "SGD{.learning_rate = 0.01f}", sgd(0.01), None, 1),
        ("sgd_momentum", "SGD{.learning_rate = 0.01f, .momentum = 0.9f}", sgd(0.01, 0.9), None, 1),
        ("sgd_nesterov", "SGD{.learning_rate = 0.01f, .momentum = 0.9f, .nesterov = true}", sgd(0.01, 0.9, True), None, 1),
        ("sgd_clipvalue", "SGD{.learning_rate = 0.1f, .clipvalue = 0.5f}", sgd(0.1), lambda g: g.clip(-0.5, 0.5), 1),
        ("sgd_clipnorm", "SGD{.learning_rate = 0.1f, .clipnorm = 2.0f}", sgd(0.1), clip_norm(2.0, [15, 25]), 1),
        ("sgd_global_clipnorm", "SGD{.learning_rate = 0.1f, .global_clipnorm = 2.0f}", sgd(0.1), clip_norm(2.0, [40]), 1),
        ("adam", "Adam{}", adam(0.001), None, 1),
        ("adam_small_gradients", "Adam{.learning_rate = 0.01f}", adam(0.01), None, 1e-5),
        ("adam_w", "AdamW{.learning_rate = 0.01f, .weight_decay = 0.004f}", adam(0.01, weight_decay=0.004), None, 1),
        ("rmsprop", "RMSprop{}", rmsprop(0.001), None, 1),
        ("rmsprop_small_gradients", "RMSprop{.learning_rate = 0.01f}", rmsprop(0.01), None, 1e-3),
    ]:
        scaled = rounded(gradients * scale)
        path = run(step, start, scaled, clip or (lambda g: g))
        variables = {"variable_sizes": torch.tensor([15, 25])} if "clipnorm" in case else {}
        write("optimizer_" + case, spelling, {**variables, "gradients": scaled, **{f"parameters_{t}": p for t, p in enumerate(path)}})


# ---- whole networks; parameters are named as Keras names them

def part(p, name):
    return {key.split("/")[1]: value for key, value in p.items() if key.split("/")[0] == name}


def block(x, p, after, suffix):
    x = conv2d("same")(x, part(p, "conv2d" + suffix))
    return batch_normalization(prefix=f"batch_normalization{suffix}/")(x, p, after)


def classifier(x, p, after=None):
    x = torch.sigmoid(block(x, p, after, ""))
    x = max_pooling((2, 2), (2, 2))(F.relu(block(x, p, after, "_1")), p)
    return F.linear(x.flatten(1), p["dense/kernel"].T, p["dense/bias"])


def lesson(x, p, after=None):
    return torch.sigmoid(block(torch.sigmoid(block(x, p, after, "")), p, after, "_1"))


def block_shapes(suffix, inputs, outputs):
    shapes = {f"conv2d{suffix}/kernel": (3, 3, inputs, outputs), f"conv2d{suffix}/bias": (outputs,)}
    return {**shapes, **{f"batch_normalization{suffix}/{name}": (outputs,) for name in ("gamma", "beta", "moving_mean", "moving_variance")}}


def gradients_of(output, p, upstream=None):
    names = [name for name in p if trainable(name)]
    return dict(zip(names, torch.autograd.grad(output, [p[name] for name in names], upstream)))


def train(case, spelling, step, conv_bias=True):
    random = Random("training")  # the same start and data for every optimiser
    shapes = {**block_shapes("", 3, 8), **block_shapes("_1", 8, 16), "dense/kernel": (576, 10), "dense/bias": (10,)}
    shapes = {name: shape for name, shape in shapes.items() if conv_bias or name[:4] != "conv" or name.endswith("kernel")}
    p = {name: random.parameter(name, shape) for name, shape in shapes.items()}
    inputs, targets = random.normal(6, 8, 12, 12, 3), random.labels(10, 6, 8)
    tensors = {"inputs": inputs, "targets": targets, **{"initial/" + name: t for name, t in p.items()}}
    states, mean_losses = {name: {} for name in p}, []
    for t in range(1, 7):
        p, after = {name: value.detach().requires_grad_(trainable(name)) for name, value in p.items()}, {}
        loss = F.cross_entropy(classifier(inputs[t - 1], p, after), targets[t - 1])
        mean_losses.append(loss.detach())
        gradients = gradients_of(loss, p)
        p = {name: step(p[name].detach(), gradients[name], states[name], t) if trainable(name) else after[name] for name in p}
        if t in (1, 6):
            tensors.update({f"step{t}/{name}": value for name, value in p.items()})
    write(case, spelling, {**tensors, "losses": torch.stack(mean_losses), "output": classifier(inputs[0], p)})


def networks():
    net = ("Sequential<Input<12, 12, 3>, Conv2D<8, 3, Same>, BatchNorm, Sigmoid, Conv2D<16, 3, Same>, BatchNorm, ReLU, "
           "MaxPooling2D<2>, Flatten, Dense<10>>, SparseCategoricalCrossentropy{.from_logits = true}, ")
    train("train_sgd_momentum", net + "SGD{.learning_rate = 0.05f, .momentum = 0.9f}", sgd(0.05, 0.9))
    train("train_adam", net + "Adam{}", adam(0.001))
    train("train_adam_no_bias", net.replace("Same>", "Same, NoBias>") + "Adam{}", adam(0.001), conv_bias=False)

    random, after = Random("lesson"), {}
    shapes = {**block_shapes("", 3, 32), **block_shapes("_1", 32, 32)}
    p = {name: random.parameter(name, shape).requires_grad_(trainable(name)) for name, shape in shapes.items()}
    x = random.normal(1, 32, 32, 3)
    output, training = lesson(x, p), lesson(x, p, after)
    upstream = rounded(torch.sin(0.01 * torch.arange(training.numel(), dtype=REAL))).view_as(training)
    sample = lambda values: values.flatten()[::37]
    write("lesson_network", "Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid, Conv2D<32, 3, Same>, BatchNorm, Sigmoid>",
          {"input": x, **p, "output_sample": sample(output), "output_training_sample": sample(training),
           **{"after/" + name: t for name, t in after.items()},
           **{"gradient/" + name: g for name, g in gradients_of(training, p, upstream).items()}})


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for stage in convolutions, other_layers, paddings, activations, losses, optimizers, networks:
        stage()
    files = sorted(FOLDER.glob("*.safetensors"))
    print(f"{len(files)} fixtures, {sum(f.stat().st_size for f in files):,} bytes")
