// PReLU: one slope for each element, or shared.
#include <string_view>
#include <vector>

#include <strata/layers/p_relu.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("PReLU") {
  check_layer<PReLU<>, Shape{3, 2, 5}>({.output = {3, 2, 5}, .trainable = 30});
  check_layer<PReLU<SharedAxes{1, 2}>, Shape{3, 2, 5}>({.output = {3, 2, 5}, .trainable = 5});
  check_layer<PReLU<SharedAxes{3}>, Shape{3, 2, 5}>({.output = {3, 2, 5}, .trainable = 6});
  check_layer<PReLU<SharedAxes{1, 3}>, Shape{3, 2, 5}>({.output = {3, 2, 5}, .trainable = 2});
  check_layer<PReLU<>, Shape{7}>({.output = {7}, .trainable = 7});
  static_assert(PReLU<SharedAxes{1, 2}>::parameters({3, 2, 5}).list[0].shape == Shape{1, 1, 5});
  static_assert(PReLU<SharedAxes{2}>::check({7}).received == "axis 2");
}

TEST_CASE("the gradient of a PReLU at 0 is 0, as in Keras") {
  test::LayerRun<PReLU<>, Shape{3}, float> run(1);
  run.parameters[0].copy(std::vector{0.5, 0.5, 0.5});
  run.input.copy(std::vector{-1, 0, 1});
  run.output_gradient.copy(std::vector{4, 4, 4});
  run.backward();
  CHECK(test::difference(run.input_gradient.span(), std::vector{2, 0, 4}) == 0);
  CHECK(test::difference(run.gradients[0].span(), std::vector{-4, 0, 0}) == 0);
}

TEST_CASE("PReLU against PyTorch and TensorFlow.js") {
  check_oracle<PReLU<>, Shape{3, 5, 7}>("pytorch/activation_p_relu");
  check_oracle<PReLU<>, Shape{3, 5, 7}>("tfjs/activation_p_relu");
}
