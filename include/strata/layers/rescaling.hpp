// Rescaling: y = Scale x + Offset.
//
//     Rescaling<1 / 255.0>              bytes to [0, 1]
//     Rescaling<1 / 127.5, -1>          bytes to [-1, 1]
//
// Default: offset 0. Keras: Rescaling. ONNX: Mul and Add.
#pragma once

#include <limits>

#include <strata/core/options.hpp>
#include <strata/layers/elementwise.hpp>

namespace strata {

struct RescalingConfig {
  static constexpr Schema schema{.spelling = "Rescaling<>", .keras = "Rescaling", .arguments = 2};
  Number scale = 0;
  Number offset = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("scale", c.scale...), f("offset", c.offset...);
  }
  void onnx(auto& out) const {
    const std::string scaled = out("Mul", {out.x(), out.number(scale)});
    if (offset != 0) out("Add", {scaled, out.number(offset)});
  }
};

template <Number Scale, Number Offset = 0>
struct Rescaling : Elementwise<Rescaling<Scale, Offset>> {
  static constexpr const char* class_name = RescalingConfig::schema.keras;
  static constexpr RescalingConfig config{.scale = Scale, .offset = Offset};
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Problem check(Shape) {
    constexpr double most = (std::numeric_limits<float>::max)();
    for (const double number : {Scale.value, Offset.value})
      if (const Problem problem = detail::number_problem("a number of a Rescaling is not finite", number, -most,
                                                         "finite numbers", "write such as Rescaling<1 / 255.0>"))
        return problem;
    return {};
  }

  template <class V>
  static STRATA_INLINE V apply(V x) {
    return simd::fma(x, derivative(x, x), V(static_cast<typename V::value_type>(Offset.value)));
  }
  template <class V>
  static STRATA_INLINE V derivative(V, V) {
    return V(static_cast<typename V::value_type>(Scale.value));
  }
};

}  // namespace strata
