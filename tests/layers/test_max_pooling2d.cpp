// MaxPooling2D: windows inside, over the edge, overlapping, apart; which cell gets the gradient.

#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <strata/layers/max_pooling2d.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("MaxPooling2D") {
  check_layer<MaxPooling2D<>, Shape{5, 4, 1}>({.output = {2, 2, 1}});
  check_layer<MaxPooling2D<>, Shape{4, 7, 3}>({.output = {2, 3, 3}});
  check_layer<MaxPooling2D<3, Strides{2}, Same>, Shape{5, 6, 8}>({.output = {3, 3, 8}});
  check_layer<MaxPooling2D<3, Same, Strides{1}>, Shape{4, 3, 17}>({.output = {4, 3, 17}});
  check_layer<MaxPooling2D<Kernel{2, 3}, Strides{3, 1}>, Shape{6, 5, 33}>({.output = {2, 3, 33}});
  check_layer<MaxPooling2D<5, Same>, Shape{3, 7, 3}>({.output = {1, 2, 3}});
}

TEST_CASE("MaxPooling2D against PyTorch and TensorFlow.js") {
  for (const std::string oracle : {"pytorch/", "tfjs/"}) {
    check_oracle<MaxPooling2D<>, Shape{7, 6, 5}>(oracle + "max_pooling2d");
    check_oracle<MaxPooling2D<3, Strides{2}, Same>, Shape{7, 5, 3}>(oracle + "max_pooling2d_3_strides_2_same_odd");
    check_oracle<MaxPooling2D<3, Strides{2}, Same>, Shape{8, 6, 8}>(oracle + "max_pooling2d_3_strides_2_same_even");
  }
  check_oracle<MaxPooling2D<Kernel{3, 2}>, Shape{8, 7, 3}>("pytorch/max_pooling2d_3x2");
}

TEST_CASE("the first of equal cells gets the gradient") {
  test::LayerRun<MaxPooling2D<>, Shape{2, 4, 1}, float> run(1);
  run.input.copy(std::vector{1, 5, 2, 2,  //
                             5, 5, 2, 2});
  run.output_gradient.copy(std::vector{10, 20});
  run.backward();
  CHECK(test::difference(run.input_gradient.span(), std::vector{0, 10, 20, 0, 0, 0, 0, 0}) == 0);
}

TEST_CASE("a NaN anywhere in the window is its maximum and gets the gradient") {  // numpy.max
  for (std::size_t cell = 0; cell < 4; ++cell) {
    test::LayerRun<MaxPooling2D<>, Shape{2, 2, 1}, float> run(1);
    std::vector<float> x{1, 2, 3, 4}, gradient(4);
    x[cell] = std::numeric_limits<float>::quiet_NaN();
    gradient[cell] = 8;
    run.input.copy(x);
    run.output_gradient.copy(std::vector{8});
    run.forward();
    CHECK(std::isnan(run.output[0]));
    run.backward();
    CHECK(test::difference(run.input_gradient.span(), gradient) == 0);
  }
}

TEST_CASE("gradients of overlapping windows add up") {
  test::LayerRun<MaxPooling2D<2, Strides{1}>, Shape{3, 3, 1}, float> run(1);
  run.input.copy(std::vector{1, 2, 3, 4, 9, 5, 6, 7, 8});
  run.output_gradient.copy(std::vector{1, 2, 4, 8});
  run.backward();
  CHECK(test::difference(run.input_gradient.span(), std::vector{0, 0, 0, 0, 15, 0, 0, 0, 0}) == 0);
}

TEST_CASE("what a pooling does not take") {
  constexpr auto rule = [](const Problem& problem) { return std::string_view(problem.rule); };
  static_assert(rule(MaxPooling2D<4>::check({3, 5, 1})) == "the pool is larger than the input");
  static_assert(!MaxPooling2D<4, Same>::check({3, 5, 1}));
  static_assert(rule(MaxPooling2D<>::check({30})) == "pooling needs an image");
  static_assert(rule(MaxPooling2D<0>::check({4, 4, 1})) == "the pool size is not positive");
  static_assert(rule(MaxPooling2D<2, Strides{1, -1}>::check({4, 4, 1})) == "the strides are not positive");
  static_assert(rule(MaxPooling2D<2, Dilation{2}>::check({4, 4, 1})) == "unknown option");
  static_assert(MaxPooling2D<2, Dilation{2}>::check({4, 4, 1}).received == "Dilation");
  static_assert(rule(MaxPooling2D<2, activation<MaxPooling2D<>>>::check({4, 4, 1})) == "unknown option");
  static_assert(rule(MaxPooling2D<2, Same, Valid>::check({4, 4, 1})) == "repeated option");
  SUCCEED();
}
