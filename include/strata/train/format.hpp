// Numbers as text, for logs and messages.
#pragma once

#include <cstdio>
#include <string>

namespace strata::detail {

/// As printf: `format_number("%.4f", 0.5)`.
inline std::string format_number(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

}  // namespace strata::detail
