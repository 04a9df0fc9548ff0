// What layers share that scale and shift each channel: inference, where they fold into the layer before, and the
// gradient by the input.
#pragma once

#include <array>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/kernels/map.hpp>

namespace strata::detail {

/// `Derived::affine(in, parameters, scale, shift)` makes the numbers.
template <class Derived>
struct ChannelAffine {
  static constexpr Kind kind = Kind::affine;
  static constexpr Views views = Views::always;
  static constexpr bool makes_probabilities = false;

  static constexpr Shape output_shape(Shape in) { return in; }
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return 2 * static_cast<std::size_t>(in.channels());
  }
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    return scratch_size<V>(in);
  }

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    auto *scale = call.scratch, *shift = scale + Call::input_shape.channels();
    Derived::affine(Call::input_shape, call.parameters, scale, shift);
    const auto f = [](V x, V factor, V offset) STRATA_INLINE_LAMBDA { return simd::fma(factor, x, offset); };
    kernels::map_images<V, Call::input_shape, Call::output_border, Call::input_border>(
        call.batch, f, call.output, std::array{call.input},
        std::array<const typename Call::Scalar*, 2>{scale, shift});
  }
  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    if (call.input_gradient == nullptr) return;
    Derived::affine(Call::input_shape, call.parameters, call.scratch, call.scratch + Call::input_shape.channels());
    kernels::map_images<V, Call::input_shape, Call::input_gradient_border, Call::output_gradient_border>(
        call.batch, [](V dy, V factor) STRATA_INLINE_LAMBDA { return V(factor * dy); }, call.input_gradient,
        std::array{call.output_gradient}, std::array<const typename Call::Scalar*, 1>{call.scratch});
  }
};

}  // namespace strata::detail
