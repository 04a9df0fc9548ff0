// Explicit padding: of convolutions, transposed convolutions and poolings, against PyTorch; where layers refuse it; in
// networks, where it lies in borders.
#include <string_view>

#include <strata/strata.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"
#include "harness/check_oracle.hpp"
#include "harness/convolution_rule.hpp"

using namespace strata;
using test::check_oracle, test::check_rule;

namespace {

/// What reads borders and what shares them, a pooling that reads one, one inside of another padding.
struct Images : Sequential<
    Input<13, 12, 3>, Conv2D<8, 5, Strides{2}, Pad{2}, NoBias>, BatchNorm, ReLU, MaxPooling2D<3, Strides{2}, Pad{1}>,
    Residual<Conv2D<8, 3, Pad{1}>>, ReLU, DepthwiseConv2D<3, Pad{0, 1, 2, 1}>, ZeroPadding2D<1>,
    Conv2D<4, 3, Pad{1, 0}>, Conv2DTranspose<4, 4, Strides{2}, Pad{1}>, Flatten, Dense<2>> {};

template <class L>
constexpr std::string_view rule(Shape in) {
  const Problem problem = L::check(in);
  return problem ? problem.rule : "";
}

}  // namespace

TEST_CASE("explicit padding of convolutions is PyTorch's") {
  check_oracle<Conv2D<8, 7, Strides{2}, Pad{3}>, Shape{9, 8, 3}>("pytorch/pad_conv2d_7x7");
  check_oracle<Conv2D<6, 3, Strides{2}, Pad{0, 1, 2, 1}>, Shape{8, 7, 5}>("pytorch/pad_conv2d_unequal");
  check_oracle<Conv2D<11, 1, Pad{1, 0}>, Shape{5, 3, 7}>("pytorch/pad_conv2d_1x1");
  // By Winograd, as test_conv2d.cpp says of its tolerance.
  check_oracle<Conv2D<32, 3, Pad{3, 1, 0, 4}>, Shape{9, 8, 16}>("pytorch/pad_conv2d_beyond_the_kernel", 3e-5);
  check_oracle<DepthwiseConv2D<3, Strides{2}, Pad{1}>, Shape{8, 7, 5}>("pytorch/pad_depthwise_conv2d");
  check_rule<Conv2D<6, Kernel{3, 5}, Pad{2, 1}, Dilation{2, 1}>, Shape{7, 6, 3}>("pytorch/pad_conv2d_rows_columns");
  check_rule<Conv2D<6, 3, Pad{1}, Groups{3}>, Shape{5, 4, 9}>("pytorch/pad_conv2d_groups");
}

TEST_CASE("explicit padding of transposed convolutions is PyTorch's") {
  using OneMore = Conv2DTranspose<6, 3, Strides{2}, Pad{1}, OutputPadding{1}>;
  check_oracle<Conv2DTranspose<6, 4, Strides{2}, Pad{1}>, Shape{4, 5, 3}>("pytorch/pad_conv2d_transpose_4x4");
  check_oracle<OneMore, Shape{4, 5, 3}>("pytorch/pad_conv2d_transpose_output_padding");
  check_oracle<Conv2DTranspose<13, 3, Pad{0, 1, 2, 3}>, Shape{5, 6, 17}>("pytorch/pad_conv2d_transpose_unequal", 3e-5);
  check_oracle<Conv2DTranspose<5, 4, Strides{4}, Pad{1}>, Shape{1, 2, 3}>("pytorch/pad_conv2d_transpose_small");
}

TEST_CASE("explicit padding of poolings is PyTorch's") {
  using Max = MaxPooling2D<Kernel{3, 2}, Strides{2}, Pad{1}, CeilMode>;
  using Counted = AveragePooling2D<3, Strides{2}, Pad{1}, CeilMode, CountPadding>;
  check_oracle<MaxPooling2D<3, Strides{2}, Pad{1}>, Shape{7, 6, 5}>("pytorch/pad_max_pooling2d");
  check_oracle<Max, Shape{8, 5, 3}>("pytorch/pad_max_pooling2d_ceil");
  check_oracle<MaxPooling2D<3, Strides{2}, Pad{0, 1, 2, 0}>, Shape{6, 7, 8}>("pytorch/pad_max_pooling2d_unequal");
  check_oracle<MaxPooling2D<3, Strides{2}, CeilMode>, Shape{2, 5, 3}>("pytorch/pad_max_pooling2d_larger");
  check_oracle<AveragePooling2D<3, Strides{2}, Pad{1}>, Shape{7, 6, 5}>("pytorch/pad_average_pooling2d");
  check_oracle<AveragePooling2D<3, Strides{2}, Pad{1}, CeilMode>, Shape{8, 6, 5}>("pytorch/pad_average_pooling2d_ceil");
  check_oracle<AveragePooling2D<3, Strides{1}, Pad{1, 0}, CountPadding>, Shape{4, 5, 3}>(
      "pytorch/pad_average_pooling2d_counted");
  check_oracle<Counted, Shape{8, 6, 5}>("pytorch/pad_average_pooling2d_counted_ceil");
}

