// Arithmetic on each element, as files bring it that were traced: each fuses like an activation. The names are those of
// keras.ops where it has them.
#pragma once

#include <limits>
#include <string>

#include <strata/core/options.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/layers/elementwise.hpp>

namespace strata {

/// |x|; the slope at 0 is 0, as in Keras. Keras `ops.absolute`, ONNX Abs.
struct Absolute : Elementwise<Absolute> {
  static constexpr Schema schema{.spelling = "Absolute", .keras = "Absolute", .onnx = "Abs",
                                 .module = "keras.src.ops.numpy"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::abs(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return simd::select(x == V(0), V(0), simd::copysign(V(1), x));
  }
};

/// log(x), NaN below 0. Keras `ops.log`, ONNX Log.
struct Log : Elementwise<Log> {
  static constexpr Schema schema{.spelling = "Log", .keras = "Log", .onnx = "Log",
                                 .module = "keras.src.ops.numpy"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::log(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return V(1) / x;
  }
};

/// -x. Keras `ops.negative`, ONNX Neg.
struct Negative : Elementwise<Negative> {
  static constexpr Schema schema{.spelling = "Negative", .keras = "Negative", .onnx = "Neg",
                                 .module = "keras.src.ops.numpy"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = false, .output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return -x;
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V) {
    return V(-1);
  }
};

/// 1 / x. Keras `ops.reciprocal`, ONNX Reciprocal.
struct Reciprocal : Elementwise<Reciprocal> {
  static constexpr Schema schema{.spelling = "Reciprocal", .keras = "Reciprocal", .onnx = "Reciprocal",
                                 .module = "keras.src.ops.numpy"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return V(1) / x;
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return -y * y;
  }
};

/// √x. Keras `ops.sqrt`, ONNX Sqrt.
struct Sqrt : Elementwise<Sqrt> {
  static constexpr Schema schema{.spelling = "Sqrt", .keras = "Sqrt", .onnx = "Sqrt",
                                 .module = "keras.src.ops.numpy"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::sqrt(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return V(0.5) / y;
  }
};

/// x^2. Keras `ops.square`, ONNX Mul.
struct Square : Elementwise<Square> {
  static constexpr Schema schema{.spelling = "Square", .keras = "Square", .module = "keras.src.ops.numpy"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.output = false};
  static void onnx(auto& out) { out("Mul", {out.x(), out.x()}); }
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return x * x;
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return x + x;
  }
};

struct ClipConfig {
  static constexpr Schema schema{.spelling = "Clip<>", .keras = "Clip", .onnx = "Clip", .arguments = 2,
                                 .module = "keras.src.ops.numpy"};
  Number x_min = 0, x_max = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("x_min", c.x_min...), f("x_max", c.x_max...);
  }
  void onnx(auto& out) const { out(schema.onnx, {out.x(), out.number(x_min), out.number(x_max)}); }
};

/// x between two numbers: `Clip<0, 1>`, `Clip<-0.5, 6>`; the slope at its ends is 1, as in Keras. Keras `ops.clip`,
/// ONNX Clip.
template <Number Least, Number Most>
struct Clip : Elementwise<Clip<Least, Most>> {
  static constexpr const char* class_name = ClipConfig::schema.keras;
  static constexpr ClipConfig config{.x_min = Least, .x_max = Most};
  static constexpr Needs backward_needs{.output = false};
  static constexpr Problem check(Shape) {
    constexpr double most = (std::numeric_limits<float>::max)();
    if (const Problem problem = detail::number_problem("the least number of a Clip is not finite", Least, -most,
                                                       "a finite number", "give two finite numbers"))
      return problem;
    return detail::number_problem("the largest number of a Clip is below the least, or not finite", Most, Least,
                                  "a finite number of the least or more", "give the least number first");
  }
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return (simd::min)(bound<V>(Most), (simd::max)(bound<V>(Least), x));
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return simd::select((x < bound<V>(Least)) | (x > bound<V>(Most)), V(0), V(1));
  }

 private:
  template <class V>
  static STRATA_INLINE V bound(double number) {
    return V(static_cast<typename V::value_type>(number));
  }
};

struct PowerConfig {
  static constexpr Schema schema{.spelling = "Power<>", .keras = "Power", .onnx = "Pow", .arguments = 1, .module = ""};
  Number exponent = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("exponent", c.exponent...);
  }
  void onnx(auto& out) const { out(schema.onnx, {out.x(), out.number(exponent)}); }
};

