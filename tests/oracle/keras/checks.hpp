/// @file
/// What the cases of tests/oracle/keras compare.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_oracle.hpp"
#include "train/check_oracle.hpp"

namespace strata::keras_test {

using test::check_oracle;
using train_test::check_loss;
using train_test::check_optimizer;

/// An activation at the points of a fixture, kinks among them: `name` has its values, `name`_slope its slopes.
template <class L>
void check_activation(const std::string& fixture_name, const std::string& name) {
  INFO(name);
  using V = simd::Vector<float>;
  const test::Fixture fixture(fixture_name);
  const std::vector<float> input = fixture.floats("input");
  std::vector<float> values(input.size()), slopes(input.size());
  const V unread(std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < input.size(); ++i) {
    const V x(input[i]), y = L::apply(x);
    simd::store_partial(&values[i], y, 1);
    simd::store_partial(&slopes[i], V(L::derivative(L::backward_needs.input ? x : unread,
                                                    L::backward_needs.output ? y : unread)), 1);
  }
  CHECK(train_test::difference(values, fixture.floats(name)) < 1e-6);
  CHECK(train_test::difference(slopes, fixture.floats(name + "_slope")) < 1e-6);
}

/// Layers of a network together: both forward modes, gradients and moving statistics.
template <class Net>
void check_network(const std::string& name) {
  INFO(name);
  const test::Fixture fixture(name);
  const auto compare = [&](const std::string& tensor, std::span<const float> values) {
    INFO(tensor);
    CHECK(train_test::difference(values, fixture.floats(tensor)) < 2e-5);
  };
  Model<Net> model;
  train_test::load(model, fixture, "");
  const std::vector<float> input = fixture.floats("input"), upstream = fixture.floats("output_gradient");
  const std::size_t batch = input.size() / Net::input_shape.size();
  compare("output", predict(model, std::span(input)));

  Executor<Net, simd::Vector<float>> executor;
  const float* output = executor.forward_training(model.parameters().data(), input.data(), batch, Random{Seed{1}});
  compare("output_training", {output, upstream.size()});
  std::copy(upstream.begin(), upstream.end(), executor.output_gradient());
  std::vector<float> gradients(Net::trainable_param_count);
  executor.backward(model.parameters().data(), gradients.data());
  const float* gradient = gradients.data();
  train_test::each_parameter(model, [&](const std::string& tensor, std::span<float> elements) {
    if (!fixture.has(tensor + "_gradient")) return;
    compare(tensor + "_gradient", {gradient, elements.size()});
    gradient += elements.size();
  });
}

template <class Target, class Metric>
void check_metric(const std::string& name, const Metric& metric) {
  INFO(name);
  const test::Fixture fixture(name);
  const std::vector<float> predictions = fixture.floats("predictions");
  const std::vector<Target> targets = train_test::targets_of<Target>(fixture);
  CHECK(metric(std::span<const float>(predictions), std::span<const Target>(targets),
               train_test::sample_shape(fixture, "predictions")) == Approx(fixture.floats("value")[0]).epsilon(1e-6));
}

template <class Schedule>
void check_schedule(const std::string& name, const Schedule& schedule) {
  INFO(name);
  const test::Fixture fixture(name);
  const std::vector<int> steps = fixture.ints("steps");
  const std::vector<float> rates = fixture.floats("rates");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    CAPTURE(steps[i]);
    CHECK(schedule(static_cast<std::size_t>(steps[i])) == Approx(rates[i]).epsilon(1e-5).margin(1e-9));
  }
}

/// Mean, deviation, least and largest of each parameter, as far as chance allows: 2 % and 8 % of the deviation with
/// the thousand elements that the smallest has.
template <class Net>
void check_initial_weights(const std::string& name) {
  const test::Fixture fixture(name);
  Model<Net> model{Seed{1}};
  train_test::each_parameter(model, [&](const std::string& tensor, std::span<float> elements) {
    INFO(tensor);
    const std::vector<float> keras = fixture.floats(tensor);
    double sum = 0, squares = 0;
    for (const double x : elements) sum += x, squares += x * x;
    const double count = static_cast<double>(elements.size()), mean = sum / count;
    const double deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
    const auto [least, largest] = std::minmax_element(elements.begin(), elements.end());
    CHECK(mean == Approx(keras[0]).margin(0.15 * keras[1]));
    CHECK(deviation == Approx(keras[1]).epsilon(0.08));
    CHECK(*least == Approx(keras[2]).epsilon(0.02));
    CHECK(*largest == Approx(keras[3]).epsilon(0.02));
  });
}

/// Losses and metrics of three epochs, and the parameters after them.
template <class Net, class Target, class Loss, class Optimizer>
void check_fit(const std::string& name, const Loss& loss, const Optimizer& optimizer) {
  INFO(name);
  const test::Fixture fixture(name);
  const auto data = [&](const std::string& prefix) {
    Samples samples{.shape = Net::input_shape};
    samples.inputs = fixture.floats(prefix + "inputs");
    if constexpr (std::is_same_v<Target, int>) samples.labels = fixture.ints(prefix + "targets");
    else samples.targets = fixture.floats(prefix + "targets");
    return Dataset(std::move(samples));
  };
  const Dataset train = data(""), validation = data("val_");
  Model<Net> model;
  train_test::load(model, fixture, "initial/");
  const FitOptions options{.epochs = 3, .batch_size = 8, .validation = &validation, .shuffle = false, .verbose = 0};
  const History history = [&] {
    if constexpr (std::is_same_v<Loss, MeanSquaredError>)
      return fit(model, train, optimizer, loss, options, MeanAbsoluteError{});
    else
      return fit(model, train, optimizer, loss, options, typename Loss::metric{});
  }();
  const auto compare = [&](const std::string& column, const std::vector<double>& values) {
    INFO(column);
    CHECK(train_test::difference(values, fixture.floats(column)) < 1e-5);
  };
  compare("loss", history.loss);
  compare("metric", history.metric);
  compare("val_loss", history.val_loss);
  compare("val_metric", history.val_metric);
  train_test::each_parameter(model, [&](const std::string& tensor, std::span<float> elements) {
    INFO(tensor);
    CHECK(train_test::difference(elements, fixture.floats("final/" + tensor)) < 2e-5);
  });
}

}  // namespace strata::keras_test
