// Numbers as text with a decimal point, whatever the program's locale says (printf and streams follow it).
#pragma once

#include <charconv>
#include <string>

namespace strata::detail {

template <class... Format>
std::string number_text(auto number, Format... format) {
  char text[400];  // 1e308 has 309 digits
  return {text, std::to_chars(text, text + sizeof text, number, format...).ptr};
}

/// As printf's "%.4f": `fixed(0.5, 4)` is 0.5000.
inline std::string fixed(double number, int digits) {
  return number_text(number, std::chars_format::fixed, digits);
}
/// As printf's "%.4e".
inline std::string scientific(double number, int digits) {
  return number_text(number, std::chars_format::scientific, digits);
}
/// As printf's "%g".
inline std::string general(double number) { return number_text(number, std::chars_format::general, 6); }
/// The fewest digits that read back as the same `float` or `double`.
inline std::string shortest(auto number) { return number_text(number); }

}  // namespace strata::detail
