// Normalization: given statistics, no training; counts as in Keras.
#include <algorithm>
#include <cmath>
#include <vector>

#include <strata/layers/dense.hpp>
#include <strata/layers/input_normalization.hpp>
#include <strata/train/evaluate.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"

using namespace strata;
using test::check_layer;

namespace {

struct Net : Sequential<Input<4, 5, 3>, Normalization> {};
static_assert(Net::trainable_param_count == 0);
static_assert(Net::non_trainable_param_count == 2 * 3 + 1);

struct Years : Sequential<Input<1>, Normalization> {};
struct Before : Sequential<Input<13>, Normalization, Dense<4>> {};

}  // namespace

TEST_CASE("Normalization") {
  check_layer<Normalization, Shape{3, 5, 7}>({.output = {3, 5, 7}, .state = 15});
  check_layer<Normalization, Shape{17}>({.output = {17}, .state = 35});
  check_layer<Normalization, Shape{4, 32}>({.output = {4, 32}, .state = 65});
}

TEST_CASE("Normalization is (x - mean) / deviation, as Keras guards it") {
  test::LayerRun<Normalization, Shape{2, 3}, double> run(2);
  run.randomize();
  const std::vector<double> mean{1, -2, 0.5}, variance{4, 0, 0.25};
  run.parameters[0].copy(mean);
  run.parameters[1].copy(variance);
  run.forward();
  for (std::size_t i = 0; i < run.output.size(); ++i) {
    const std::size_t c = i % 3;
    const double expected = (run.input.data()[i] - mean[c]) / std::max(std::sqrt(variance[c]), 1e-7);
    CHECK(run.output.data()[i] == Approx(expected));
  }
}

TEST_CASE("a mean far from 0 costs a Normalization no digits") {
  Model<Years> model;
  model.get<"normalization/mean">()(0) = 10'000;
  model.get<"normalization/variance">()(0) = 0x1p-16f;  // a deviation of 1/256
  const std::vector<float> inputs{10'000 - 5 * 0x1p-10f, 10'000, 10'000 + 0x1p-9f}, expected{-1.25f, 0, 0.5f};
  CHECK(predict(model, inputs) == expected);
  std::vector<float> outputs(3);
  const Engine<Years> engine{model};
  engine(inputs, outputs);
  CHECK(outputs == expected);
}

TEST_CASE("Normalization in a network") {
  Model<Before> model{Seed{1}};
  auto* state = model.parameters().data() + Before::trainable_param_count;  // mean, variance, count
  for (std::size_t c = 0; c < 13; ++c) state[c] = 0.1f * static_cast<float>(c), state[13 + c] = 1 + state[c];
  test::check_engine(model, 1e-5);
  test::check_gradients<Before>();
}

TEST_CASE("a Normalization starts as the identity") {
  const Model<Net> model{Seed{1}};
  CHECK(std::vector<float>(model.parameters().begin(), model.parameters().end()) ==
        std::vector<float>{0, 0, 0, 1, 1, 1, 0});
}
