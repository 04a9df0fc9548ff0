#include <cmath>
#include <vector>

#include <strata/strata.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {
struct Net : Sequential<Input<8, 8, 3>, Conv2D<16, 3, Same>, BatchNorm, ReLU, Conv2D<8, 3, NoBias>, BatchNorm, Flatten,
                        Dense<10>> {};
}

TEST_CASE("parameters are one span: trainable tensors, then the state", "[runtime]") {
  Model<Net> model{Seed{1}};
  REQUIRE(model.parameters().size() == Net::param_count);
  REQUIRE(model.trainable().size() == Net::trainable_param_count);
  REQUIRE(reinterpret_cast<std::uintptr_t>(model.parameters().data()) % arena_alignment == 0);
  REQUIRE(model.get<"conv2d/kernel">().data() == model.parameters().data());
  REQUIRE(model.get<"batch_normalization/moving_mean">().data() ==
          model.parameters().data() + Net::trainable_param_count);
  REQUIRE(model.get<"conv2d_1/kernel">().shape == Shape{3, 3, 16, 8});
  REQUIRE(model.get<"dense/kernel">().shape == Shape{6 * 6 * 8, 10});

  std::size_t elements = 0;
  std::vector<std::string> names;
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float> values) {
    elements += values.size();
    names.push_back(std::string(std::string_view(Text(node.name))) + "/" + std::string(parameter.name));
  });
  REQUIRE(elements == Net::param_count);
  REQUIRE(names.front() == "conv2d/kernel");
  REQUIRE(names[6] == "conv2d_1/kernel");
  REQUIRE(names.back() == "dense/bias");
}

TEST_CASE("a view indexes its tensor", "[runtime]") {
  Model<Net> model;
  auto kernel = model.get<"conv2d_1/kernel">();
  kernel(2, 1, 5, 7) = 42.0f;
  REQUIRE(kernel.elements[((2 * 3 + 1) * 16 + 5) * 8 + 7] == 42.0f);
  REQUIRE(std::as_const(model).get<"conv2d_1/kernel">()(2, 1, 5, 7) == 42.0f);
}

TEST_CASE("initial values are Keras'", "[runtime]") {
  const Model<Net> model{Seed{5}};
  const double limit = std::sqrt(6.0 / (9 * 3 + 9 * 16));
  double sum = 0, squares = 0, largest = 0;
  const auto kernel = model.get<"conv2d/kernel">();
  for (const float value : kernel) {
    sum += value;
    squares += value * value;
    largest = std::max(largest, std::abs(static_cast<double>(value)));
  }
  const double n = static_cast<double>(kernel.size());
  REQUIRE(largest <= limit);
  REQUIRE(largest > 0.9 * limit);
  REQUIRE(std::abs(sum / n) < 4 * limit / std::sqrt(3 * n));                    // a uniform's mean: 4 sigma
  REQUIRE(squares / n == Approx(limit * limit / 3).epsilon(4 * std::sqrt(0.8 / n)));  // and variance
  for (const float value : model.get<"conv2d/bias">()) REQUIRE(value == 0.0f);
  for (const float value : model.get<"batch_normalization/gamma">()) REQUIRE(value == 1.0f);
  for (const float value : model.get<"batch_normalization/moving_mean">()) REQUIRE(value == 0.0f);
  for (const float value : model.get<"batch_normalization/moving_variance">()) REQUIRE(value == 1.0f);
}

TEST_CASE("the same seed gives the same model, another seed another", "[runtime]") {
  const Model<Net> a{Seed{1}}, b{Seed{1}}, c{Seed{2}};
  REQUIRE(std::equal(a.parameters().begin(), a.parameters().end(), b.parameters().begin()));
  REQUIRE_FALSE(std::equal(a.parameters().begin(), a.parameters().end(), c.parameters().begin()));
}
