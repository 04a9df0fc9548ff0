// DepthwiseConv2D: multipliers, strides, dilation; what it does not take.
#include <string_view>

#include <strata/layers/activations.hpp>
#include <strata/layers/depthwise_conv2d.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("DepthwiseConv2D") {
  check_layer<DepthwiseConv2D<3>, Shape{5, 6, 3}>({.output = {3, 4, 3}, .trainable = 30, .macs = 324});
  check_layer<DepthwiseConv2D<3, Same, Strides{2}>, Shape{7, 6, 17}>(
      {.output = {4, 3, 17}, .trainable = 170, .macs = 1836});
  check_layer<DepthwiseConv2D<Kernel{2, 3}, Same, DepthMultiplier{3}, NoBias>, Shape{4, 5, 2}>(
      {.output = {4, 5, 6}, .trainable = 36, .macs = 720});
  check_layer<DepthwiseConv2D<3, Same, Dilation{2}>, Shape{6, 7, 16}>(
      {.output = {6, 7, 16}, .trainable = 160, .macs = 6048});
}

TEST_CASE("DepthwiseConv2D against PyTorch and TensorFlow.js") {
  check_oracle<DepthwiseConv2D<3, Same, Strides{2}>, Shape{7, 6, 5}>("pytorch/depthwise_conv2d");
  check_oracle<DepthwiseConv2D<3, DepthMultiplier{2}>, Shape{7, 5, 4}>("pytorch/depthwise_conv2d_multiplier_2");
  check_oracle<DepthwiseConv2D<3, DepthMultiplier{2}, Same, Strides{2}>, Shape{7, 6, 3}>("tfjs/depthwise_conv2d");
}

TEST_CASE("what a DepthwiseConv2D does not take") {
  static_assert(std::string_view(DepthwiseConv2D<3>::check({30}).rule) == "a convolution needs an image");
  static_assert(std::string_view(DepthwiseConv2D<3>::check({2, 9, 1}).rule) == "the kernel is larger than the input");
  static_assert(DepthwiseConv2D<3, DepthMultiplier{0}>::check({9, 9, 1}).received == "0");
  SUCCEED();
}
