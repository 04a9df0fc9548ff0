// Lesson 5: why normalise? How large the gradient is that reaches each layer of networks of 2, 5, 10 and 20 layers,
// with sigmoid, tanh and ReLU, with and without batch normalisation; and what that means for training. The picture goes
// to vanishing_gradients.svg, or to the file given.
//
// On its way back the gradient is multiplied by each layer's weights and by the derivative of its activation. That of a
// sigmoid is at most 1/4: through twenty of them nothing is left, and the first layers stand still. Normalisation keeps
// each layer's input in the range where its activation is steep, and scales it up (it is divided by a small deviation),
// so the gradient arrives (Ioffe & Szegedy 2015, arXiv 1502.03167).
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <strata/data/synthetic.hpp>
#include <strata/plot/chart.hpp>
#include <strata/plot/save.hpp>
#include <strata/strata.hpp>

#include "zoo/repeat.hpp"

using namespace strata;

/// Twenty hidden layers of 64 units, with a way out after 2, 5, 10 and 20 of them: a loss on one of these outputs alone
/// trains a network of that depth. `Layers` is an activation, with or without a normalisation before it.
template <class... Layers>
struct Deep : Graph<
    Node<"image", Input<32, 32, 3>>, Node<"flat", Flatten, "image">,
    Node<"hidden_2", zoo::Repeat<2, Sequential<Dense<64>, Layers...>>, "flat">,
    Node<"hidden_5", zoo::Repeat<3, Sequential<Dense<64>, Layers...>>, "hidden_2">,
    Node<"hidden_10", zoo::Repeat<5, Sequential<Dense<64>, Layers...>>, "hidden_5">,
    Node<"hidden_20", zoo::Repeat<10, Sequential<Dense<64>, Layers...>>, "hidden_10">,
    Node<"out_2", Dense<10>, "hidden_2">, Node<"out_5", Dense<10>, "hidden_5">,
    Node<"out_10", Dense<10>, "hidden_10">, Node<"out_20", Dense<10>, "hidden_20">,
    Outputs<"out_2", "out_5", "out_10", "out_20">> {};

constexpr std::array<std::size_t, 4> depths{2, 5, 10, 20};
const std::string with = "with batch normalisation", without = "without";

/// A loss on the output of one depth alone.
auto loss_at(std::size_t depth) {
  constexpr SparseCategoricalCrossentropy loss{.from_logits = true};
  std::array<double, depths.size()> weights{};
  weights[depth] = 1;
  return Losses{weights, loss, loss, loss, loss};
}

/// The root mean square of the gradient of each hidden layer's kernel, on one batch, before the first step.
template <class Net>
std::vector<double> gradients(std::size_t depth, const Batch& batch) {
  Model<Net> model{Seed{42}};
  Trainer trainer{model, loss_at(depth), Adam{.learning_rate = 0}};  // only looks
  trainer.step(batch.inputs, {batch.labels, batch.labels, batch.labels, batch.labels});

  std::vector<double> sizes;
  model.for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<float> elements) {
    if (parameter.name != "kernel" || parameter.shape[1] != 64 || sizes.size() == depths[depth]) return;
    const std::ptrdiff_t offset = elements.data() - model.parameters().data();  // gradients have the same layout
    double squares = 0;
    for (const float g : trainer.gradients().subspan(static_cast<std::size_t>(offset), elements.size()))
      squares += static_cast<double>(g) * static_cast<double>(g);
    sizes.push_back(std::sqrt(squares / static_cast<double>(elements.size())));
  });
  return sizes;
}

/// Networks of all depths, in one picture.
template <class Activation>
plot::Chart compare(const std::string& name, const Batch& batch) {
  plot::Chart chart{.title = name,
                    .x_title = "layer, from the input",
                    .y_title = "gradient of its weights",
                    .logarithmic = true};
  for (std::size_t depth = 0; depth < depths.size(); ++depth) {
    chart.lines.push_back({with, gradients<Deep<BatchNorm, Activation>>(depth, batch)});
    chart.lines.push_back({without, gradients<Deep<Activation>>(depth, batch)});
    const std::vector<double> &normalised = chart.lines.end()[-2].y, &plain = chart.lines.back().y;
    std::printf("%-8s %2zu layers: the first layer's gradient over the last's: %.1e without, %.1e with\n", name.c_str(),
                depths[depth], plain.front() / plain.back(), normalised.front() / normalised.back());
  }
  return chart;
}

/// Training loss, epoch by epoch, of the ten layers.
template <class Net>
std::vector<double> train(const Dataset& images, int epochs) {
  Model<Net> model{Seed{42}};
  Trainer trainer{model, loss_at(2), Adam{.learning_rate = 2e-3f}};
  Batches batches(images, {.batch_size = 50, .shuffle = true});
  std::vector<double> losses;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    batches.start_epoch(Random(Seed{42}).split(static_cast<std::uint64_t>(epoch)));
    double sum = 0;
    for (Batch batch; batches.next(batch);)
      sum += static_cast<double>(
          trainer.step(batch.inputs, {batch.labels, batch.labels, batch.labels, batch.labels}));
    losses.push_back(sum / static_cast<double>(batches.count()));
  }
  return losses;
}

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "vanishing_gradients.svg";
  const int epochs = argc > 2 ? std::stoi(argv[2]) : 10;

  const Dataset images = synthetic_images(2'000, Seed{1});
  Batches batches(images, {.batch_size = 256});
  Batch batch;
  batches.next(batch);
  std::vector<plot::Chart> charts{compare<Sigmoid>("sigmoid", batch), compare<Tanh>("tanh", batch),
                                  compare<ReLU>("ReLU", batch)};

  const std::vector<double> normalised = train<Deep<BatchNorm, Sigmoid>>(images, epochs);
  const std::vector<double> plain = train<Deep<Sigmoid>>(images, epochs);
  std::printf("ten layers of sigmoid, training loss after %d epochs: %.3f without, %.3f with\n", epochs, plain.back(),
              normalised.back());
  charts.push_back({.title = "ten layers of sigmoid",
                    .x_title = "epoch",
                    .y_title = "mean cross-entropy",
                    .lines = {{with, normalised}, {without, plain}},
                    .guides = {{std::log(10.0), "guessing: ln 10"}}});
  plot::save(path, plot::charts("The gradient that reaches each layer", charts));

  // What the picture shows, as a test: of twenty layers of sigmoid.
  const std::vector<double>&deep = charts[0].lines[6].y, &deep_plain = charts[0].lines[7].y;
  const bool vanishes = deep_plain.front() < 1e-6 * deep_plain.back();
  const bool arrives = deep.front() > 0.1 * deep.back();
  const bool learns = normalised.back() < 0.9 * plain.back();
  return vanishes && arrives && learns ? 0 : 1;
}
