// A layer in its place: the one piece that turns a description into sizes.
#pragma once

#include <array>
#include <cstddef>

#include <strata/core/layer.hpp>

namespace strata {

/// `Bound<Conv2D<32, 3, Same>, Shape{32, 32, 3}>`: keyed by layer and input shapes only, so that equal layers of a
/// network, or of two networks, share their code.
template <class L, Shape... In>
struct Bound {
  using layer = L;
  static constexpr std::size_t input_count = sizeof...(In);
  static constexpr std::array<Shape, input_count> input_shapes{In...};
  static constexpr Shape input_shape = input_shapes[0];
  static constexpr Shape output_shape = rules<L>::output_shape(input_shapes);
  static constexpr Parameters parameters = rules<L>::parameters(input_shape);
  static constexpr Kind kind = rules<L>::kind;
};

}  // namespace strata
