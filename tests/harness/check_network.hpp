/// @file
/// A whole network: its gradients by finite differences, in one thread and in three; Engine against Executor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <strata/graph/sequential.hpp>
#include <strata/runtime/engine.hpp>
#include <strata/runtime/executor.hpp>
#include <strata/runtime/model.hpp>

#include "harness/guarded.hpp"

namespace strata::test {

/// So many threads, one after the other.
struct Turns {
  std::size_t count = 3;

  std::size_t threads() const { return count; }
  template <class F>
  void run(F&& f) const {
    for (std::size_t t = 0; t < count; ++t) f(t);
  }
};

template <class T>
std::vector<T> noise(std::size_t size, std::uint64_t seed) {
  std::vector<T> values(size);
  const Random random{Seed{seed}};
  for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<T>(2 * random.uniform(i) - 1);
  return values;
}

/// A model whose every parameter is random, moving averages included.
template <class Net>
Model<Net> random_model() {
  Model<Net> model{Seed{11}};
  const Random random{Seed{12}};
  std::uint64_t counter = 0;
  model.for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<float> values) {
    for (float& value : values) {
      const double draw = random.uniform(counter++);
      if (parameter.initializer.kind != Initializer::glorot_uniform) value = static_cast<float>(0.5 + draw);
    }
  });
  return model;
}

/// The outputs of a network without parameters.
template <class Net>
std::vector<float> output(const std::vector<float>& input) {
  Executor<Net, simd::Vector<float>> executor;
  const float* values = executor.forward(nullptr, input.data(), 1);
  return {values, values + Net::output_shape.size()};
}

/// sum(output * weights) and its gradient by the parameters.
template <class Net, class T, class Parallel = Serial>
class Objective {
 public:
  static constexpr std::size_t batch = 5;

  explicit Objective(Parallel parallel = {}) : executor_(parallel) {}

  double value(const Model<Net, T>& model) {
    const T* output = executor_.forward_training(model.parameters().data(), input_.data(), batch, Random{Seed{1}});
    double sum = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i)
      sum += static_cast<double>(output[i]) * static_cast<double>(weights_[i]);
    return sum;
  }
  std::vector<T> gradient(const Model<Net, T>& model) {
    value(model);
    std::copy(weights_.begin(), weights_.end(), executor_.output_gradient());
    std::vector<T> gradients(Net::trainable_param_count, T(77));
    executor_.backward(model.parameters().data(), gradients.data());
    return gradients;
  }

 private:
  Executor<Net, simd::Vector<T>, Parallel> executor_;
  std::vector<T> input_ = noise<T>(batch * Net::input_shape.size(), 2);
  std::vector<T> weights_ = noise<T>(batch * Net::output_shape.size(), 3);
};

/// The gradient of every parameter, or of some hundreds of them, by finite differences of `objective`; in one thread and
/// in three.
void check_gradients(std::span<double> parameters, const std::function<double()>& objective,
                     const std::vector<double>& gradients, const std::vector<double>& in_threads);

template <class Net>
void check_gradients() {
  Model<Net, double> model{Seed{4}};
  Objective<Net, double, Turns> one{Turns{1}}, three;  // one type: half of the compiler's time
  const auto gradients = one.gradient(model);
  check_gradients(model.trainable(), [&] { return one.value(model); }, gradients, three.gradient(model));
}

void require_close(std::span<const float> values, std::span<const float> expected, double tolerance);

/// Inference by the engine, fused, is that of the layers one by one.
template <class Net, class Precision = Fast>
void check_engine(const Model<Net>& model, double tolerance) {
  const Engine<Net, Precision> engine{model};
  Executor<Net, simd::Vector<float>> executor;
  for (const std::size_t batch : {1, 3, 13}) {
    Guarded<float> input(batch * Net::input_shape.size()), output(batch * Net::output_shape.size());
    input.copy(noise<float>(input.size(), 13));
    engine(input.span(), output.span());
    require_close(output.span(), {executor.forward(model.parameters().data(), input.data(), batch), output.size()},
                  tolerance);
    CHECK((input.intact() && output.intact()));
  }
}

}  // namespace strata::test
