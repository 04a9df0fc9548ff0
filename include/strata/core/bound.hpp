// A layer in its place: the one piece that turns a description into sizes.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <strata/core/algorithms.hpp>
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
  static constexpr Element input_element = rules<L>::input_element, output_element = rules<L>::output_element;
  /// There is enough to do for threads to wait for each other.
  static constexpr bool worth_sharing = rules<L>::macs(input_shape) + 4 * output_shape.size() >= 50'000;
};

namespace detail {

template <class L, Algorithms Choice>
struct layer_by {
  using type = L;
};
template <class L, Algorithms Choice>
  requires(!std::is_same_v<Choice, Fast>) && requires { typename L::template by<Choice>; }
struct layer_by<L, Choice> {
  using type = typename L::template by<Choice>;
};

template <class B, Algorithms Choice>
struct bound_by;
template <class L, Shape... In, Algorithms Choice>
struct bound_by<Bound<L, In...>, Choice> {
  using type = Bound<typename layer_by<L, Choice>::type, In...>;
};

}  // namespace detail

/// The layer that computes the same by these algorithms, and that in its place.
template <class L, Algorithms Choice>
using LayerBy = typename detail::layer_by<L, Choice>::type;
template <class B, Algorithms Choice>
using BoundBy = typename detail::bound_by<B, Choice>::type;

}  // namespace strata
