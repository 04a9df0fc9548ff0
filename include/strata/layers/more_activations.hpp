// Activations that Keras files rarely have: of those in activations.hpp they differ in nothing else.
#pragma once

#include <limits>

#include <strata/kernels/vector.hpp>
#include <strata/layers/activations.hpp>

namespace strata {

/// GELU with tanh: x (1 + tanh(√(2/π) (x + 0.044715 x^3))) / 2 (Hendrycks & Gimpel 2016, arXiv 1606.08415).
/// Keras `gelu(approximate=True)`, which a configuration cannot name; ONNX Gelu.
struct TanhGELU : Elementwise<TanhGELU> {
  static void onnx(auto& out) {
    const std::string x = out.x(), cube = out("Pow", {x, out.number(3)});
    const std::string inner = out("Add", {x, out("Mul", {cube, out.number(0.044715)})});
    const std::string tanh = out("Tanh", {out("Mul", {inner, out.number(0.7978845608028654)})});
    out("Mul", {out("Mul", {x, out("Add", {tanh, out.number(1)})}), out.number(0.5)});
  }
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return (simd::max)(V(-40), x) * simd::sigmoid(inner(x));
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    const V bounded = (simd::min)(V(40), (simd::max)(V(-40), x)), s = simd::sigmoid(inner(bounded));
    const V slope = simd::fma(bounded * bounded, V(3 * cubic), V(linear));
    return simd::fma(bounded * slope * s, V(1) - s, s);
  }

 private:
  static constexpr double linear = 1.5957691216057308, cubic = 0.044715 * linear;  // 2 √(2/π)
  template <class V>
  static STRATA_INLINE V inner(V x) {
    return x * simd::fma(x * x, V(cubic), V(linear));
  }
};

/// x tanh(log(1 + e^x)) (Misra 2019, arXiv 1908.08681). Keras `Activation('mish')`, ONNX Mish.
struct Mish : Elementwise<Mish> {
  static constexpr Schema schema{.spelling = "Mish", .keras = "Activation", .onnx = "Mish", .activation = "mish"};
  static void onnx(auto& out) { out("Mul", {out.x(), out("Tanh", {out("Softplus")})}); }
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    const V e = power(x), n = e * (e + V(2));
    return (simd::max)(V(-1000), x) * (n / (n + V(2)));
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    const V e = power(x), n = e * (e + V(2)), share = V(1) / (n + V(2));
    const V bounded = (simd::min)(V(20), (simd::max)(V(-1000), x));
    return simd::fma(bounded * V(4), e * share * ((e + V(1)) * share), n * share);
  }

 private:
  /// e^x as far as it matters: tanh is 1 from there on.
  template <class V>
  static STRATA_INLINE V power(V x) {
    return simd::exp(V((simd::min)(V(20), x)));
  }
};

/// x / (1 + |x|). Keras `Activation('softsign')`, ONNX Softsign.
struct Softsign : Elementwise<Softsign> {
  static constexpr Schema schema{.spelling = "Softsign", .keras = "Activation", .onnx = "Softsign",
                                 .activation = "softsign"};
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    constexpr auto most = (std::numeric_limits<typename V::value_type>::max)();  // infinity over itself is no number
    const V finite = (simd::min)(V(most), (simd::max)(V(-most), x));
    return finite / (V(1) + simd::abs(finite));
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    const V share = V(1) / (V(1) + simd::abs(x));
    return share * share;
  }
};

/// e^x. Keras `Activation('exponential')`, ONNX Exp.
struct Exponential : Elementwise<Exponential> {
  static constexpr Schema schema{.spelling = "Exponential", .keras = "Activation", .onnx = "Exp",
                                 .activation = "exponential"};
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::exp(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return y;
  }
};

/// log(1 / (1 + e^-x)). Keras `Activation('log_sigmoid')`.
struct LogSigmoid : Elementwise<LogSigmoid> {
  static constexpr Schema schema{.spelling = "LogSigmoid", .keras = "Activation", .activation = "log_sigmoid"};
  static void onnx(auto& out) { out("Neg", {out("Softplus", {out("Neg")})}); }
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return -simd::softplus(V(-x));
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return -simd::expm1(y);
  }
};

/// x where x > 0, else e^x - 1 (Barron 2017, arXiv 1704.07483, alpha 1). Keras `Activation('celu')`, ONNX Celu.
struct CELU : Elementwise<CELU> {
  static constexpr Schema schema{.spelling = "CELU", .keras = "Activation", .onnx = "Celu", .activation = "celu"};
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::select(x > V(0), x, simd::expm1(x));
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::select(y > V(0), V(1), y + V(1));
  }
};

