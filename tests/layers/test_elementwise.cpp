// A user's own activation, outside the library's namespace: what the documentation of Elementwise promises.

#include <string_view>

#include <strata/kernels/math.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/elementwise.hpp>

#include "harness/check_layer.hpp"

namespace mine {

/// x sigmoid(2 x); its derivative reads input and output.
struct Swish2 : strata::Elementwise<Swish2> {
  template <class V>
  static V apply(V x) {
    return x * strata::simd::sigmoid(x + x);
  }
  template <class V>
  static V derivative(V x, V y) {
    return (y + y) + strata::simd::sigmoid(x + x) * (V(1) - (y + y));
  }
};

/// Claims not to need the input, and reads it.
struct Liar : strata::Elementwise<Liar> {
  static constexpr strata::Needs backward_needs{.input = false};
  template <class V>
  static V apply(V x) {
    return x * x;
  }
  template <class V>
  static V derivative(V x, V) {
    return x + x;
  }
};

}  // namespace mine

using namespace strata;

TEST_CASE("a user's own activation passes the checks of a layer") {
  test::check_layer<mine::Swish2, Shape{33}>({.output = {33}});
  test::check_layer<mine::Swish2, Shape{3, 1, 8}>({.output = {3, 1, 8}});
  CHECK(std::string_view(mine::Swish2::class_name) == "Activation");
  static_assert(rules<mine::Swish2>::kind == Kind::elementwise);
  static_assert(rules<mine::Swish2>::backward_needs.input && rules<mine::Swish2>::backward_needs.output);
}

TEST_CASE("a derivative that reads what it said it does not need gives NaN") {
  test::LayerRun<mine::Liar, Shape{5}, float> run(2);
  run.randomize();
  run.forward_training();
  run.backward();
  for (const float gradient : run.input_gradient.span()) CHECK(std::isnan(gradient));
}

TEST_CASE("an element-wise layer may write over its input") {
  test::LayerRun<Sigmoid, Shape{21}, float> run(3);
  run.randomize();
  run.forward();
  std::vector<float> values(run.input.span().begin(), run.input.span().end());
  Sigmoid::forward(Forward<Bound<Sigmoid, Shape{21}>, simd::Vector<float>>{
      .batch = 3,
      .first = 0,
      .input = values.data(),
      .inputs = nullptr,
      .output = values.data(),
      .parameters = nullptr,
      .prepared = nullptr,
      .gathered = nullptr,
      .saved = nullptr,
      .scratch = nullptr,
      .random = run.random});
  CHECK(test::difference(values, run.output.span()) == 0);
}

TEST_CASE("epilogues compose from left to right") {
  using V = simd::Vector<float>;
  const V x(0.25f);
  CHECK(simd::reduce_max(Compose<>::apply(x)) == 0.25f);
  CHECK(simd::reduce_max(Identity::apply(x)) == 0.25f);
  CHECK(simd::reduce_max(Compose<test::HalfPlusOne, ReLU6>::apply(x)) == 1.125f);
  CHECK(simd::reduce_max(Compose<ReLU6, test::HalfPlusOne, test::HalfPlusOne>::apply(V(40.0f))) == 3.0f);
}
