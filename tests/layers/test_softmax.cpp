// Softmax over the last axis: any number of channels, and inputs whose exponentials overflow.

#include <vector>

#include <strata/layers/softmax.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("Softmax") {
  check_layer<Softmax, Shape{1}>({.output = {1}});
  check_layer<Softmax, Shape{10}>({.output = {10}});
  check_layer<Softmax, Shape{2, 3, 3}>({.output = {2, 3, 3}});
  check_layer<Softmax, Shape{5, 8}>({.output = {5, 8}});
  check_layer<Softmax, Shape{2, 2, 17}>({.output = {2, 2, 17}});
  check_layer<Softmax, Shape{33}>({.output = {33}});
  static_assert(rules<Softmax>::link == Link::softmax);
}

TEST_CASE("Softmax against PyTorch and TensorFlow.js") {
  check_oracle<Softmax, Shape{3, 4, 5}>("pytorch/activation_softmax");
  check_oracle<Softmax, Shape{11}>("pytorch/activation_softmax_flat");
  check_oracle<Softmax, Shape{3, 5, 7}>("tfjs/activation_softmax");
}

TEST_CASE("Softmax of very large and very small inputs") {
  test::LayerRun<Softmax, Shape{3}, float> run(2);
  run.input.copy(std::vector{1e30f, 1e30f, -1e30f, -1000.0f, -1000.0f, -1000.0f});
  run.forward();
  CHECK(test::difference(run.output.span(), std::vector{0.5, 0.5, 0.0, 1.0 / 3, 1.0 / 3, 1.0 / 3}) < 1e-6);
}
