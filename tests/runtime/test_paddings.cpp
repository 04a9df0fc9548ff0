// Padding without copies: what is made inside of a larger image of zeros is what layers make one by one.
#include <algorithm>
#include <cstddef>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::check_engine, test::random_model;

namespace {

/// Before convolutions that want zeros of their own or none, of a concatenation, twice in a row, of what a shortcut reads,
/// too; more than a reader wants, and less.
struct Padded : Sequential<
    Input<9, 8, 8>, Conv2D<8, 1>, ReLU, ZeroPadding2D<ZeroPad{0, 1, 0, 1}>, DepthwiseConv2D<3, Strides{2}>,
    Concatenate<Conv2D<4, 1>, Conv2D<4, 3, Same>>, ZeroPadding2D<2>, Conv2D<6, 7, Same>, ZeroPadding2D<1>,
    ZeroPadding2D<1>, Conv2D<16, 3>, Residual<Sequential<ZeroPadding2D<1>, Conv2D<16, 3, activation<ReLU>>>>, ReLU,
    ZeroPadding2D<ZeroPad{3, 0}>, Tanh, MaxPooling2D<>, Flatten, Dense<3>> {};

/// Of the caller's input, in a slice, to the caller's output.
struct Refused : Sequential<Input<5, 6, 3>, ZeroPadding2D<1>, Conv2D<16, 3>,
                            Concatenate<Sequential<Conv2D<4, 3>, ZeroPadding2D<1>>, Conv2D<8, 3, Same>>,
                            Conv2D<5, 3, Same>, ZeroPadding2D<ZeroPad{1, 0, 2, 3}>> {};

/// In sweeps of samples.
struct Sweeps : Sequential<Input<6, 5, 16>, Conv2D<256, 3, Same>, ZeroPadding2D<1>, Conv2D<256, 3>, ReLU,
                           ZeroPadding2D<1>, Conv2D<8, 3>, Flatten, Dense<3>> {};

/// With a backward of its own, which knows no borders.
struct Doubling : Elementwise<Doubling> {
  static constexpr Needs backward_needs{.input = false, .output = false};
  template <class V>
  static V apply(V x) {
    return x + x;
  }
  template <class V>
  static V derivative(V, V) {
    return V(2);
  }
  template <class Call>
  static void backward(const Call& call) {
    for (std::size_t i = 0; i < call.batch * Call::input_shape.size(); ++i)
      call.input_gradient[i] = 2 * call.output_gradient[i];
  }
};

/// In training a padding is a border of what normalisations and element-wise layers make for it (three here), and a copy
/// elsewhere: of the caller's input, of what a convolution or a stranger makes, of what has another reader, where a layer
/// works in place on it, and to the caller's output.
struct Trained : Sequential<
    Input<5, 6, 3>, ZeroPadding2D<1>, Conv2D<4, 3>, BatchNorm, Sigmoid, ZeroPadding2D<ZeroPad{0, 1, 0, 1}>,
    DepthwiseConv2D<3, Strides{2}>, BatchNorm, ZeroPadding2D<ZeroPad{1, 2}>, Conv2D<5, 3>, Sigmoid, ZeroPadding2D<1>,
    Conv2D<4, 3>, BatchNorm, Softplus, ZeroPadding2D<2>, Concatenate<Conv2D<3, 3>, Conv2D<4, 3>>, BatchNorm, Sigmoid,
    Residual<ZeroPadding2D<1>, Conv2D<7, 3>>, BatchNorm, Doubling, ZeroPadding2D<1>, Conv2D<3, 3>, BatchNorm,
    ZeroPadding2D<1>, Tanh, Conv2D<2, 3, Strides{2}>, BatchNorm, Tanh, ZeroPadding2D<1>> {};

template <class Net>
constexpr int borders() {
  constexpr const auto& plan = Net::training_plan();
  int count = 0;
  for (std::size_t n = Net::input_count; n < Net::network().node_count; ++n)
    count += Net::network().nodes[n].rules->kind == Kind::padding && plan.alias[n];
  return count;
}
static_assert(borders<Trained>() == 3);

/// The same network twice: for images of an even size `Same` pads below and on the right.
template <class... Convolution>
using Halved = Sequential<Input<6, 8, 3>, Conv2D<4, 1>, BatchNorm, Sigmoid, Convolution..., BatchNorm, Tanh, Flatten,
                          Dense<3>>;
using ByPadding = Halved<ZeroPadding2D<ZeroPad{0, 1, 0, 1}>, DepthwiseConv2D<3, Strides{2}>>;
using BySame = Halved<DepthwiseConv2D<3, Strides{2}, Same>>;
static_assert(borders<ByPadding>() == 1);

template <class Net>
constexpr int paddings_run() {
  constexpr const auto& plan = Net::inference_plan();
  int count = 0;
  for (std::size_t s = 0; s < plan.step_count; ++s)
    count += Net::network().nodes[static_cast<std::size_t>(plan.steps[s].head)].rules->kind == Kind::padding;
  return count;
}
static_assert(paddings_run<Padded>() == 1);  // of a padding
static_assert(paddings_run<Refused>() == 1);
static_assert(paddings_run<Sweeps>() == 0);

}  // namespace

TEST_CASE("what is padded is made where the padding is", "[runtime]") {
  check_engine<Padded>(random_model<Padded>(), 1e-5);
  check_engine<Refused>(random_model<Refused>(), 1e-5);
  check_engine<Sweeps>(random_model<Sweeps>(), 1e-5);
}

TEST_CASE("in training, too, where that can be", "[runtime]") {
  test::check_gradients<Trained>();
  check_engine<Trained>(random_model<Trained>(), 1e-5);
  const Model<ByPadding, double> model{Seed{4}};
  Model<BySame, double> same{Seed{4}};
  std::ranges::copy(model.parameters(), same.parameters().begin());
  test::Objective<ByPadding, double, test::Turns> by_padding;
  test::Objective<BySame, double, test::Turns> by_same;
  for (int step = 0; step < 2; ++step) {
    CHECK(by_padding.value(model) == Approx(by_same.value(same)).epsilon(1e-12));
    const auto gradients = by_padding.gradient(model), expected = by_same.gradient(same);
    for (std::size_t i = 0; i < gradients.size(); ++i) CHECK(gradients[i] == Approx(expected[i]).margin(1e-12));
  }
}
