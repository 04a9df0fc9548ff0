// What calls take of a network with one input or output, or with several.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace strata {

/// A `T`, or an array of them.
template <class T, std::size_t Count>
using OneOrMore = std::conditional_t<Count == 1, T, std::array<T, Count>>;

namespace detail {

/// The element, whether there is one or more.
template <std::size_t I, class T>
constexpr const T& element(const T& one) {
  static_assert(I == 0);
  return one;
}
template <std::size_t I, class T, std::size_t Count>
constexpr const T& element(const std::array<T, Count>& more) {
  return more[I];
}

/// f<0>(), f<1>(), …
template <std::size_t Count, class F>
constexpr void each(F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<I>(), ...); }
  (std::make_index_sequence<Count>{});
}

}  // namespace detail
}  // namespace strata
