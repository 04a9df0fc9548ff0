// Sequential: a chain of layers as a type.
#pragma once

#include <type_traits>
#include <utility>

#include <strata/graph/chain.hpp>
#include <strata/graph/definition.hpp>

namespace strata {

/// A network when it starts with Input, else a block that other networks use as a layer.
///
///     struct Net : Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};
///     static_assert(Net::param_count == 1'024);
template <class... Layers>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Sequential : detail::Definition<typename detail::defined<detail::Chain<Layers...>>::type> {
  /// The definition is looked at here. (In the type of a function: of a class with a wrong member of another kind clang
  /// drops all that derives from it, and every use of the network would be one more error.)
  static auto examined() -> std::bool_constant<
      detail::no_fault_in_layer<typename detail::defined<detail::Chain<Layers...>>::examined>()>;  // why: the last note
};

namespace detail {
template <class Start, class... Layers>
Sequential<Layers...> body_of(const Sequential<Start, Layers...>&);
}  // namespace detail

/// What a chain has behind its Input, as a block: the body of an imported network, for another head.
///
///     struct Transfer : Sequential<Input<96, 96, 3>, Frozen<BodyOf<Net>>, GlobalAveragePooling2D, Dense<10>> {};
template <class Net>
using BodyOf = decltype(detail::body_of(std::declval<const Net&>()));

}  // namespace strata
