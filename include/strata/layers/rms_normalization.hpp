// RMSNormalization: each position's channels are divided by the root of their mean square, then scaled (Zhang &
// Sennrich 2019, arXiv 1910.07467).
//
//     RMSNormalization                                Keras' defaults
//     RMSNormalizationWith<Epsilon{1e-5}>
//
// Defaults: the last axis, epsilon 1e-6. Keras: RMSNormalization. ONNX: RMSNormalization.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>

namespace strata {

namespace detail {

/// y = x inverse, times a scale per channel if there is such a parameter. `Derived::inverse(squares, channels)` is 1
/// over the root of share Σ x^2 and what is added; `Derived::share(squares, channels)` that share, 0 where it is
/// bounded.
template <class Derived>
struct ScaledRows {
  static constexpr Needs backward_needs{.output = false};
  static constexpr bool makes_probabilities = false;

  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Call>
  static void forward(const Call& call) {
    constexpr auto channels = static_cast<std::size_t>(Call::input_shape.channels());
    for (std::size_t row = 0; row < call.batch * Call::input_shape.positions(); ++row) {
      const auto* const x = call.input + row * channels;
      const double inverse = Derived::inverse(product(x, x, channels), channels);
      for (std::size_t c = 0; c < channels; ++c)
        call.output[row * channels + c] = static_cast<typename Call::Scalar>(x[c] * inverse * scale(call, c));
    }
  }

  /// With g = scale dy: dx = inverse (g - x inverse^2 share Σ g x).
  template <class Call>
  static void backward(const Call& call) {
    using T = typename Call::Scalar;
    constexpr auto channels = static_cast<std::size_t>(Call::input_shape.channels());
    for (std::size_t row = 0; row < call.batch * Call::input_shape.positions(); ++row) {
      const T *const x = call.input + row * channels, *const dy = call.output_gradient + row * channels;
      const double squares = product(x, x, channels), inverse = Derived::inverse(squares, channels);
      double sum = 0;
      for (std::size_t c = 0; c < channels; ++c) {
        sum += static_cast<double>(dy[c]) * x[c] * scale(call, c);
        if constexpr (Derived::parameters(Call::input_shape).count > 0)
          call.parameter_gradients[0][c] += static_cast<T>(dy[c] * x[c] * inverse);
      }
      if (call.input_gradient == nullptr) continue;
      const double slope = sum * Derived::share(squares, channels) * inverse * inverse;
      for (std::size_t c = 0; c < channels; ++c)
        call.input_gradient[row * channels + c] = static_cast<T>(inverse * (dy[c] * scale(call, c) - x[c] * slope));
    }
  }

 private:
  template <class T>
  static double product(const T* a, const T* b, std::size_t size) {
    return std::inner_product(a, a + size, b, 0.0, std::plus<>(), [](double x, double y) { return x * y; });
  }
  template <class Call>
  static double scale(const Call& call, std::size_t c) {
    if constexpr (Derived::parameters(Call::input_shape).count > 0) return call.parameters[0][c];
    else return 1;
  }
};

}  // namespace detail

struct RMSNormalizationConfig {
  static constexpr Schema schema{.spelling = "RMSNormalization", .keras = "RMSNormalization",
                                 .onnx = "RMSNormalization", .with_options = "RMSNormalizationWith",
                                 .fixed = R"({"axis": -1})"};
  static constexpr const char* weight_names = "scale";
  Epsilon epsilon = 1e-6;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("epsilon", c.epsilon...);
  }
  void onnx(auto& out) const {
    const std::string squares = out("Pow", {out.x(), out.number(2)});
    const std::string mean = out("ReduceMean", {squares}).with("axes", {1});
    const std::string root = out("Sqrt", {out("Add", {mean, out.number(epsilon.value)})});
    out("Mul", {out("Div", {out.x(), root}), out.per_channel("scale", 1)});
  }
};

template <Spelled<"Epsilon{1e-5}"> auto... Given>
struct RMSNormalizationWith : detail::ScaledRows<RMSNormalizationWith<Given...>> {
  static constexpr const char* class_name = RMSNormalizationConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(RMSNormalizationConfig{});

  static constexpr Problem check(Shape) { return options::template check<RMSNormalizationConfig>(); }
  static constexpr Parameters parameters(Shape in) { return {{"scale", {in.channels()}, {Initializer::ones}}}; }

  static double inverse(double squares, std::size_t channels) {
    return 1 / std::sqrt(squares / static_cast<double>(channels) + config.epsilon.value);
  }
  static double share(double, std::size_t channels) { return 1 / static_cast<double>(channels); }
};

using RMSNormalization = RMSNormalizationWith<>;

}  // namespace strata