/// x^Exponent: by products where that is a whole number (up to 64), a square root of them where it is half of one, else
/// e^(Exponent log(x)); NaN below 0 where it is no whole number, but for -infinity. Keras `ops.power`, ONNX Pow.
template <Number Exponent>
struct Power : Elementwise<Power<Exponent>> {
  static constexpr const char* class_name = PowerConfig::schema.keras;
  static constexpr PowerConfig config{.exponent = Exponent};
  static constexpr Needs backward_needs{.output = false};
  static constexpr Problem check(Shape) {
    constexpr double most = (std::numeric_limits<float>::max)();
    return detail::number_problem("the exponent of a Power is not finite", Exponent, -most, "a finite number",
                                  "give a finite number");
  }
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return raise<Exponent>(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return V(static_cast<typename V::value_type>(Exponent.value)) * raise<Number(Exponent.value - 1)>(x);
  }

 private:
  template <Number P, class V>
  static STRATA_INLINE V raise(V x) {
    constexpr double p = P;
    constexpr bool by_products = p >= -64 && p <= 64, whole = remainder(p, 1) == 0;
    if constexpr (!whole) {
      constexpr auto infinity = std::numeric_limits<typename V::value_type>::infinity();
      x = simd::select(x == V(-infinity), V(infinity), x);
    }
    if constexpr (by_products && p < 0 && 2 * p == static_cast<int>(2 * p)) return V(1) / raise<Number(-p)>(x);
    else if constexpr (by_products && p == static_cast<int>(p)) return product<static_cast<int>(p)>(x);
    else if constexpr (by_products && 2 * p == static_cast<int>(2 * p))
      return raise<Number(p - 0.5)>(x) * simd::sqrt(x);
    else {
      const V size = simd::exp(V(V(static_cast<typename V::value_type>(p)) * simd::log(whole ? V(simd::abs(x)) : x)));
      return whole && remainder(p, 2) != 0 ? V(simd::select(x < V(0), -size, size)) : size;
    }
  }
  /// Numbers of 2^53 and more are even.
  static constexpr double remainder(double number, int divisor) {
    constexpr double exact = 0x1p53;
    if (number <= -exact || number >= exact) return 0;
    const auto whole = static_cast<long long>(number);
    return static_cast<double>(whole % divisor) + (number - static_cast<double>(whole));
  }
  template <int Factors, class V>
  static STRATA_INLINE V product(V x) {
    if constexpr (Factors == 0) return V(1);
    else if constexpr (Factors % 2 == 1) return x * product<Factors - 1>(x);
    else return product<Factors / 2>(V(x * x));
  }
};

struct ThresholdConfig {
  static constexpr Schema schema{.spelling = "ThresholdLayer<>", .keras = "Threshold", .arguments = 2,
                                 .module = "keras.src.ops.nn"};
  Number threshold = 0, default_value = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("threshold", c.threshold...), f("default_value", c.default_value...);
  }
  void onnx(auto& out) const {
    const std::string above = out("Greater", {out.x(), out.number(threshold)});
    out("Where", {above, out.x(), out.number(default_value)});
  }
};

/// x where it is above Bound, else Otherwise: `ThresholdLayer<0.5, -1>`. (Threshold is an option of ReLU.) Keras
/// `ops.threshold`, ONNX Greater and Where.
template <Number Bound, Number Otherwise>
struct ThresholdLayer : Elementwise<ThresholdLayer<Bound, Otherwise>> {
  static constexpr const char* class_name = ThresholdConfig::schema.keras;
  static constexpr ThresholdConfig config{.threshold = Bound, .default_value = Otherwise};
  static constexpr Needs backward_needs{.output = false};
  static constexpr Problem check(Shape) {
    constexpr double most = (std::numeric_limits<float>::max)();
    for (const double number : {Bound.value, Otherwise.value})
      if (const Problem problem = detail::number_problem("a number of a ThresholdLayer is not finite", number, -most,
                                                         "finite numbers", "give finite numbers"))
        return problem;
    return {};
  }
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::select(x > number<V>(Bound), x, number<V>(Otherwise));
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return simd::select(x > number<V>(Bound), V(1), V(0));
  }

 private:
  template <class V>
  static STRATA_INLINE V number(double n) {
    return V(static_cast<typename V::value_type>(n));
  }
};

}  // namespace strata
