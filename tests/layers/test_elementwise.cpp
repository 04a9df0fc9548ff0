// A user's own activation, outside the library's namespace: what the documentation of Elementwise promises.

#include <array>
#include <string_view>

#include <strata/kernels/math.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/conv2d_transpose.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/elementwise.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/max_pooling2d.hpp>
#include <strata/layers/softmax.hpp>

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

// Heirs of layers.
struct Renamed : strata::ReLU {
  static constexpr const char* class_name = "Renamed";
};
struct OwnApply : strata::ReLU {
  template <class V>
  static V apply(V x) {
    return x + x;
  }
};
struct OwnDerivative : strata::LeakyReLU<0.1> {
  template <class V>
  static V derivative(V, V) {
    return V(1);
  }
};
template <class Base>
struct OwnForward : Base {
  template <class Call>
  static void forward(const Call&) {}
};
template <class Base>
struct OwnBackward : Base {
  template <class Call>
  static void backward(const Call&) {}
};
template <class Base>
struct Thawed : OwnBackward<Base> {
  static constexpr bool freezes = false;
};
struct OtherKind : OwnForward<strata::Flatten> {
  static constexpr strata::Kind kind = strata::Kind::other;
};

/// What is wrong with a layer; "" for nothing.
template <class L>
constexpr std::string_view rule_against(strata::Shape in = {8, 8, 4}) {
  const char* const rule = strata::rules<L>::check(std::array{in}).rule;
  return rule == nullptr ? "" : rule;
}
template <class L>
constexpr bool has_another_function =
    rule_against<L>() == "a class that derives from a layer has another function";
template <class L>
constexpr bool has_another_backward =
    rule_against<L>() == "a class that derives from a layer has another backward";

}  // namespace mine

using namespace strata;

TEST_CASE("a user's own activation passes the checks of a layer") {
  test::check_layer<mine::Swish2, Shape{33}>({.output = {33}});
  test::check_layer<mine::Swish2, Shape{3, 1, 8}>({.output = {3, 1, 8}});
  CHECK(std::string_view(mine::Swish2::class_name) == "Activation");
  static_assert(rules<mine::Swish2>::kind == Kind::elementwise);
  static_assert(rules<mine::Swish2>::backward_needs.input && rules<mine::Swish2>::backward_needs.output);
}

TEST_CASE("what derives from a layer changes nothing that inference or Frozen would not meet") {
  using namespace mine;
  static_assert(has_another_function<OwnApply> && has_another_function<Hidden<OwnApply>>);
  static_assert(has_another_function<OwnDerivative> && has_another_function<OwnForward<Sigmoid>>);
  static_assert(has_another_function<OwnForward<Conv2D<4, 3>>> && has_another_function<OwnForward<BatchNorm>>);
  static_assert(has_another_function<OwnForward<Dropout<0.5>>> && has_another_function<OwnForward<Softmax>>);
  static_assert(has_another_backward<OwnBackward<Conv2DTranspose<4, 2>>>);
  static_assert(has_another_backward<OwnBackward<BatchNorm>>);
  static_assert(rule_against<OwnBackward<Dense<4>>>({8}) == "a class that derives from a layer has another backward");
  static_assert(rule_against<Thawed<Dense<4>>>({8}).empty() && rule_against<Thawed<BatchNorm>>().empty());
  static_assert(rule_against<Renamed>().empty() && rule_against<OwnBackward<ReLU>>().empty());
  static_assert(rule_against<OtherKind>().empty() && rule_against<OwnForward<MaxPooling2D<>>>().empty());
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
