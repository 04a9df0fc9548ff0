"""Losses, metrics, schedules, optimisers, initial weights, and `fit` over three epochs."""
import keras
import numpy as np
import tensorflow as tf
from keras import Input, Model, Sequential
from keras import layers as k

from cases import Random
from layers import chain, randomize

NAN = float("nan")


class Both:
    """One thing in Keras and in Strata, which has the same names: Both("SGD", learning_rate=0.1)."""

    def __init__(self, name, **options):
        value = lambda v: v.keras if isinstance(v, Both) else v
        self.keras = getattr(self.module, name)(**{option: value(v) for option, v in options.items()})
        self.strata = f"{name}{{{', '.join(f'.{option} = {self.spelled(v)}' for option, v in options.items())}}}"

    @staticmethod
    def spelled(value):
        if isinstance(value, list):
            return f"{{{', '.join(map(str, value))}}}"
        if isinstance(value, Both):
            return value.strata
        return str(value).lower() if isinstance(value, bool) else str(value)


class Loss(Both):
    module = keras.losses


class Metric(Both):
    module = keras.metrics


class Schedule(Both):
    module = keras.optimizers.schedules


class Optimizer(Both):
    module = keras.optimizers


def targets_of(values):
    values = np.asarray(values)
    return values.astype("int32" if values.dtype.kind == "i" else "float32")


def cpp_type(targets):
    return "int" if targets.dtype.kind == "i" else "float"


def losses(cases):
    def case(name, loss, predictions, targets, ci=False):
        if not cases.wants(ci):
            return
        y, t = tf.Variable(np.float32(predictions)), targets_of(targets)
        with tf.GradientTape() as tape:
            value = loss.keras(t, y)
        tensors = {"predictions": y, "targets": t, "loss": value, "gradient": tape.gradient(value, y)}
        cases.add(f"loss_{name}", loss.strata, tensors, f"check_loss<{cpp_type(t)}>({{fixture}}, {loss.strata});",
                  "losses at their edges" if ci else "losses", ci)

    random = Random("losses")
    logits, labels = random.normal(6, 10, scale=3), random.labels(10, 6)
    exponentials = np.exp(random.normal(6, 10, scale=1.5))
    rows = exponentials / exponentials.sum(-1, keepdims=True)
    one_hot, bits = np.eye(10, dtype="float32")[labels], random.labels(2, 6, 10).astype("float32")
    inside = random.uniform(0.02, 0.98, 6, 10)
    for name, options in ("", {}), ("_smoothing", {"label_smoothing": 0.1}):
        case("categorical" + name, Loss("CategoricalCrossentropy", **options), rows, one_hot)
        case("categorical_logits" + name, Loss("CategoricalCrossentropy", from_logits=True, **options), logits, one_hot)
        case("binary" + name, Loss("BinaryCrossentropy", **options), inside, bits)
        case("binary_logits" + name, Loss("BinaryCrossentropy", from_logits=True, **options), logits, bits)
    sparse, from_logits = [Loss("SparseCategoricalCrossentropy", **options) for options in ({}, {"from_logits": True})]
    case("sparse", sparse, rows, labels)
    case("sparse_logits", from_logits, logits, labels)
    case("mean_squared_error", Loss("MeanSquaredError"), logits, inside)
    case("huber", Loss("Huber"), logits, inside)

    def edge(*arguments):
        case(*arguments, ci=True)
    edge("sparse_unnormalised", sparse, [[1.2, 0.3, 0.5]], [1])
    edge("sparse_small_sum", sparse, [[0.2, 0.1, 0.05], [2, 3, 4]], [2, 0])
    edge("sparse_zeros", sparse, [[0, 0, 0], [0.2, 0.3, 0.5]], [1, 2])
    edge("sparse_zero_at_label", sparse, [[0, 0.4, 0.6], [0.5, 0.5, 0]], [0, 0])
    edge("sparse_certain", sparse, [[1, 0, 0], [0, 1, 0]], [0, 0])
    far_apart = [[1e4, -1e4, 0], [-1e4, 1e4, 0], [80, 80, -80]]
    edge("sparse_logits_far_apart", from_logits, far_apart, [0, 0, 1])
    one_hot = np.eye(3)
    categorical, from_logits = Loss("CategoricalCrossentropy"), Loss("CategoricalCrossentropy", from_logits=True)
    edge("categorical_unnormalised", categorical, [[1.2, 0.3, 0.5]], one_hot[[1]])
    edge("categorical_zero_at_label", categorical, [[0, 0.4, 0.6]], one_hot[[0]])
    edge("categorical_logits_far_apart", from_logits, far_apart, one_hot[[0, 0, 1]])
    edge("huber_at_delta", Loss("Huber", delta=0.5), [[0, 0.5, -0.5, 0.25], [0.501, -0.501, 1e4, -1e4]],
         np.zeros((2, 4)))
    edge("binary_zeros", Loss("BinaryCrossentropy"), [[0], [0], [0.5]], [[0], [1], [1.0]])
    edge("binary_logits_far_apart", Loss("BinaryCrossentropy", from_logits=True), [[1e4], [-1e4], [1e4], [-1e4], [0]],
         [[1], [1], [0], [0], [1.0]])


