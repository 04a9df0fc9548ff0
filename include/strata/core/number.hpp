// Numbers as text with a decimal point, whatever the program's locale says (printf and streams follow it).
#pragma once

#include <charconv>
#include <string>

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 14000
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <type_traits>
#endif

namespace strata::detail {

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 14000  // libc++ before 14 (emscripten before 3.1.10): no to_chars

inline std::string printed(const char* format, int digits, double number) {
  char text[400];  // 1e308 has 309 digits
  std::string result(text, static_cast<std::size_t>(std::snprintf(text, sizeof text, format, digits, number)));
  const std::string point = std::localeconv()->decimal_point;
  if (const std::size_t at = result.find(point); at != result.npos) result.replace(at, point.size(), ".");
  return result;
}
inline std::string fixed(double number, int digits) { return printed("%.*f", digits, number); }
inline std::string scientific(double number, int digits) { return printed("%.*e", digits, number); }
inline std::string general(double number) { return printed("%.*g", 6, number); }
template <class T>
std::string shortest(T number) {
  if constexpr (std::is_integral_v<T>) return std::to_string(number);
  for (int digits = 1;; ++digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*g", digits, static_cast<double>(number));
    const bool same = (sizeof(T) == 4 ? std::strtof(text, nullptr) : std::strtod(text, nullptr)) == number;
    if (same || digits == std::numeric_limits<T>::max_digits10) return printed("%.*g", digits, number);
  }
}

#else

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

#endif

}  // namespace strata::detail
