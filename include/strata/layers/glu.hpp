// GLU: the first half of the channels, times the sigmoid of the second (Dauphin et al. 2017, arXiv 1612.08083).
//
//     Conv2D<64, 3>, GLU         or       Conv2D<64, 3, activation<GLU>>        32 channels
//
// Keras: Activation('glu'). ONNX: Slice, Sigmoid and Mul.
#pragma once

#include <cstddef>
#include <string>

#include <strata/core/text.hpp>
#include <strata/kernels/map.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

struct GLU {
  static constexpr Schema schema{.spelling = "GLU", .keras = "Activation", .activation = "glu"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.output = false};
  static constexpr bool makes_probabilities = false;
  static void onnx(auto& out) {
    const int half = out.out().channels();
    const auto from = [&](int channel) {
      return out("Slice", {out.x(), out.integers({channel}), out.integers({channel + half}), out.integers({1})});
    };
    const std::string x = from(0), gate = out("Sigmoid", {from(half)});
    out("Mul", {x, gate});
  }

  static constexpr Problem check(Shape in) {
    if (in.channels() % 2 == 0) return {};
    return {"a GLU halves the channels", "an even number of channels", "change the layer before"};
  }
  static constexpr Shape output_shape(Shape in) {
    in.extents[static_cast<std::size_t>(in.rank - 1)] /= 2;
    return in;
  }

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    each_row(call, [](std::size_t half, const auto* x, auto* y) {
      kernels::map<V>(half, [](V a, V b) STRATA_INLINE_LAMBDA { return V(a * simd::sigmoid(b)); }, y, x, x + half);
    }, call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    if (call.input_gradient == nullptr) return;
    auto* dx = call.input_gradient;
    each_row(call, [&](std::size_t half, const auto* x, const auto* dy) {
      kernels::map<V>(half, [](V g, V b) STRATA_INLINE_LAMBDA { return V(g * simd::sigmoid(b)); }, dx, dy, x + half);
      const auto slope = [](V g, V a, V b) STRATA_INLINE_LAMBDA {
        const V s = simd::sigmoid(b);
        return V(g * a * s * (V(1) - s));
      };
      kernels::map<V>(half, slope, dx + half, dy, x, x + half);
      dx += 2 * half;
    }, call.output_gradient);
  }

 private:
  /// f(channels of the output, a pixel of the input, that of the output)
  template <class Call, class F, class T>
  static void each_row(const Call& call, F f, T* out) {
    constexpr auto half = static_cast<std::size_t>(Call::output_shape.channels());
    for (std::size_t row = 0; row < call.batch * Call::input_shape.positions(); ++row)
      f(half, call.input + row * 2 * half, out + row * half);
  }
};

}  // namespace strata
