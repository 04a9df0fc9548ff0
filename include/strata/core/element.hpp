// What the numbers of a tensor are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

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

/// The type of one, where real numbers are `T`.
template <class T, Element element>
using Stored = std::conditional_t<
    element == Element::real, T,
    std::conditional_t<element == Element::int32, std::int32_t,
                       std::conditional_t<element == Element::int8, std::int8_t, std::uint8_t>>>;

}  // namespace strata
