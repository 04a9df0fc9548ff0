// What the numbers of a tensor are.
#pragma once

#include <cstddef>
#include <cstdint>

namespace strata {

/// `real`: the numbers of who runs the network, float or double.
enum class Element : unsigned char { real, int8, uint8, int32 };

constexpr const char* name_of(Element element) {
  constexpr const char* names[]{"real", "int8", "uint8", "int32"};
  return names[static_cast<std::size_t>(element)];
}

/// In memory, where real numbers have so many.
constexpr std::size_t bytes_of(Element element, std::size_t real) {
  return element == Element::real ? real : element == Element::int32 ? 4 : 1;
}

namespace detail {
template <class T, Element>
struct stored {
  using type = T;
};
template <class T>
struct stored<T, Element::int8> {
  using type = std::int8_t;
};
template <class T>
struct stored<T, Element::uint8> {
  using type = std::uint8_t;
};
template <class T>
struct stored<T, Element::int32> {
  using type = std::int32_t;
};
}  // namespace detail

/// The type of one, where real numbers are `T`.
template <class T, Element element>
using Stored = typename detail::stored<T, element>::type;

}  // namespace strata
