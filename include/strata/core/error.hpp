// What goes wrong at run time. Every exception of the library derives from strata::Error.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace strata {

/// Base of every exception: `what()` says what was expected, what came and what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A span, a batch or an option whose size or value does not fit the network.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A file that cannot be read or written, is truncated, or does not hold what it should.
class FileError : public Error {
 public:
  using Error::Error;
};

/// The loss or a gradient became NaN or infinite; the parameters are those before the step.
class NonFiniteLoss : public Error {
 public:
  using Error::Error;
};

namespace detail {

/// Every error of the library is raised here: `raise<FileError>(sentence)`. Where the compiler has no exceptions
/// (-fno-exceptions), the sentence is printed and the program ends.
template <class E>
[[noreturn]] void raise(std::string_view sentence) {
#ifdef __cpp_exceptions
  throw E(std::string(sentence));
#else
  std::fprintf(stderr, "strata: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
  std::abort();
#endif
}

}  // namespace detail
}  // namespace strata
