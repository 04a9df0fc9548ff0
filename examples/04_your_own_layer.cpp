// Lesson 4: layers of your own. They stand beside the library's: fused, trained, counted, saved.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iostream>
#include <vector>

#include <strata/data/synthetic.hpp>
#include <strata/strata.hpp>

using namespace strata;

// An activation is a function and its derivative, on SIMD vectors: y = max(0, x)^2 (So et al. 2021, "Primer").
struct SquaredReLU : Elementwise<SquaredReLU> {
  static constexpr Needs backward_needs{.output = false};  // the derivative reads x only: one tensor less to keep
  template <class V> static V apply(V x) { const V r = simd::max(V(0), x); return r * r; }
  template <class V> static V derivative(V x, V /*y*/) { return V(2) * simd::max(V(0), x); }
};

// A layer with parameters says what they are, and how to compute forward and backward; all else follows. This one is a
// leaky ReLU with a slope to learn for each channel: y = x where x > 0, else slope[c] x.
struct LearnedSlope {
  static constexpr const char* class_name = "LearnedSlope";
  static constexpr Needs backward_needs{.output = false};

  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    return {{.name = "slope", .shape = {in.channels()}, .initializer = {.kind = Initializer::constant, .value = 0.25}}};
  }

  template <class Call>
  static void forward(const Call& call) {
    for_each<Call>(call.batch, [&](std::size_t i, std::size_t c) {
      const auto x = call.input[i];
      call.output[i] = x > 0 ? x : call.parameters[0][c] * x;
    });
  }

  template <class Call>
  static void backward(const Call& call) {
    auto* const slope_gradient = call.parameter_gradients[0];  // to be added to: a batch comes in parts
    for_each<Call>(call.batch, [&](std::size_t i, std::size_t c) {
      if (call.input[i] <= 0) slope_gradient[c] += call.output_gradient[i] * call.input[i];
    });
    if (call.input_gradient == nullptr) return;  // nobody reads it: this is the first layer
    for_each<Call>(call.batch, [&](std::size_t i, std::size_t c) {
      call.input_gradient[i] = call.output_gradient[i] * (call.input[i] > 0 ? 1 : call.parameters[0][c]);
    });
  }

 private:
  /// use(element, channel) for the whole batch. Channels are the last axis.
  template <class Call, class Use>
  static void for_each(std::size_t batch, Use use) {
    constexpr std::size_t channels = Call::input_shape.channels();
    for (std::size_t row = 0; row < batch * Call::input_shape.positions(); ++row)
      for (std::size_t c = 0; c < channels; ++c) use(row * channels + c, c);
  }
};

struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<8, 3, Same, Strides{2}>, BatchNormWith<Momentum{0.9}>, LearnedSlope,
    Conv2D<16, 3, Same, Strides{2}>, BatchNormWith<Momentum{0.9}>, SquaredReLU,
    Conv2D<32, 3, Same, Strides{2}, activation<SquaredReLU>>,
    Flatten, Dense<10>> {};

// The slopes are counted like any other parameter ...
static_assert(Net::trainable_param_count ==
              (3 * 9 * 8 + 8) + 2 * 8 + 8 + (8 * 9 * 16 + 16) + 2 * 16 + (16 * 9 * 32 + 32) + (4 * 4 * 32 * 10 + 10));
// ... and the activation is fused: inference runs three convolutions, the slopes and Dense. No step is a SquaredReLU.
static_assert(Net::inference_plan().step_count == 5);

/// How far the slopes' gradient is from the difference quotient, relative to its size. In double: float is too coarse.
double gradient_error(const Dataset& data) {
  Model<Net, double> model{Seed{7}};
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = 0}};  // only looks
  const std::vector<float> image = data.sample(0);
  const std::vector<double> input(image.begin(), image.end());
  const auto loss = [&] { return trainer.step(input, data.labels().first(1)); };

  double error = 0, size = 0;
  const auto slopes = model.get<"learned_slope/slope">();
  for (std::size_t c = 0; c < slopes.size(); ++c) {
    constexpr double h = 1e-6;
    const double before = slopes(c);
    slopes(c) = before + h;
    const double above = loss();
    slopes(c) = before - h;
    const double below = loss();
    slopes(c) = before;
    loss();
    const double gradient = trainer.gradient<"learned_slope/slope">()(c);
    error += std::abs(gradient - (above - below) / (2 * h));
    size += std::abs(gradient);
  }
  return error / size;
}

int main() {
  std::cout << summary<Net>();

  const Dataset train = synthetic_images(2'000, Seed{1}), test = synthetic_images(500, Seed{2});

  // A hand-written derivative deserves a check.
  const double error = gradient_error(train);
  std::cout << "gradient of the slopes against the difference quotient: relative error " << error << "\n";
  if (!(error < 1e-5)) return 1;

  Model<Net> model{Seed{42}};
  const History history = fit(model, train, Adam{.learning_rate = 2e-3f},
                              SparseCategoricalCrossentropy{.from_logits = true}, {.epochs = 4, .validation = &test});
  std::cout << "learned slopes:";
  for (const float slope : model.get<"learned_slope/slope">()) std::cout << ' ' << slope;
  std::cout << "\n";
  return history.val_metric.back() > 0.5 ? 0 : 1;
}
