// Conv2D: every option, alone and together, on odd sizes and channel counts.
#include <string>

#include <strata/layers/conv2d.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"
#include "harness/convolution_rule.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;
using test::check_rule;

// What needs no kernel: shapes and counts.
static_assert(Conv2D<8, 3>::output_shape({7, 5, 3}) == Shape{5, 3, 8});
static_assert(Conv2D<8, 3>::macs({7, 5, 3}) == 15 * 8 * 27);
static_assert(Conv2D<4, Kernel{3, 1}, Strides{1, 3}, NoBias>::output_shape({5, 7, 1}) == Shape{3, 3, 4});
static_assert(Conv2D<4, Kernel{3, 1}, Strides{1, 3}, NoBias>::macs({5, 7, 1}) == 9 * 4 * 3);
static_assert(Conv2D<4, Kernel{3, 1}, Strides{1, 3}, NoBias>::parameters({5, 7, 1}).count == 1);
static_assert(Conv2D<6, 3, Dilation{2}, Same>::output_shape({6, 5, 3}) == Shape{6, 5, 6});
static_assert(Conv2D<6, 3, Dilation{2}, Same>::macs({6, 5, 3}) == 30 * 6 * 27);
static_assert(Conv2D<6, 3, Same, Groups{3}>::parameters({4, 5, 9}).list[0].shape == Shape{3, 3, 3, 6});

TEST_CASE("Conv2D") {
  // By Winograd on AVX2, SSE2 and NEON: the input's gradient is off by 1.1e-5 to 2.0e-5 (direct, on AVX-512: 2e-6).
  check_layer<Conv2D<17, 3, Same>, Shape{6, 7, 5}>(
      {.output = {6, 7, 17}, .trainable = 45 * 17 + 17, .macs = 42 * 17 * 45}, 3e-5);
  check_layer<Conv2D<33, 2, Same, Strides{2}>, Shape{3, 5, 8}>(
      {.output = {2, 3, 33}, .trainable = 32 * 33 + 33, .macs = 6 * 33 * 32});
  check_layer<Conv2D<6, 3, Same, Groups{3}>, Shape{4, 5, 9}>(
      {.output = {4, 5, 6}, .trainable = 9 * 3 * 6 + 6, .macs = 20 * 6 * 27});
  check_layer<Conv2D<19, 1>, Shape{3, 3, 33}>({.output = {3, 3, 19}, .trainable = 33 * 19 + 19, .macs = 9 * 19 * 33});
  check_layer<Conv2D<3, 5, Same>, Shape{2, 3, 3}>({.output = {2, 3, 3}, .trainable = 75 * 3 + 3, .macs = 6 * 3 * 75});
}

TEST_CASE("the rules of Conv2D against PyTorch and TensorFlow.js") {
  check_rule<Conv2D<8, 3>, Shape{7, 5, 3}>("pytorch/conv2d_valid");
  check_rule<Conv2D<8, 3, Same>, Shape{7, 5, 3}>("pytorch/conv2d_same");
  check_rule<Conv2D<5, Kernel{3, 5}>, Shape{6, 9, 4}>("pytorch/conv2d_kernel_3x5");
  check_rule<Conv2D<5, Kernel{3, 5}, Same>, Shape{6, 9, 4}>("pytorch/conv2d_kernel_3x5_same");
  check_rule<Conv2D<6, 4, Same>, Shape{7, 6, 3}>("pytorch/conv2d_kernel_4x4_same");
  check_rule<Conv2D<9, 5, Same, Strides{3}>, Shape{10, 11, 2}>("pytorch/conv2d_kernel_5x5_same_strides_3");
  check_rule<Conv2D<8, 3, Same, Strides{2}>, Shape{7, 5, 3}>("pytorch/conv2d_same_strides_2_odd");
  check_rule<Conv2D<8, 3, Same, Strides{2}>, Shape{8, 6, 3}>("pytorch/conv2d_same_strides_2_even");
  check_rule<Conv2D<7, 3, Strides{2, 1}>, Shape{8, 7, 5}>("pytorch/conv2d_strides_2x1");
  check_rule<Conv2D<7, 3, Same, Strides{2, 1}>, Shape{8, 7, 5}>("pytorch/conv2d_same_strides_2x1");
  check_rule<Conv2D<6, 3, Dilation{2}>, Shape{9, 7, 3}>("pytorch/conv2d_dilation_2");
  check_rule<Conv2D<6, 3, Same, Dilation{2}>, Shape{7, 5, 3}>("pytorch/conv2d_dilation_2_same");
  check_rule<Conv2D<10, 3, Same, Groups{2}>, Shape{7, 5, 6}>("pytorch/conv2d_groups_2");
  check_rule<Conv2D<8, 3, Same, Groups{8}>, Shape{7, 5, 8}>("pytorch/conv2d_groups_channels");
  check_rule<Conv2D<8, 3, Same, NoBias>, Shape{7, 5, 3}>("pytorch/conv2d_no_bias");
  check_rule<Conv2D<11, 1>, Shape{5, 3, 7}>("pytorch/conv2d_1x1");
  check_rule<Conv2D<11, 1, Strides{2}>, Shape{5, 4, 7}>("pytorch/conv2d_1x1_strides_2");
  check_rule<Conv2D<32, 3, Same>, Shape{9, 8, 16}>("pytorch/conv2d_16_to_32");

  check_rule<Conv2D<8, 3>, Shape{7, 5, 3}>("tfjs/conv2d_valid");
  check_rule<Conv2D<7, Kernel{3, 5}, Same>, Shape{7, 5, 3}>("tfjs/conv2d_same");
  check_rule<Conv2D<6, 4, Same>, Shape{7, 6, 3}>("tfjs/conv2d_kernel_4x4_same");
  check_rule<Conv2D<8, 3, Same, Strides{2}>, Shape{7, 5, 3}>("tfjs/conv2d_same_strides_2_odd");
  check_rule<Conv2D<8, 3, Same, Strides{2}>, Shape{8, 6, 3}>("tfjs/conv2d_same_strides_2_even");
  check_rule<Conv2D<11, 1, Strides{2}, NoBias>, Shape{5, 4, 7}>("tfjs/conv2d_1x1_strides_2");
  check_rule<Conv2D<6, 3, Dilation{2}>, Shape{9, 7, 3}>("tfjs/conv2d_dilation_2");
  check_rule<Conv2D<6, 3, Same, Dilation{2}>, Shape{7, 6, 3}>("tfjs/conv2d_dilation_2_same");
}

