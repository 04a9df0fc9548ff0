// Lesson 5: why normalise? Eight sigmoid convolutions, with and without batch normalisation, and the size of the
// gradient that reaches each of them. The figure goes to why_batch_norm.svg, or to the file given.
//
// The derivative of a sigmoid is at most 1/4. Through eight of them a gradient shrinks until the first layers stand
// still and nothing is learned. Normalisation keeps each layer's input in the range where its sigmoid is steep, and
// scales it up (it is divided by a small deviation), and the gradient arrives (Ioffe & Szegedy 2015, arXiv 1502.03167).
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <strata/data/synthetic.hpp>
#include <strata/strata.hpp>

#include "svg_chart.hpp"

using namespace strata;

// `Normalisation` is a pack of no layer or one: Deep<> and Deep<BatchNorm>.
template <class... Normalisation>
using Stage = Sequential<Conv2D<16, 3, Same>, Normalisation..., Sigmoid>;

template <class... Normalisation>
struct Deep : Sequential<
    Input<32, 32, 3>,
    Conv2D<16, 3, Same, Strides{2}>, Normalisation..., Sigmoid,
    Stage<Normalisation...>, Stage<Normalisation...>, Stage<Normalisation...>, Stage<Normalisation...>,
    Stage<Normalisation...>, Stage<Normalisation...>, Stage<Normalisation...>,
    Flatten, Dense<10>> {};

constexpr std::size_t convolutions = 8;

/// A callback that looks at gradients between backward and the optimiser's step: the root mean square of each
/// convolution kernel's gradient, over the first epoch. The trainer finds `on_backward` when it is compiled; without
/// such a callback nothing of this exists.
struct GradientSizes {
  bool first_epoch = true;
  std::size_t steps = 0;
  std::array<double, convolutions> sum{};

  void on_epoch_begin(int epoch) { first_epoch = epoch == 0; }

  template <class Trainer>
  void on_backward(Trainer& trainer) {
    if (!first_epoch) return;
    add(0, trainer.template gradient<"conv2d/kernel">());
    add(1, trainer.template gradient<"conv2d_1/kernel">());
    add(2, trainer.template gradient<"conv2d_2/kernel">());
    add(3, trainer.template gradient<"conv2d_3/kernel">());
    add(4, trainer.template gradient<"conv2d_4/kernel">());
    add(5, trainer.template gradient<"conv2d_5/kernel">());
    add(6, trainer.template gradient<"conv2d_6/kernel">());
    add(7, trainer.template gradient<"conv2d_7/kernel">());
    ++steps;
  }

  std::vector<double> root_mean_squares() const {
    std::vector<double> sizes;
    for (const double total : sum) sizes.push_back(std::sqrt(total / static_cast<double>(steps)));
    return sizes;
  }

 private:
  void add(std::size_t layer, TensorView<const float> gradient) {
    double squares = 0;
    for (const float value : gradient) squares += static_cast<double>(value) * static_cast<double>(value);
    sum[layer] += squares / static_cast<double>(gradient.size());
  }
};

struct Result {
  History history;
  std::vector<double> gradients;
};

template <class Net>
Result train(const char* what, const Dataset& images, int epochs) {
  std::printf("\nEight sigmoid convolutions %s\n", what);
  Model<Net> model{Seed{42}};
  GradientSizes sizes;
  History history = fit(model, images, Adam{.learning_rate = 2e-3f}, SparseCategoricalCrossentropy{.from_logits = true},
                        {.epochs = epochs, .seed = Seed{42}}, sizes);
  return {std::move(history), sizes.root_mean_squares()};
}

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "why_batch_norm.svg";
  const int epochs = argc > 2 ? std::stoi(argv[2]) : 10;

  const Dataset images = synthetic_images(2'000, Seed{1});
  const Result plain = train<Deep<>>("without BatchNorm", images, epochs);
  const Result normalised = train<Deep<BatchNorm>>("with BatchNorm", images, epochs);

  std::printf("\nsize of the gradient in the first epoch\nlayer    without       with\n");
  for (std::size_t i = 0; i < convolutions; ++i)
    std::printf("%5zu   %.2e   %.2e\n", i + 1, plain.gradients[i], normalised.gradients[i]);

  const std::string blue = "#0072b2", orange = "#d55e00";
  const auto curves = [&](const std::vector<double>& with, const std::vector<double>& without) {
    return std::vector<chart::Series>{{"with BatchNorm", blue, with}, {"without", orange, without}};
  };
  chart::write_svg(path, "Eight sigmoid convolutions, with and without batch normalisation",
                   {{.title = "Training loss",
                     .x_title = "epoch",
                     .y_title = "mean cross-entropy",
                     .series = curves(normalised.history.loss, plain.history.loss),
                     .guide = std::log(10.0),
                     .guide_name = "guessing: ln 10"},
                    {.title = "Gradient that reaches each kernel",
                     .x_title = "convolution, counted from the input",
                     .y_title = "root mean square, first epoch",
                     .series = curves(normalised.gradients, plain.gradients),
                     .logarithmic = true}});
  std::printf("\nwritten: %s\n", path.c_str());

  // What the figure shows, as a test.
  const bool vanishes = plain.gradients.front() < 1e-3 * plain.gradients.back();
  const bool arrives = normalised.gradients.front() > 0.1 * normalised.gradients.back();
  const bool learns = normalised.history.loss.back() < 0.9 * plain.history.loss.back();
  return vanishes && arrives && learns ? 0 : 1;
}
