// Numbers as text with a decimal point, whatever the program's locale says (printf and streams follow it).
#pragma once

#include <charconv>
#include <string>

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 14000
#include <clocale>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#endif

namespace strata::detail {

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 14000

/// std::to_chars, which this library has not yet (emscripten before 3.1.10).
template <class T>
std::string number_text(T number, std::chars_format format = std::chars_format::general, int digits = -1) {
  const char* const print =
      format == std::chars_format::fixed ? "%.*f" : format == std::chars_format::scientific ? "%.*e" : "%.*g";
  char text[400];  // 1e308 has 309 digits
  const auto write = [&](int count) { std::snprintf(text, sizeof text, print, count, static_cast<double>(number)); };
  const auto reads_back = [&] {
    return (sizeof(T) == sizeof(float) ? std::strtof(text, nullptr) : std::strtod(text, nullptr)) == number;
  };
  write(digits < 0 ? 0 : digits);
  for (int count = 1; digits < 0 && count < 350 && number == number && !reads_back(); ++count) write(count);
  std::string result = text;
  const std::string point = std::localeconv()->decimal_point;
  if (const std::size_t at = result.find(point); at != result.npos) result.replace(at, point.size(), ".");
  return result;
}

#else

template <class... Format>
std::string number_text(auto number, Format... format) {
  char text[400];  // 1e308 has 309 digits
  return {text, std::to_chars(text, text + sizeof text, number, format...).ptr};
}

#endif

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
