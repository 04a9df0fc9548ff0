// A layer in its place: the one piece that turns a description into sizes.
#pragma once

#include <strata/core/layer.hpp>

namespace strata {

/// `Bound<Conv2D<32, 3, Same>, Shape{32, 32, 3}>`: keyed by layer and input shape only, so that equal layers of a
/// network, or of two networks, share their code.
template <class L, Shape In>
struct Bound {
  using layer = L;
  static constexpr Shape input_shape = In;
  static constexpr Shape output_shape = L::output_shape(In);
  static constexpr Parameters parameters = rules<L>::parameters(In);
  static constexpr Kind kind = rules<L>::kind;
};

}  // namespace strata