def metrics(cases):
    def case(name, metric, predictions, targets):
        y, t = np.float32(predictions), targets_of(targets)
        metric.keras.update_state(t, y)
        cases.add(f"metric_{name}", metric.strata, {"predictions": y, "targets": t, "value": metric.keras.result()},
                  f"check_metric<{cpp_type(t)}>({{fixture}}, {metric.strata});", "metrics at their edges", ci=True)

    rows = [[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.4, 0.4, 0.2], [0.2, 0.4, 0.4]]
    holes = [[NAN, 0.5, 0.4], [0.5, NAN, 0.4]]
    case("sparse_categorical", Metric("SparseCategoricalAccuracy"), rows, [1, 2, 0, 2])
    case("sparse_categorical_tie", Metric("SparseCategoricalAccuracy"), rows[2:], [1, 1])
    case("categorical", Metric("CategoricalAccuracy"), rows, np.eye(3)[[1, 2, 0, 2]])
    for count in (1, 2, 3):
        top = lambda: Metric("SparseTopKCategoricalAccuracy", k=count)
        case(f"top_{count}", top(), rows, [1, 2, 1, 1])
        case(f"top_{count}_nan", top(), holes, [1, 0])
        case(f"top_{count}_nan_at_label", top(), holes, [0, 1])
    outputs = [[0.3], [0.5], [0.31], [0.9], [0.2], [0.51]]
    case("binary", Metric("BinaryAccuracy"), outputs, [[0], [1], [0], [1], [0], [1]])
    case("binary_threshold", Metric("BinaryAccuracy", threshold=0.3), outputs, [[1], [1], [1], [1], [0], [0]])
    case("binary_at_threshold", Metric("BinaryAccuracy", threshold=0.3), outputs[:1], [[1]])
    case("binary_soft_targets", Metric("BinaryAccuracy"), [[0.9], [0.9], [0.1], [0.1]], [[0.8], [1], [0.2], [0.0]])
    case("mean_absolute_error", Metric("MeanAbsoluteError"), outputs, [[0.5], [-1], [2], [0], [0.2], [1e6]])


def schedules(cases):
    def case(name, *arguments, **options):
        schedule = Schedule(*arguments, **options)
        steps = np.int32([0, 1, 5, 9, 10, 11, 15, 19, 20, 21, 25, 100])
        tensors = {"steps": steps, "rates": [schedule.keras(step) for step in steps]}
        cases.add(f"schedule_{name}", schedule.strata, tensors, f"check_schedule({{fixture}}, {schedule.strata});",
                  "learning rates that change", ci=True)

    exponential = {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}
    case("exponential", "ExponentialDecay", **exponential)
    case("exponential_staircase", "ExponentialDecay", **exponential, staircase=True)
    case("piecewise", "PiecewiseConstantDecay", boundaries=[10, 20], values=[0.1, 0.01, 0.001])
    twenty, ten = [{"initial_learning_rate": 0.1, "decay_steps": steps} for steps in (20, 10)]
    case("cosine", "CosineDecay", **twenty)
    case("cosine_alpha", "CosineDecay", **twenty, alpha=0.05)
    case("cosine_warmup", "CosineDecay", **ten, alpha=0.1, warmup_target=0.2, warmup_steps=10)
    case("polynomial", "PolynomialDecay", **twenty)
    case("polynomial_power", "PolynomialDecay", **twenty, end_learning_rate=0.01, power=2)
    case("polynomial_cycle", "PolynomialDecay", **ten, end_learning_rate=0.01, power=0.5, cycle=True)


