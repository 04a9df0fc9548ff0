// The activations: Sigmoid, Tanh, ReLU and their relatives, each one function and its derivative. Those that Keras
// files rarely have are in more_activations.hpp, Softmax, which mixes channels, in softmax.hpp.
//
// Every one is a layer (`Conv2D<32, 3>, Sigmoid`) and can be fused by name (`Conv2D<32, 3, activation<Sigmoid>>`).
#pragma once

#include <limits>

#include <strata/core/options.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/layers/elementwise.hpp>

namespace strata {

/// 1 / (1 + e^-x). Keras `Activation('sigmoid')`, ONNX Sigmoid.
struct Sigmoid : Elementwise<Sigmoid> {
  static constexpr Schema schema{.spelling = "Sigmoid", .keras = "Activation", .onnx = "Sigmoid",
                                 .activation = "sigmoid"};
  static constexpr Needs backward_needs{.input = false};
  static constexpr Link link = Link::sigmoid;
  static constexpr bool makes_probabilities = true;
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::sigmoid(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::neg_fma(y, y, y);
  }
};

/// Keras `Activation('tanh')`, ONNX Tanh.
struct Tanh : Elementwise<Tanh> {
  static constexpr Schema schema{.spelling = "Tanh", .keras = "Activation", .onnx = "Tanh", .activation = "tanh"};
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::tanh(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::neg_fma(y, y, V(1));
  }
};

/// max(0, x); a NaN stays. Keras `ReLU()`, ONNX Relu.
struct ReLU : Elementwise<ReLU> {
  static constexpr Schema schema{.spelling = "ReLU", .keras = "ReLU", .onnx = "Relu", .activation = "relu",
                                 .fixed = R"({"max_value": null, "negative_slope": 0.0, "threshold": 0.0})"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return (simd::max)(V(0), x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::select(y > V(0), V(1), V(0));
  }
};

/// min(max(0, x), 6). Keras `ReLU(max_value=6)`, ONNX Clip.
struct ReLU6 : Elementwise<ReLU6> {
  static constexpr Schema schema{.spelling = "ReLU6", .keras = "ReLU", .onnx = "Clip", .activation = "relu6",
                                 .fixed = R"({"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0})"};
  static void onnx(auto& out) { out(schema.onnx, {out.x(), out.number(0), out.number(6)}); }
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return (simd::min)(V(6), (simd::max)(V(0), x));
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::select((y > V(0)) & (y < V(6)), V(1), V(0));
  }
};

/// Keras `max_value`: outputs stay below.
struct MaxValue {
  static constexpr const char* name = "MaxValue";
  double value;
  constexpr MaxValue(double v) : value(v) {}
};
/// Keras `negative_slope`: the slope below the threshold.
struct NegativeSlope {
  static constexpr const char* name = "NegativeSlope";
  double value;
  constexpr NegativeSlope(double v) : value(v) {}
};
/// Keras `threshold`: what is above passes.
struct Threshold {
  static constexpr const char* name = "Threshold";
  double value;
  constexpr Threshold(double v) : value(v) {}
};

struct ReLUConfig {
  static constexpr Schema schema{.spelling = "ReLU", .keras = "ReLU", .with_options = "ReLUWith"};
  MaxValue max_value = std::numeric_limits<double>::infinity();
  NegativeSlope negative_slope = 0;
  Threshold threshold = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("max_value", c.max_value...), f("negative_slope", c.negative_slope...), f("threshold", c.threshold...);
  }
  void onnx(auto& out) const {
    const double most = max_value.value, slope = negative_slope.value, from = threshold.value;
    const std::string x = out.x();
    std::string y;
    if (slope == 0 && from == 0)
      y = out("Relu");
    else if (slope == 0)
      y = out("ThresholdedRelu").with("alpha", from);
    else if (from == 0)
      y = out("LeakyRelu").with("alpha", slope);
    else
      y = out("Where", {out("Greater", {x, out.number(from)}), x,
                        out("Mul", {out("Sub", {x, out.number(from)}), out.number(slope)})});
    if (most < std::numeric_limits<double>::infinity()) out("Min", {y, out.number(most)});
  }
};

