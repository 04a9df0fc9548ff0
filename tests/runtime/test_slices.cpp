// Concatenation without copies and work in place: what is made in a slice of another tensor is what layers make one by
// one.
#include <algorithm>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"
#include "runtime/slices.hpp"

using namespace strata;
using test::check_engine, test::copying, test::random_model;

namespace {

/// Every kind of maker: Winograd, direct, pointwise, with strides, of groups, depthwise, poolings, a crop, a sum,
/// element by element, a normalisation, and a concatenation. The convolution after it wants a border around all.
struct Makers : Sequential<
    Input<12, 10, 8>, Conv2D<16, 3, Same, activation<ReLU>>,
    Concatenate<Conv2D<16, 3, Same, activation<Sigmoid>>, Sequential<Conv2D<11, 1>, BatchNorm, Tanh>,
                Conv2D<6, 5, Same, Groups{2}>, DepthwiseConv2D<3, Same>, MaxPooling2D<3, Strides{1}, Same>,
                AveragePooling2D<2, Strides{1}, Same>, Sequential<ZeroPadding2D<2>, Cropping2D<2>>,
                Residual<Conv2D<16, 3, Same>>, Add<Tanh, MaxPooling2D<3, Strides{1}, Same>>, Sigmoid, BatchNorm,
                Concatenate<Conv2D<5, 1>, Conv2D<7, Kernel{1, 3}, Same, activation<ReLU>>>>,
    Conv2D<16, 3, Same>, Flatten, Dense<3>> {};
static_assert(copying<Makers>() == 0);

/// A slice cannot have a border where a reader of the whole takes none, nor be of the caller's, of a view, or of two.
struct Refusals : Sequential<
    Input<6, 5, 4>, Concatenate<Sequential<>, Conv2D<8, 3, Same>>, Softmax,
    Concatenate<Conv2D<16, 3, Same>, Sequential<Conv2D<12, 3, Same>, Concatenate<Sequential<>, Sequential<>>>>,
    Concatenate<Residual<Softmax>, Conv2D<8, 3, Same>>, Concatenate<Reshape<30, 48>, Reshape<30, 48>>,
    Flatten, Concatenate<Sequential<>, Dense<5>>> {};
static_assert(copying<Refusals>() == 4);

/// Weights that are read once for eight samples, around and inside a concatenation.
struct Sweeps : Sequential<
    Input<6, 5, 16>, Conv2D<16, 1>,
    Concatenate<Conv2D<256, 3, Same>, Sequential<Conv2D<256, 3, Same>, Tanh, Conv2D<8, 1>>>,
    Concatenate<Sequential<>, Conv2D<8, 3, Same>>, BatchNorm, ReLU, Flatten, Dense<3>> {};
static_assert(copying<Sweeps>() == 0);

/// A concatenation that is the output, and one whose operand is.
struct Last : Sequential<Input<5, 4, 3>, Concatenate<Conv2D<3, 1>, MaxPooling2D<3, Strides{1}, Same>>> {};
static_assert(copying<Last>() == 0 && Last::inference_arena_bytes<> == 0);
struct Both : Graph<Node<"x", Input<5, 4, 3>>, Node<"a", Conv2D<3, 3, Same>, "x">, Node<"b", Conv2D<2, 1>, "a">,
                    Node<"y", Concatenate<>, "b", "a">, Node<"z", ReLU, "y">, Outputs<"a", "z">> {};
static_assert(copying<Both>() == 1);

}  // namespace

TEST_CASE("Slices are what layers make one by one", "[slices]") {
  check_engine(random_model<Makers>(), 2e-5);
  check_engine(random_model<Refusals>(), 2e-5);
  check_engine(random_model<Sweeps>(), 2e-5);
  check_engine(random_model<Last>(), 2e-5);
}

/// Neighbours of few channels are computed as one pixel, in slices and with shortcuts.
struct FewChannels : Sequential<
    Input<6, 12, 3>, Concatenate<Conv2D<2, 3, Same, activation<Tanh>>, Conv2D<3, 5, Same>>,
    Residual<Conv2D<5, 3, Same>, BatchNorm>, Concatenate<Sequential<>, Residual<Conv2D<5, 3, Same, NoBias>>>,
    Conv2D<1, 3, Same, Strides{2}, activation<Sigmoid>>> {};

/// Images of 256 channels get a gap after each pixel, for whatever makes and reads them; not where one has no views, as
/// Dense and Softmax.
struct Gaps : Sequential<
    Input<5, 6, 3>, Conv2D<256, 1>, ReLU, DepthwiseConv2D<3, Same>, BatchNorm, Sigmoid,
    Residual<DepthwiseConv2D<3, Same>, ReLU>, MaxPooling2D<2, Strides{1}>,
    Concatenate<DepthwiseConv2D<5, Same>, AveragePooling2D<3, Strides{1}, Same>>, Conv2D<8, 3, Same>,
    Conv2D<256, 1>, Concatenate<Dense<4>, DepthwiseConv2D<3, Same>>, Conv2D<256, 1>, Softmax, DepthwiseConv2D<3, Same>,
    GlobalAveragePooling2D> {};
constexpr int gaps_in_gaps = [] {
  int gaps = 0;
  for (const Border& border : Gaps::inference_plan<>().borders) gaps += border.top > 0 && border.back == 16;
  return gaps;
}();
static_assert(gaps_in_gaps == 5);

TEST_CASE("Images with a gap after each pixel", "[slices]") { check_engine(random_model<Gaps>(), 2e-5); }

TEST_CASE("Convolutions of few channels in slices", "[slices]") {
  check_engine(random_model<FewChannels>(), 2e-5);
}

TEST_CASE("An output that is a part of another one", "[slices]") {
  const Model<Both> model{Seed{3}};
  const auto input = test::noise<float>(3 * Both::input_shape.size(), 4);
  std::vector<float> a(3 * 60), z(3 * 100);
  Engine<Both>{model}(input, {a, z});
  for (std::size_t pixel = 0; pixel < 60; ++pixel)
    for (std::size_t c = 0; c < 3; ++c) REQUIRE(z[pixel * 5 + 2 + c] == std::max(a[pixel * 3 + c], 0.0f));
}