TEST_CASE("explicit padding of one dimension is PyTorch's") {
  check_oracle<Conv1D<6, 5, Strides{2}, Pad{3, 1}>, Shape{9, 4}>("pytorch/pad_conv1d");
  check_oracle<Conv1DTranspose<5, 4, Strides{2}, Pad{1, 2}>, Shape{6, 3}>("pytorch/pad_conv1d_transpose");
  check_oracle<AveragePooling1D<3, Strides{2}, Pad{1}, CeilMode, CountPadding>, Shape{8, 3}>(
      "pytorch/pad_average_pooling1d");
  static_assert(Sequential<Input<9, 4>, SeparableConv1D<8, 3, Pad{2, 1}>>::output_shape == Shape{10, 8});
  static_assert(Sequential<Input<5, 6, 4>, SeparableConv2D<8, 3, Pad{0, 1, 2, 0}>>::output_shape == Shape{4, 6, 8});
}

TEST_CASE("a network with explicit padding") {
  test::check_gradients<Images>();
  test::check_engine<Images>(test::random_model<Images>(), 1e-5);
  test::check_engine<Images, Exact>(test::random_model<Images>(), 1e-5);
}

// torch.nn.MaxPool1d(k, s, p, ceil_mode=True) on a sequence of n: PyTorch 2.
TEST_CASE("no window of CeilMode starts behind the input") {
  constexpr auto count = [](int size, int pool, int stride, int pad) {
    return window_over({size, size, 1}, pool, stride, 1, Valid, pad, CeilMode).out.width;
  };
  STATIC_REQUIRE(count(8, 3, 2, 1) == 5);
  STATIC_REQUIRE(count(7, 2, 2, 1) == 4);
  STATIC_REQUIRE(count(4, 2, 3, 1) == 2);
  STATIC_REQUIRE(count(5, 1, 5, 0) == 1);
  STATIC_REQUIRE(count(2, 3, 2, 0) == 1);
}

TEST_CASE("what explicit padding refuses") {
  static_assert(rule<Conv2D<8, 3, Pad{1}>>({1, 1, 4}).empty());
  static_assert(rule<Conv2D<8, 5, Pad{1}>>({3, 2, 4}) == "the kernel is larger than the input");
  static_assert(Conv2D<8, 5, Pad{1}>::check({3, 2, 4}).expected == "an input of at least 3x3");
  static_assert(rule<Conv2D<8, 3, Pad{0, -1, 0, 0}>>({9, 9, 4}) == "the padding is negative");
  static_assert(rule<DepthwiseConv2D<3, Same, Pad{1}>>({9, 9, 4}) == "two kinds of padding");
  static_assert(DepthwiseConv2D<3, Same, Pad{1}>::check({9, 9, 4}).received == "Same and Pad");
  static_assert(rule<Conv1D<8, 3, Causal, Pad{2, 0}>>({9, 4}) == "two kinds of padding");
  static_assert(rule<Conv1D<8, 3, Pad{1, 1, 2, 0}>>({9, 4}) == "four numbers for one dimension");
  static_assert(rule<MaxPooling2D<3, Pad{0, 3, 0, 0}>>({9, 9, 4}) ==
                "a window of the pooling would lie in the padding");
  static_assert(rule<MaxPooling1D<2, Pad{2}>>({9, 4}) == "a window of the pooling would lie in the padding");
  static_assert(rule<MaxPooling2D<3, Same, CeilMode>>({9, 9, 4}) == "CeilMode together with Same");
  static_assert(rule<MaxPooling2D<3, CountPadding>>({9, 9, 4}) == "unknown option");
  static_assert(rule<AveragePooling2D<3, Pad{-1}>>({9, 9, 4}) == "the padding is negative");
  static_assert(rule<Conv2DTranspose<8, 2, Pad{1}>>({1, 5, 4}) == "the padding cuts off all of the output");
  static_assert(rule<Conv2DTranspose<8, 3, Same, Pad{1}>>({9, 9, 4}) == "two kinds of padding");
  static_assert(rule<Conv2D<8, 3, Pad{2'000'000'000, 2'000'000'000}>>({9, 9, 4}).empty());
  SUCCEED();
}
