// How a layer says, at compile time, what is wrong with its definition.
#pragma once

#include <limits>

#include <strata/core/text.hpp>

namespace strata {

/// The reason a layer cannot stand where it stands. Empty (`rule == nullptr`) means that all is well.
///
///     return Problem{"the kernel is larger than the input", Text() << "an input of at least 5x5",
///                    "use Same padding or a smaller kernel"};
///
/// The network adds which layer it is and what it received. `rule` and `remedy` are literals, because some compilers
/// (clang before 16) print only those.
struct Problem {
  const char* rule = nullptr;
  BasicText<200> expected{};  ///< short, as compilers fill it for every layer that is right, too
  const char* remedy = "";
  BasicText<200> received{};  ///< what came, where that is not the layer's input shape

  constexpr explicit operator bool() const { return rule != nullptr; }
};

namespace detail {

/// `number` with up to six decimals: `decimal(1.5)` is "1.5".
constexpr Text decimal(double number) {
  if (number != number) return "NaN";
  Text text;
  if (number < 0) text << '-', number = -number;
  if (number > 1e9) return text << "more than 1e9";
  const long long millionths = static_cast<long long>(number * 1e6 + 0.5);
  text << millionths / 1'000'000;
  long long rest = millionths % 1'000'000;
  if (rest > 0) text << '.';
  for (long long unit = 100'000; rest > 0; unit /= 10) {
    text << rest / unit;
    rest %= unit;
  }
  return text;
}

/// Where a number is not in a range, NaN is not in any, and what is infinite as a float is too large for all.
constexpr Problem number_problem(const char* rule, double number, double least, const char* expected,
                                 const char* remedy, double most = (std::numeric_limits<float>::max)()) {
  if (number >= least && number <= most) return {};
  return {rule, expected, remedy, decimal(number)};
}

}  // namespace detail
}  // namespace strata