def optimizers(cases):
    random = Random("optimizers")
    start, all_gradients = random.normal(40), random.normal(5, 40) * np.float32([[1], [0.1], [3], [0.01], [1]])

    def case(name, *arguments, scale=1, ci=False, **options):
        if not cases.wants(ci):
            return
        optimizer, gradients = Optimizer(*arguments, **options), all_gradients * np.float32(scale)
        parts = lambda values: np.split(values, [15])  # two variables, for the clipping of each
        variables = [keras.Variable(part) for part in parts(start)]
        tensors = {"gradients": gradients, "parameters_0": start}
        for step, gradient in enumerate(gradients, 1):
            optimizer.keras.apply([tf.constant(part) for part in parts(gradient)], variables)
            tensors[f"parameters_{step}"] = np.concatenate([v.numpy() for v in variables])
        cases.add(f"optimizer_{name}", optimizer.strata, tensors, f"check_optimizer({{fixture}}, {optimizer.strata});",
                  "optimisers over five steps", ci)

    case("sgd", "SGD")
    case("sgd_momentum", "SGD", momentum=0.9)
    case("sgd_nesterov", "SGD", learning_rate=0.05, momentum=0.9, nesterov=True)
    for clip, limit in ("clipnorm", 2.0), ("clipvalue", 0.5), ("global_clipnorm", 2.0):
        case(f"sgd_{clip}", "SGD", learning_rate=0.1, **{clip: limit})
        case(f"adam_{clip}", "Adam", learning_rate=0.01, **{clip: limit})  # not 0.1: Keras rounds 0.999 to float32
    halved = Schedule("ExponentialDecay", initial_learning_rate=0.01, decay_steps=2, decay_rate=0.5)
    case("adam", "Adam")
    case("adam_options", "Adam", learning_rate=0.01, beta_1=0.8, beta_2=0.99, epsilon=1e-3)
    case("adam_small_gradients", "Adam", learning_rate=0.01, scale=1e-5)
    case("adam_schedule", "Adam", learning_rate=halved)
    case("adam_w", "AdamW")
    case("adam_w_decay", "AdamW", learning_rate=0.01, weight_decay=0.1)
    case("rmsprop", "RMSprop")
    case("rmsprop_rho", "RMSprop", learning_rate=0.01, rho=0.5, epsilon=1e-3)
    case("rmsprop_momentum", "RMSprop", learning_rate=0.01, momentum=0.9, ci=True)
    case("rmsprop_small_gradients", "RMSprop", learning_rate=0.01, scale=1e-3)
    case("lion", "Lion", ci=True)
    case("lion_options", "Lion", learning_rate=halved, beta_1=0.7, beta_2=0.95)
    case("lion_clipnorm", "Lion", learning_rate=0.01, clipnorm=2.0)


def initial_weights(cases):
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = Sequential([Input((14, 14, 24)), k.Conv2D(32, 3), k.DepthwiseConv2D(5), k.SeparableConv2D(48, 3),
                        k.Conv2DTranspose(16, 3), k.BatchNormalization(), k.PReLU(), k.Flatten(), k.Dense(20),
                        k.LayerNormalization(), k.GroupNormalization(4)])
    network = ("Sequential<Input<14, 14, 24>, Conv2D<32, 3>, DepthwiseConv2D<5>, SeparableConv2D<48, 3>, "
               "Conv2DTranspose<16, 3>, BatchNorm, PReLU<>, Flatten, Dense<20>, LayerNormalization, "
               "GroupNormalization<4>>")
    moments = lambda v: [v.mean(), v.std(), v.min(), v.max()]
    tensors = {f"{layer.name}/{w.name}": moments(w.numpy()) for layer in model.layers for w in layer.weights}
    cases.add("initial_weights", network, tensors, f"check_initial_weights<{network}>({{fixture}});", "initial weights",
              ci=True)


