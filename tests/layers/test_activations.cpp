// The element-wise activations: formulas, gradients, oracles, NaN and the ends of the real line.

#include <cmath>
#include <limits>
#include <string_view>

#include <strata/layers/activations.hpp>
#include <strata/layers/more_activations.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// L::apply of one number, in the vector type of T.
template <class L, class T>
T at(T x) {
  using V = simd::Vector<T>;
  T y = 0;
  simd::store_partial(&y, L::apply(V(x)), 1);
  return y;
}

/// L::derivative at one number, which gets what the layer says that it needs.
template <class L, class T>
T slope_at(T x) {
  using V = simd::Vector<T>;
  const V unread(std::numeric_limits<T>::quiet_NaN());
  T slope = 0;
  simd::store_partial(&slope, V(L::derivative(L::backward_needs.input ? V(x) : unread,
                                              L::backward_needs.output ? V(L::apply(V(x))) : unread)), 1);
  return slope;
}

/// Value and slope at both ends of the real line, in float and double.
template <class L>
void check_ends(double below, double slope_below, double above, double slope_above) {
  INFO(std::string_view(type_name<L>()));
  const auto check = []<class T>(T end, double value, double slope) {
    CHECK(at<L>(end) == static_cast<T>(value));
    CHECK(slope_at<L>(end) == Approx(slope).margin(1e-7));
  };
  check(-std::numeric_limits<float>::infinity(), below, slope_below);
  check(std::numeric_limits<float>::infinity(), above, slope_above);
  check(-std::numeric_limits<double>::infinity(), below, slope_below);
  check(std::numeric_limits<double>::infinity(), above, slope_above);
}

/// Values and slopes against a formula, in double, over [-8, 8], off the kinks; NaN in both types.
template <class L, class Formula>
void check_function(Formula formula) {
  INFO(std::string_view(type_name<L>()));
  constexpr double step = 1e-5;
  for (double x = -7.997; x <= 8; x += 0.01) {
    INFO("at " << x);
    REQUIRE(at<L>(x) == Approx(formula(x)).epsilon(1e-12).margin(1e-13));
    REQUIRE(slope_at<L>(x) == Approx((formula(x + step) - formula(x - step)) / (2 * step)).epsilon(1e-6).margin(1e-8));
  }
  CHECK(std::isnan(at<L>(std::numeric_limits<float>::quiet_NaN())));
  CHECK(std::isnan(at<L>(std::numeric_limits<double>::quiet_NaN())));
}

/// That, and every check on shapes with odd sizes.
template <class L, class Formula>
void check_activation(Formula formula) {
  check_function<L>(formula);
  INFO(std::string_view(type_name<L>()));
  check_layer<L, Shape{1}>({.output = {1}});
  check_layer<L, Shape{3, 5, 17}>({.output = {3, 5, 17}});
  CHECK(L::kind == Kind::elementwise);
}

template <class L>
void check_both_oracles(const std::string& name) {
  check_oracle<L, Shape{3, 5, 7}>("pytorch/activation_" + name);
  check_oracle<L, Shape{3, 5, 7}>("tfjs/activation_" + name);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double hard_sigmoid(double x) { return std::fmin(1, std::fmax(0, x / 6 + 0.5)); }

}  // namespace

TEST_CASE("Sigmoid") {
  check_activation<Sigmoid>(sigmoid);
  check_both_oracles<Sigmoid>("sigmoid");
  CHECK(at<Sigmoid>(-1000.0f) == 0);
  CHECK(at<Sigmoid>(1000.0f) == 1);
  static_assert(rules<Sigmoid>::link == Link::sigmoid);
}

TEST_CASE("Tanh") {
  check_activation<Tanh>([](double x) { return std::tanh(x); });
  check_both_oracles<Tanh>("tanh");
}

TEST_CASE("ReLU") {
  check_activation<ReLU>([](double x) { return x > 0 ? x : 0; });
  check_both_oracles<ReLU>("relu");
  CHECK(std::string_view(ReLU::class_name) == "ReLU");
}

