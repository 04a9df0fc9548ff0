// GlobalAveragePooling2D and GlobalMaxPooling2D.

#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <strata/layers/global_average_pooling2d.hpp>
#include <strata/layers/global_max_pooling2d.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEMPLATE_TEST_CASE("global poolings", "", GlobalAveragePooling2D, GlobalMaxPooling2D) {
  check_layer<TestType, Shape{1, 1, 1}>({.output = {1}});
  check_layer<TestType, Shape{5, 3, 3}>({.output = {3}});
  check_layer<TestType, Shape{2, 7, 8}>({.output = {8}});
  check_layer<TestType, Shape{4, 4, 17}>({.output = {17}});
  check_layer<TestType, Shape{3, 3, 33}>({.output = {33}});
  static_assert(std::string_view(TestType::check({12}).rule) == "pooling needs an image");
}

TEST_CASE("global poolings against PyTorch and TensorFlow.js") {
  for (const std::string oracle : {"pytorch/", "tfjs/"}) {
    check_oracle<GlobalAveragePooling2D, Shape{5, 3, 6}>(oracle + "global_average_pooling2d");
    check_oracle<GlobalMaxPooling2D, Shape{5, 3, 6}>(oracle + "global_max_pooling2d");
  }
}

// By Keras 3.15; numpy.max.
TEST_CASE("equal maxima of an image share the gradient, a NaN is the maximum of its channel") {
  test::LayerRun<GlobalMaxPooling2D, Shape{2, 2, 2}, float> run(1);
  run.input.copy(std::vector{1, 7, 5, 3, 5, 4, 5, 2});
  run.output_gradient.copy(std::vector{6, 1});
  run.backward();
  CHECK(test::difference(run.input_gradient.span(), std::vector{0, 1, 2, 0, 2, 0, 2, 0}) == 0);
  run.input.data()[4] = std::numeric_limits<float>::quiet_NaN();
  run.forward();
  CHECK(std::isnan(run.output[0]));
  CHECK(run.output[1] == 7);
  run.backward();
  CHECK(test::difference(run.input_gradient.span(), std::vector{0, 1, 0, 0, 6, 0, 0, 0}) == 0);
}

TEST_CASE("the mean of a large image is not worse than its values") {
  test::LayerRun<GlobalAveragePooling2D, Shape{200, 300, 3}, float> run(1);
  run.input.copy(std::vector<float>(run.input.size(), 0.1f));
  run.forward();
  for (const float mean : run.output.span()) CHECK(mean == Approx(0.1f).epsilon(3e-6));
}