/// x between -1 and 1. Keras `Activation('hard_tanh')`, ONNX Clip.
struct HardTanh : Elementwise<HardTanh> {
  static constexpr Schema schema{.spelling = "HardTanh", .keras = "Activation", .onnx = "Clip",
                                 .activation = "hard_tanh"};
  static void onnx(auto& out) { out(schema.onnx, {out.x(), out.number(-1), out.number(1)}); }
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return (simd::min)(V(1), (simd::max)(V(-1), x));
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return simd::select(simd::abs(x) > V(1), V(0), V(1));  // at the ends 1, as in Keras
  }
};

/// x where |x| > 0.5, else 0. Keras `Activation('hard_shrink')`, ONNX Shrink.
struct HardShrink : Elementwise<HardShrink> {
  static constexpr Schema schema{.spelling = "HardShrink", .keras = "Activation", .onnx = "Shrink",
                                 .activation = "hard_shrink"};
  static void onnx(auto& out) { out(schema.onnx).with("lambd", 0.5); }
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::select(simd::abs(x) <= V(0.5), V(0), x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return simd::select(y == V(0), V(0), V(1));
  }
};

/// x, nearer to 0 by 0.5. Keras `Activation('soft_shrink')`, ONNX Shrink (bias 0.5).
struct SoftShrink : Elementwise<SoftShrink> {
  static constexpr Schema schema{.spelling = "SoftShrink", .keras = "Activation", .onnx = "Shrink",
                                 .activation = "soft_shrink"};
  static void onnx(auto& out) { out(schema.onnx).with("lambd", 0.5).with("bias", 0.5); }
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::copysign((simd::max)(V(0), V(simd::abs(x) - V(0.5))), x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    return HardShrink::derivative(y, y);
  }
};

/// x - tanh(x). Keras `Activation('tanh_shrink')`.
struct TanhShrink : Elementwise<TanhShrink> {
  static constexpr Schema schema{.spelling = "TanhShrink", .keras = "Activation", .activation = "tanh_shrink"};
  static void onnx(auto& out) { out("Sub", {out.x(), out("Tanh")}); }
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return x - simd::tanh(x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    const V t = simd::tanh(x);
    return t * t;
  }
};

/// (x + √(x^2 + 4)) / 2, which times that of -x is 1. Keras `Activation('squareplus')`.
struct Squareplus : Elementwise<Squareplus> {
  static constexpr Schema schema{.spelling = "Squareplus", .keras = "Activation", .activation = "squareplus"};
  static void onnx(auto& out) {
    const std::string x = out.x(), square = out("Mul", {x, x});
    const std::string root = out("Sqrt", {out("Add", {square, out.number(4)})});
    out("Mul", {out("Add", {x, root}), out.number(0.5)});
  }
  static constexpr Needs backward_needs{.input = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    const V y = V(0.5) * (simd::abs(x) + simd::sqrt(V(simd::fma(x, x, V(4)))));
    return simd::select(x < V(0), V(1) / y, y);
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V y) {
    const V inverse = V(1) / y;
    return V(1) / simd::fma(inverse, inverse, V(1));
  }
};

/// (x + 1) / 2 between 0 and 1. Keras `Activation('sparse_sigmoid')`.
struct SparseSigmoid : detail::Ramp<SparseSigmoid, 0.5> {
  static constexpr Schema schema{.spelling = "SparseSigmoid", .keras = "Activation", .activation = "sparse_sigmoid"};
  static void onnx(auto& out) { out("HardSigmoid").with("alpha", 0.5).with("beta", 0.5); }
};

/// 0 up to -1, (x + 1)^2 / 4 up to 1, then x. Keras `Activation('sparse_plus')`.
struct SparsePlus : Elementwise<SparsePlus> {
  static constexpr Schema schema{.spelling = "SparsePlus", .keras = "Activation", .activation = "sparse_plus"};
  static void onnx(auto& out) {
    const std::string root = out("HardSigmoid").with("alpha", 0.5).with("beta", 0.5);
    out("Max", {out("Mul", {root, root}), out.x()});
  }
  static constexpr Needs backward_needs{.output = false};
  template <class V>
  static STRATA_INLINE V apply(V x) {
    const V root = SparseSigmoid::apply(x);
    return (simd::max)(V(root * root), x);
  }
  template <class V>
  static STRATA_INLINE V derivative(V x, V) {
    return SparseSigmoid::apply(x);
  }
};

}  // namespace strata