TEST_CASE("ReLU6") {
  check_activation<ReLU6>([](double x) { return std::fmin(6, std::fmax(0, x)); });
  check_both_oracles<ReLU6>("relu6");
  CHECK(std::string_view(ReLU6::class_name) == "ReLU");
}

TEST_CASE("LeakyReLU") {
  check_activation<LeakyReLU<>>([](double x) { return x > 0 ? x : 0.3 * x; });
  check_activation<LeakyReLU<0.01>>([](double x) { return x > 0 ? x : 0.01 * x; });
  check_both_oracles<LeakyReLU<0.3>>("leaky_relu");
  static_assert(std::string_view(LeakyReLU<-0.5>::check({3}).rule) == "the slope of a LeakyReLU is negative");
  static_assert(LeakyReLU<-0.5>::check({3}).received == "-0.5");
  static_assert(!LeakyReLU<0>::check({3}));
  CHECK(std::isnan(LeakyReLU<0>::apply(simd::Vector<float>(-std::numeric_limits<float>::infinity())).get(0)));  // Keras
}

TEST_CASE("ELU") {
  check_activation<ELU<>>([](double x) { return x > 0 ? x : std::expm1(x); });
  check_both_oracles<ELU<1.0>>("elu");
  check_oracle<ELU<0.7>, Shape{3, 5, 7}>("pytorch/activation_elu_0_7");
  static_assert(std::string_view(ELU<-1.0>::check({3}).rule) == "the alpha of an ELU is negative");
}

TEST_CASE("SELU") {
  check_activation<SELU>(
      [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); });
  check_both_oracles<SELU>("selu");
}

TEST_CASE("GELU") {
  check_activation<GELU>([](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); });
  check_both_oracles<GELU>("gelu");
}

TEST_CASE("SiLU") {
  check_activation<SiLU>([](double x) { return x * sigmoid(x); });
  check_both_oracles<SiLU>("silu");
}

TEST_CASE("Softplus") {
  check_activation<Softplus>([](double x) { return std::log1p(std::exp(x)); });
  check_both_oracles<Softplus>("softplus");
}

TEST_CASE("HardSigmoid") {
  check_activation<HardSigmoid>(hard_sigmoid);
  check_oracle<HardSigmoid, Shape{3, 5, 7}>("pytorch/activation_hard_sigmoid");
}

TEST_CASE("HardSwish") {
  check_activation<HardSwish>([](double x) { return x * hard_sigmoid(x); });
  check_oracle<HardSwish, Shape{3, 5, 7}>("pytorch/activation_hard_swish");
}

TEST_CASE("ReLU with a slope, a largest value and a threshold") {
  check_function<ReLUWith<MaxValue{4}>>([](double x) { return std::fmin(4, std::fmax(0, x)); });
  check_function<ReLUWith<NegativeSlope{0.1}>>([](double x) { return x > 0 ? x : 0.1 * x; });
  check_function<ReLUWith<Threshold{1}>>([](double x) { return x > 1 ? x : 0; });
  check_function<ReLUWith<NegativeSlope{0.1}, MaxValue{4}, Threshold{1}>>(
      [](double x) { return x > 1 ? std::fmin(4, x) : 0.1 * (x - 1); });
  static_assert(std::string_view(ReLUWith<Threshold{-1}>::check({3}).rule) == "a number of a ReLU is negative");
  static_assert(ReLUWith<MaxValue{4}, NegativeSlope{-0.5}>::check({3}).received == "-0.5");
  static_assert(ReLUWith<Same>::check({3}).expected == "MaxValue, NegativeSlope, Threshold");
  static_assert(!ReLUWith<MaxValue{0}>::check({3}));
}

