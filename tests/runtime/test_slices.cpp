// Concatenation without copies and work in place: what is made in a slice of another tensor is what layers make one by
// one.
#include <algorithm>
#include <string>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;

namespace {

/// Concatenations that are steps of their own, because something must be copied.
template <class Net>
constexpr int copying() {
  constexpr const auto& plan = Net::inference_plan();
  int count = 0;
  for (std::size_t s = 0; s < plan.step_count; ++s)
    count += Net::network().nodes[static_cast<std::size_t>(plan.steps[s].head)].rules->kind == Kind::concatenation;
  return count;
}

/// Steps that write over what they read.
template <class Net>
constexpr int in_place() {
  constexpr const auto& plan = Net::inference_plan();
  int count = 0;
  for (std::size_t s = 0; s < plan.step_count; ++s) {
    const std::size_t output = static_cast<std::size_t>(plan.steps[s].output);
    count += plan.host[output] >= 0 && !plan.borders[output].is_slice();
  }
  return count;
}

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

/// Every kind of reader of a slice, as in a dense block, and a last layer that works in place.
struct Readers : Sequential<
    Input<9, 8, 3>, Conv2D<19, 3>,
    Concatenate<Sequential<>, Sequential<BatchNorm, ReLU, Conv2D<8, 1>, BatchNorm, ReLU, Conv2D<16, 3, Same>>>,
    Concatenate<Sequential<>, Conv2D<16, 3, Same>, Conv2D<7, 1>, Conv2D<10, 3, Same, Groups{5}>,
                DepthwiseConv2D<3, Same>, MaxPooling2D<3, Strides{1}, Same>, Residual<Conv2D<35, 3, Same>>, SiLU>,
    BatchNorm, ReLU, GlobalAveragePooling2D, Dense<3>> {};
static_assert(copying<Readers>() == 0 && in_place<Readers>() == 1);

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

/// Sums, products and activations over one another.
struct InPlace : Graph<
    Node<"x", Input<6, 5, 8>>, Node<"a", MaxPooling2D<3, Strides{1}, Same>, "x">,
    Node<"b", AveragePooling2D<3, Strides{1}, Same>, "x">, Node<"sum", Add<>, "a", "b", "a">,
    Node<"f", Sigmoid, "sum">, Node<"kept", Average<>, "f", "b">, Node<"most", Maximum<>, "kept", "f">,
    Node<"product", Multiply<>, "f", "most", "kept">, Node<"y", GlobalMaxPooling2D, "product">, Outputs<"y">> {};
static_assert(in_place<InPlace>() == 4);

/// Images that grow, in slices and of slices.
struct Growing : Sequential<
    Input<4, 5, 6>, Conv2D<8, 3, Same>,
    Concatenate<Sequential<MaxPooling2D<2, Same>, UpSampling2D<2>, Cropping2D<ZeroPad{0, 0, 0, 1}>>, Sequential<>,
                Conv2DTranspose<5, 3, Same>>,
    Concatenate<UpSampling2D<2, Bilinear>, Conv2DTranspose<7, 3, Same, Strides{2}, activation<Tanh>>,
                Add<Conv2DTranspose<4, 4, Same, Strides{2}>, Conv2DTranspose<4, 2, Strides{2}>>>,
    Conv2D<8, 3, Same>, Flatten, Dense<3>> {};
static_assert(copying<Growing>() == 0);
// A transposed convolution and an up-sampling read a slice of the first concatenation.
struct Reading : Graph<
    Node<"x", Input<4, 5, 6>>, Node<"a", Conv2D<8, 3, Same>, "x">, Node<"y", Concatenate<>, "a", "b">,
    Node<"b", Conv2DTranspose<9, 3, Same>, "a">, Node<"c", UpSampling2D<2>, "a">,
    Node<"d", Conv2DTranspose<8, 3, Same, Strides{2}>, "a">, Node<"e", Conv2D<8, 3, Same, Strides{2}>, "z">,
    Node<"z", Multiply<>, "c", "d">, Node<"s", Add<>, "e", "a">, Node<"out", Concatenate<>, "y", "s">,
    Outputs<"out">> {};
static_assert(copying<Reading>() == 0);

template <class Net>
void check(double tolerance) {
  Model<Net> model{Seed{5}};
  const Random random{Seed{6}};
  std::uint64_t counter = 0;
  model.for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<float> values) {
    for (float& value : values)
      if (const double draw = random.uniform(counter++); parameter.initializer.kind != Initializer::glorot_uniform)
        value = static_cast<float>(0.5 + draw);
  });
  test::check_engine<Net>(model, tolerance);
}

}  // namespace

TEST_CASE("Slices are what layers make one by one", "[slices]") {
  check<Makers>(2e-5);
  check<Readers>(2e-5);
  check<Refusals>(2e-5);
  check<Sweeps>(2e-5);
  check<Last>(2e-5);
  check<InPlace>(2e-5);
  check<Growing>(2e-5);
  check<Reading>(2e-5);
}

TEST_CASE("An output that is a part of another one", "[slices]") {
  const Model<Both> model{Seed{3}};
  const auto input = test::noise<float>(3 * Both::input_shape.size(), 4);
  std::vector<float> a(3 * 60), z(3 * 100);
  Engine<Both>{model}(input, {a, z});
  for (std::size_t pixel = 0; pixel < 60; ++pixel)
    for (std::size_t c = 0; c < 3; ++c) REQUIRE(z[pixel * 5 + 2 + c] == std::max(a[pixel * 3 + c], 0.0f));
}
