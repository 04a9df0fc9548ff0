// The terminal that standard output may be.
#pragma once

#include <cstddef>
#include <limits>

#ifdef _WIN32
#include <io.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace strata::detail {

/// Characters in a line of the terminal: 0 where standard output is none, the largest number where it does not say.
inline std::size_t terminal_columns() {
#ifdef _WIN32
  return ::_isatty(1) != 0 ? 80 : 0;  // a console has 80 or more; to ask, windows.h and all its macros would be needed
#else
  if (::isatty(STDOUT_FILENO) == 0) return 0;
  winsize size{};
  const bool says = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return says ? size.ws_col : (std::numeric_limits<std::size_t>::max)();
#endif
}

}  // namespace strata::detail