TEST_CASE("activations that files rarely have") {
  check_function<TanhGELU>(
      [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); });
  check_function<Mish>([](double x) { return x * std::tanh(std::log1p(std::exp(x))); });
  check_function<Softsign>([](double x) { return x / (1 + std::abs(x)); });
  check_function<Exponential>([](double x) { return std::exp(x); });
  check_function<LogSigmoid>([](double x) { return std::log(sigmoid(x)); });
  check_function<CELU>([](double x) { return x > 0 ? x : std::expm1(x); });
  check_function<HardTanh>([](double x) { return std::fmin(1, std::fmax(-1, x)); });
  check_function<HardShrink>([](double x) { return std::abs(x) > 0.5 ? x : 0; });
  check_function<SoftShrink>([](double x) { return x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0; });
  check_function<TanhShrink>([](double x) { return x - std::tanh(x); });
  check_function<Squareplus>([](double x) { return (x + std::sqrt(x * x + 4)) / 2; });
  check_function<SparseSigmoid>([](double x) { return std::fmin(1, std::fmax(0, (x + 1) / 2)); });
  check_function<SparsePlus>([](double x) { return x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x; });
}

TEST_CASE("activations at infinity") {
  check_ends<ReLUWith<Threshold{1}>>(0, 0, infinity, 1);
  check_ends<ReLUWith<NegativeSlope{0.1}, MaxValue{4}>>(-infinity, 0.1, 4, 0);
  check_ends<TanhGELU>(0, 0, infinity, 1);
  check_ends<Mish>(0, 0, infinity, 1);
  check_ends<Softsign>(-1, 0, 1, 0);
  check_ends<Exponential>(0, 0, infinity, infinity);
  check_ends<LogSigmoid>(-infinity, 1, 0, 0);
  check_ends<CELU>(-1, 0, infinity, 1);
  check_ends<HardTanh>(-1, 0, 1, 0);
  check_ends<HardShrink>(-infinity, 1, infinity, 1);
  check_ends<SoftShrink>(-infinity, 1, infinity, 1);
  check_ends<TanhShrink>(-infinity, 1, infinity, 1);
  check_ends<Squareplus>(0, 0, infinity, 1);
  check_ends<SparseSigmoid>(0, 0, 1, 0);
  check_ends<SparsePlus>(0, 0, infinity, 1);
  check_ends<Sigmoid>(0, 0, 1, 0);
  check_ends<Tanh>(-1, 0, 1, 0);
  check_ends<ReLU>(0, 0, infinity, 1);
  check_ends<ReLU6>(0, 0, 6, 0);
  check_ends<LeakyReLU<>>(-infinity, 0.3, infinity, 1);
  check_ends<ELU<>>(-1, 0, infinity, 1);
  check_ends<SELU>(-1.0507009873554805 * 1.6732632423543772, 0, infinity, 1.0507009873554805);
  check_ends<GELU>(0, 0, infinity, 1);
  check_ends<SiLU>(0, 0, infinity, 1);
  check_ends<Softplus>(0, 0, infinity, 1);
  check_ends<HardSigmoid>(0, 0, 1, 0);
  check_ends<HardSwish>(0, 0, infinity, 1);
}

TEST_CASE("slopes at the kinks are those of Keras 3.15") {
  CHECK(slope_at<ReLU>(0.0f) == 0);
  CHECK(slope_at<ReLU6>(0.0f) == 0);
  CHECK(slope_at<ReLU6>(6.0f) == 0);
  CHECK(slope_at<LeakyReLU<>>(0.0f) == 0.3f);
  CHECK(slope_at<ELU<0.7>>(0.0f) == 0.7f);
  CHECK(slope_at<SELU>(0.0f) == 1.05070099f);
  CHECK(slope_at<SELU>(-0.0f) == 1.05070099f);
  CHECK(slope_at<HardSigmoid>(-3.0f) == 0);
  CHECK(slope_at<HardSigmoid>(3.0f) == 0);
  CHECK(slope_at<HardSwish>(-3.0f) == 0);
  CHECK(slope_at<HardSwish>(3.0f) == 1);
}