/// min(x, MaxValue) where x > Threshold, else NegativeSlope (x - Threshold): `ReLUWith<MaxValue{4}, Threshold{1}>`.
/// Keras `ReLU(max_value=4, threshold=1)`.
template <Spelled<"MaxValue{4}, NegativeSlope{0.1}, Threshold{1}"> auto... Given>
struct ReLUWith : Elementwise<ReLUWith<Given...>> {
  static constexpr const char* class_name = ReLUConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(ReLUConfig{});
  static constexpr Needs backward_needs{.output = false};
  static constexpr Problem check(Shape) {
    for (const double number : {config.max_value.value, slope, config.threshold.value})
      if (!(number >= 0))
        return {"a number of a ReLU is negative", "numbers of 0 or more", "give numbers of 0 or more",
                detail::decimal(number)};
    return options::template check<ReLUConfig>();
  }
  template <class V>
  static STRATA_INLINE V apply(V x) {
    V below(0);
    if constexpr (slope != 0) below = number<V>(slope) * (x - threshold<V>());
    return simd::select(x <= threshold<V>(), below, (simd::min)(number<V>(config.max_value.value), x));
  }
  /// At the threshold as in Keras, which there knows a plain LeakyReLU from others; at the largest value 1.
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    constexpr bool is_leaky = config.threshold.value == 0 && !(config.max_value.value < infinity);
    const V at_threshold = number<V>(is_leaky ? slope : 0);
    const V above = simd::select(x > number<V>(config.max_value.value), V(0), V(1));
    return simd::select(x > threshold<V>(), above, simd::select(x < threshold<V>(), number<V>(slope), at_threshold));
  }

 private:
  static constexpr double slope = config.negative_slope.value, infinity = std::numeric_limits<double>::infinity();
  template <class V>
  static STRATA_INLINE V number(double n) {
    return V(static_cast<typename V::value_type>(n));
  }
  template <class V>
  static STRATA_INLINE V threshold() {
    return number<V>(config.threshold.value);
  }
};

struct LeakyReLUConfig {
  static constexpr Schema schema{.spelling = "LeakyReLU<>", .keras = "LeakyReLU", .onnx = "LeakyRelu", .arguments = 1};
  Number negative_slope = 0.3;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("negative_slope", c.negative_slope...);
  }
  void onnx(auto& out) const { out(schema.onnx).with("alpha", negative_slope.value); }
};

/// x where x > 0, else Slope x: at -infinity a Slope of 0 makes NaN, in Keras and PyTorch too. `LeakyReLU<>` has Keras'
/// slope, 0.3. Keras `LeakyReLU`, ONNX LeakyRelu.
template <Number Slope = 0.3>
struct LeakyReLU : Elementwise<LeakyReLU<Slope>> {  // with the defaults: LeakyReLU<>
  static constexpr const char* class_name = LeakyReLUConfig::schema.keras;
  static constexpr LeakyReLUConfig config{.negative_slope = Slope};
  static constexpr Needs backward_needs{.input = false};
  static constexpr Problem check(Shape) {
    return detail::number_problem("the slope of a LeakyReLU is negative", Slope, 0, "a slope of 0 or more",
                                  "give a slope of 0 or more");
  }
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::select(x > V(0), x, slope<V> * x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::select(y > V(0), V(1), V(slope<V>));
  }

 private:
  template <class V>
  static constexpr auto slope = static_cast<typename V::value_type>(Slope.value);
};

struct ELUConfig {
  static constexpr Schema schema{.spelling = "ELU<>", .keras = "ELU", .onnx = "Elu", .arguments = 1};
  Number alpha = 1.0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("alpha", c.alpha...);
  }
  void onnx(auto& out) const { out(schema.onnx).with("alpha", alpha.value); }
};

/// x where x > 0, else Alpha (e^x - 1). `ELU<>` has Keras' alpha, 1. Keras `ELU`, ONNX Elu.
template <Number Alpha = 1.0>
struct ELU : Elementwise<ELU<Alpha>> {  // with the defaults: ELU<>
  static constexpr const char* class_name = ELUConfig::schema.keras;
  static constexpr ELUConfig config{.alpha = Alpha};
  static constexpr Needs backward_needs{.input = false};
  static constexpr Problem check(Shape) {
    return detail::number_problem("the alpha of an ELU is negative", Alpha, 0, "an alpha of 0 or more",
                                  "give an alpha of 0 or more");
  }
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::select(x > V(0), x, alpha<V> * simd::expm1(x));
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::select(y > V(0), V(1), y + alpha<V>);
  }

 private:
  template <class V>
  static constexpr auto alpha = static_cast<typename V::value_type>(Alpha.value);
};

