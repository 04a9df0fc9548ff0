"""transfer.py STRATA_IMPORT INCLUDE WORK: an imported MobileNetV2 gets a new head, which learns while the body is
frozen; then all of it learns. Five steps each, in Strata and in Keras: the losses, and the outputs in the end, of
weights that Keras loads."""
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import keras
import numpy as np

import imported

# Whether two programs can agree depends on the body. With normalisations about as Keras initialises them, and 16 images
# of 64x64, losses of Keras in float are up to 8e-2 from those in double, and a change of 1e-7 in the weights does as
# much; with this body they are 7e-7 and 2e-7.
SIZE, BATCH, CLASSES, STEPS = 96, 32, 5, 5
GAMMA, BETA_DEVIATION = (0.2, 0.5), 1
RATE = 0.001

PROGRAM = f"""#include "net.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <vector>

#include <strata/graph/frozen.hpp>
#include <strata/io/keras.hpp>

using namespace strata;

template <class Body>
using Headed = Sequential<Input<{SIZE}, {SIZE}, 3>, Body, GlobalAveragePooling2D, Dense<{CLASSES}>>;
struct Transfer : Headed<Frozen<BodyOf<Net>>> {{}};
struct FineTune : Headed<BodyOf<Net>> {{}};

template <class T>
std::vector<T> numbers(const char* path, std::size_t count) {{
  std::vector<T> all(count);
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(all.data()), sizeof(T) * count);
  return all;
}}

template <class Network>
void learn(Model<Network>& model, std::ofstream& losses) {{
  const std::vector<float> inputs = numbers<float>("inputs", {BATCH} * Network::input_shape.size());
  const std::vector<int> labels = numbers<int>("labels", {BATCH});
  const SparseCategoricalCrossentropy loss{{.from_logits = true}};
  Trainer trainer{{model, loss, SGD{{.learning_rate = {RATE}, .momentum = 0.9}}}};
  for (int step = 0; step < {STEPS}; ++step) losses << trainer.step(inputs, labels) << '\\n';
}}

int main() {{
  std::ofstream losses("losses");
  losses.precision(9);
  static Model<Transfer> transfer;
  load_weights(transfer, "start.keras");
  learn(transfer, losses);
  static Model<FineTune> tuned;
  std::ranges::copy(transfer.parameters(), tuned.parameters().begin());
  learn(tuned, losses);
  save_weights(tuned, "tuned.weights.h5");
}}
"""


def learn(model, inputs, labels):
    """The losses."""
    model.compile(keras.optimizers.SGD(RATE, momentum=0.9),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()  # train_on_batch returns the mean since then
        losses.append(float(model.train_on_batch(inputs, labels)))
    return losses


def main():
    arguments = imported.parser(__doc__).parse_args()
    folder = arguments.work
    os.makedirs(folder, exist_ok=True)
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    body = keras.applications.MobileNetV2(input_shape=(SIZE, SIZE, 3), alpha=0.35, include_top=False, weights=None)
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(random.uniform(*GAMMA, layer.gamma.shape))
            layer.beta.assign(random.normal(0, BETA_DEVIATION, layer.beta.shape))
    body.save(os.path.join(folder, "body.keras"))
    logits = keras.layers.Dense(CLASSES)(keras.layers.GlobalAveragePooling2D()(body.output))
    model = keras.Model(body.input, logits)
    model.save(os.path.join(folder, "start.keras"))
    labels = np.arange(BATCH, dtype=np.int32) % CLASSES
    inputs = (random.normal(0, 0.5, (BATCH, SIZE, SIZE, 3)) + labels[:, None, None, None] / CLASSES).astype(np.float32)
    inputs.tofile(os.path.join(folder, "inputs"))
    labels.tofile(os.path.join(folder, "labels"))

    body.trainable = False
    expected = learn(model, inputs, labels)
    body.trainable = True
    expected += learn(model, inputs, labels)
    complaints = imported.import_model(os.path.join(folder, "body.keras"), folder, arguments) or \
        imported.build(PROGRAM, folder, arguments)
    if complaints:
        print(*complaints, sep="\n")
        return 1
    losses = np.loadtxt(os.path.join(folder, "losses"))
    print("Keras ", *(f"{loss:.6f}" for loss in expected), "\nStrata", *(f"{loss:.6f}" for loss in losses))
    tuned = keras.models.clone_model(model)
    tuned.load_weights(os.path.join(folder, "tuned.weights.h5"))
    loss = np.abs(losses - expected).max()
    outputs = imported.difference(tuned(inputs), model(inputs))
    learned = losses[STEPS - 1] < losses[0] and losses[-1] < losses[STEPS]
    print(f"losses: off by {loss:.1e}; outputs in the end, by {outputs:.1e} of the largest")
    return int(not (learned and max(loss, outputs) <= 1e-4))


if __name__ == "__main__":
    sys.exit(main())