// Of each kind of geometry one, through the kernels.
TEST_CASE("Conv2D against PyTorch and TensorFlow.js") {
  check_oracle<Conv2D<8, 3>, Shape{7, 5, 3}>("pytorch/conv2d_valid");
  check_oracle<Conv2D<8, 3>, Shape{7, 5, 3}>("tfjs/conv2d_valid");
  check_oracle<Conv2D<5, Kernel{3, 5}, Same>, Shape{6, 9, 4}>("pytorch/conv2d_kernel_3x5_same");
  check_oracle<Conv2D<6, 4, Same>, Shape{7, 6, 3}>("pytorch/conv2d_kernel_4x4_same");
  check_oracle<Conv2D<9, 5, Same, Strides{3}>, Shape{10, 11, 2}>("pytorch/conv2d_kernel_5x5_same_strides_3");
  check_oracle<Conv2D<8, 3, Same, Strides{2}>, Shape{8, 6, 3}>("pytorch/conv2d_same_strides_2_even");
  check_oracle<Conv2D<8, 3, Same, Strides{2}>, Shape{8, 6, 3}>("tfjs/conv2d_same_strides_2_even");
  check_oracle<Conv2D<7, 3, Same, Strides{2, 1}>, Shape{8, 7, 5}>("pytorch/conv2d_same_strides_2x1");
  check_oracle<Conv2D<6, 3, Same, Dilation{2}>, Shape{7, 5, 3}>("pytorch/conv2d_dilation_2_same");
  check_oracle<Conv2D<10, 3, Same, Groups{2}>, Shape{7, 5, 6}>("pytorch/conv2d_groups_2");
  check_oracle<Conv2D<8, 3, Same, Groups{8}>, Shape{7, 5, 8}>("pytorch/conv2d_groups_channels");
  check_oracle<Conv2D<11, 1, Strides{2}, NoBias>, Shape{5, 4, 7}>("tfjs/conv2d_1x1_strides_2");
  // By Winograd: what its gradient by the weights loses is about 1e-5 of their size (direct: 1e-6).
  check_oracle<Conv2D<32, 3, Same>, Shape{9, 8, 16}>("pytorch/conv2d_16_to_32", 3e-5);
}

TEST_CASE("SAME padding puts the odd cell after, as Keras") {
  constexpr auto before = [](int in, int kernel, int stride) {
    return window_over({in, in, 1}, kernel, stride, 1, Same).before.height;
  };
  constexpr auto after = [](int in, int kernel, int stride) {
    return window_over({in, in, 1}, kernel, stride, 1, Same).after.height;
  };
  STATIC_REQUIRE(before(224, 7, 2) == 2);
  STATIC_REQUIRE(after(224, 7, 2) == 3);
  STATIC_REQUIRE(before(32, 3, 2) == 0);
  STATIC_REQUIRE(after(32, 3, 2) == 1);
  STATIC_REQUIRE(before(32, 4, 1) == 1);
  STATIC_REQUIRE(after(32, 4, 1) == 2);
}

TEST_CASE("what a convolution does not take") {
  const auto rule = [](const Problem& problem) { return std::string(problem.rule == nullptr ? "" : problem.rule); };
  CHECK(rule(Conv2D<8, 3>::check({3, 3, 4})) == "");
  CHECK(rule(Conv2D<8, 3, Same>::check({1, 1, 4})) == "");
  CHECK(rule(Conv2D<8, 3>::check({2, 3, 4})) == "the kernel is larger than the input");
  CHECK(rule(Conv2D<8, 3, Dilation{2}>::check({4, 9, 4})) == "the kernel is larger than the input");
  CHECK(rule(Conv2D<8, 3, Groups{3}>::check({9, 9, 4})) == "the groups do not divide the input channels");
  CHECK(rule(Conv2D<8, 3, Groups{3}>::check({9, 9, 6})) == "the groups do not divide the filters");
  CHECK(rule(Conv2D<8, 3, Groups{0}>::check({9, 9, 6})) == "the groups do not divide the input channels");
  CHECK(rule(Conv2D<0, 3>::check({9, 9, 6})) == "the number of filters is not positive");
  CHECK(rule(Conv2D<8, 0>::check({9, 9, 6})) == "the kernel size is not positive");
  CHECK(rule(Conv2D<8, 3, Strides{0}>::check({9, 9, 6})) == "the strides are not positive");
  CHECK(rule(Conv2D<8, 3, Dilation{-1}>::check({9, 9, 6})) == "the dilation is not positive");
  CHECK(rule(Conv2D<8, 3, Strides{2}, Dilation{2}>::check({9, 9, 6})) == "strides and dilation together");
  CHECK(rule(Conv2D<8, 3>::check({9})) == "a convolution needs an image");
}