/// scale x where x > 0, else scale alpha (e^x - 1): keeps mean 0 and variance 1 (Klambauer et al. 2017).
/// Keras `Activation('selu')`, ONNX Selu.
struct SELU : Elementwise<SELU> {
  static constexpr Schema schema{.spelling = "SELU", .keras = "Activation", .onnx = "Selu", .activation = "selu"};
  static constexpr double alpha = 1.6732632423543772, scale = 1.0507009873554805;
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return V(scale) * ELU<alpha>::apply(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::select(y < V(0), y + V(scale * alpha), V(scale));  // at 0 the right-hand one, as in Keras
  }
};

/// x Φ(x), Φ the normal distribution (exact, through erf). Keras `Activation('gelu')`, ONNX Gelu.
struct GELU : Elementwise<GELU> {
  static constexpr Schema schema{.spelling = "GELU", .keras = "Activation", .onnx = "Gelu", .activation = "gelu"};
  static void onnx(auto& out) {
    const std::string x = out.x(), erf = out("Erf", {out("Div", {x, out.number(1.4142135623730951)})});
    out("Mul", {out("Mul", {x, out("Add", {erf, out.number(1)})}), out.number(0.5)});
  }
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::gelu(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return simd::gelu_derivative(x);
  }
};

/// x / (1 + e^-x), also called swish. Keras `Activation('silu')`, ONNX Mul(x, Sigmoid(x)).
struct SiLU : Elementwise<SiLU> {
  static constexpr Schema schema{.spelling = "SiLU", .keras = "Activation", .activation = "silu"};
  static void onnx(auto& out) { out("Mul", {out.x(), out("Sigmoid")}); }
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::silu(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    constexpr auto most = (std::numeric_limits<typename V::value_type>::max)();  // infinity times 0 is no number
    const V s = simd::sigmoid(x), finite = (simd::min)(V(most), (simd::max)(V(-most), x));
    return simd::fma(finite * s, V(1) - s, s);
  }
};

/// log(1 + e^x). Keras `Activation('softplus')`, ONNX Softplus.
struct Softplus : Elementwise<Softplus> {
  static constexpr Schema schema{.spelling = "Softplus", .keras = "Activation", .onnx = "Softplus",
                                 .activation = "softplus"};
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::softplus(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return -simd::expm1(-y);
  }
};

namespace detail {

/// Slope x + 0.5 between 0 and 1.
template <class Derived, Number Slope>
struct Ramp : Elementwise<Derived> {
  static constexpr bool makes_probabilities = true;
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return (simd::min)(V(1), (simd::max)(V(0), simd::fma(x, V(Slope.value), V(0.5))));
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::select((y > V(0)) & (y < V(1)), V(Slope.value), V(0));
  }
};

}  // namespace detail

/// x / 6 + 0.5 between 0 and 1, as in Keras 3. Keras `Activation('hard_sigmoid')`, ONNX HardSigmoid (alpha 1/6).
struct HardSigmoid : detail::Ramp<HardSigmoid, 1.0 / 6> {
  static constexpr Schema schema{.spelling = "HardSigmoid", .keras = "Activation", .onnx = "HardSigmoid",
                                 .activation = "hard_sigmoid"};
  static void onnx(auto& out) { out(schema.onnx).with("alpha", 1.0 / 6).with("beta", 0.5); }
};

/// x HardSigmoid(x): 0 below -3, -infinity included (where Keras multiplies it by 0), x above 3.
/// Keras `Activation('hard_silu')`, ONNX HardSwish.
struct HardSwish : Elementwise<HardSwish> {
  static constexpr Schema schema{.spelling = "HardSwish", .keras = "Activation", .onnx = "HardSwish",
                                 .activation = "hard_silu"};
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return (simd::max)(V(-3), x) * HardSigmoid::apply(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    const V bounded = (simd::min)(V(3), (simd::max)(V(-3), x)), y = HardSigmoid::apply(x);
    return simd::fma(bounded, HardSigmoid::derivative(x, y), y);
  }
};

}  // namespace strata