def fits(cases):
    def case(name, layers, build, shape, loss, metric, optimizer, labels, ci=False):
        if not cases.wants(ci):
            return
        keras.backend.clear_session()
        random, x = Random(name), Input(shape)
        model = Model(x, build(x))
        variables = randomize(model, random)
        stored = lambda when: {f"{when}/{n}": w.numpy() for n, w in variables.items()}
        tensors = {"inputs": random.normal(22, *shape), "targets": labels(random, 22),
                   "val_inputs": random.normal(10, *shape), "val_targets": labels(random, 10), **stored("initial")}
        model.compile(optimizer.keras, loss.keras, metrics=[keras.metrics.get(metric)])
        history = model.fit(tensors["inputs"], tensors["targets"], batch_size=8, epochs=3, shuffle=False, verbose=0,
                            validation_data=(tensors["val_inputs"], tensors["val_targets"])).history
        for column in "loss", "val_loss":
            tensors[column] = history[column]
            tensors[column.replace("loss", "metric")] = history[column.replace("loss", metric)]
        net = f"Sequential<Input<{', '.join(map(str, shape))}>, {layers}>"
        cases.add(f"fit_{name}", f"{net}, {loss.strata}, {optimizer.strata}", {**tensors, **stored("final")},
                  f"check_fit<{net}, {cpp_type(tensors['targets'])}>({{fixture}}, {loss.strata}, {optimizer.strata});",
                  "three epochs of fit", ci)

    classes = lambda random, count: random.labels(4, count)
    bits = lambda random, count: random.labels(2, count, 1).astype("float32")
    values = lambda random, count: random.normal(count, 3)
    sparse, from_logits = [Loss("SparseCategoricalCrossentropy", **options) for options in ({}, {"from_logits": True})]
    accuracy = "sparse_categorical_accuracy"

    dense = "Dense<9, activation<Tanh>>, Dense<4, activation<Softmax>>"
    build = lambda x: chain(x, k.Dense(9, activation="tanh"), k.Dense(4, activation="softmax"))
    sgd = Optimizer("SGD", learning_rate=0.1, momentum=0.9)
    case("classes", dense, build, (6,), sparse, accuracy, sgd, classes, ci=True)
    adam_w = Optimizer("AdamW", learning_rate=0.01, weight_decay=0.1, clipnorm=0.1)
    case("adam_w", dense, build, (6,), sparse, accuracy, adam_w, classes)

    build = lambda x: chain(x, k.Dense(9, activation="tanh"), k.Dense(1, activation="sigmoid"))
    case("binary", "Dense<9, activation<Tanh>>, Dense<1, activation<Sigmoid>>", build, (6,), Loss("BinaryCrossentropy"),
         "binary_accuracy", Optimizer("Adam", learning_rate=0.01), bits, ci=True)

    build = lambda x: chain(x, k.Dense(9, activation="relu"), k.Dense(3))
    case("values", "Dense<9, activation<ReLU>>, Dense<3>", build, (6,), Loss("MeanSquaredError"), "mean_absolute_error",
         Optimizer("RMSprop", learning_rate=0.01), values)
    case("huber", "Dense<9, activation<ReLU>>, Dense<3>", build, (6,), Loss("Huber", delta=0.5), "mean_absolute_error",
         Optimizer("Lion", learning_rate=0.01), values, ci=True)

    build = lambda x: chain(x, k.Conv2D(8, 3, padding="same"), k.BatchNormalization(), k.ReLU(), k.MaxPooling2D(),
                            k.Flatten(), k.Dense(4))
    case("image", "Conv2D<8, 3, Same>, BatchNorm, ReLU, MaxPooling2D<>, Flatten, Dense<4>", build, (6, 6, 3),
         from_logits, accuracy, Optimizer("SGD", learning_rate=0.05), classes)

    def build(x):
        x = k.Conv2D(8, 1)(x)
        body = chain(x, k.SeparableConv2D(8, 3, padding="same"), k.BatchNormalization())
        return chain(k.Add()([body, x]), k.Activation("silu"), k.GlobalAveragePooling2D(), k.Dense(4))
    cosine = Schedule("CosineDecay", initial_learning_rate=0.1, decay_steps=9)
    case("branches", "Conv2D<8, 1>, Residual<SeparableConv2D<8, 3, Same>, BatchNorm>, SiLU, GlobalAveragePooling2D, "
         "Dense<4>", build, (6, 6, 3), from_logits, accuracy,
         Optimizer("SGD", learning_rate=cosine, momentum=0.9, nesterov=True), classes)

    def build(x):
        frozen, l2 = {"trainable": False}, keras.regularizers.L2
        x = chain(x, k.Conv2D(4, 3, padding="same", **frozen), k.BatchNormalization(**frozen), k.ReLU(),
                  k.Conv2D(4, 3, padding="same"))
        body = chain(x, k.Conv2D(4, 3, padding="same", kernel_regularizer=l2(0.1), **frozen),
                     k.BatchNormalization(**frozen))
        return chain(k.Add()([body, x]), k.PReLU(**frozen), k.LayerNormalization(**frozen),
                     k.Conv2DTranspose(4, 2, strides=2, **frozen), k.BatchNormalization(), k.Flatten(),
                     k.Dense(9, **frozen), k.Dense(4, kernel_regularizer=l2(0.01)))
    case("frozen", "Frozen<Conv2D<4, 3, Same>, BatchNorm>, ReLU, Conv2D<4, 3, Same>, "
         "Frozen<Residual<Conv2D<4, 3, Same, L2{0.1}>, BatchNorm>, PReLU<>, LayerNormalization, "
         "Conv2DTranspose<4, 2, Strides{2}>>, BatchNorm, Flatten, Frozen<Dense<9>>, Dense<4, L2{0.01}>",
         build, (6, 6, 3), from_logits, accuracy, Optimizer("SGD", learning_rate=0.05, momentum=0.9), classes, ci=True)


def training(cases):
    for part in losses, metrics, schedules, optimizers, initial_weights, fits:
        part(cases)
