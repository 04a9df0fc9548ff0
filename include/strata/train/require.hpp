// Numbers that a user chooses: hyperparameters of optimisers, schedules and losses.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include <strata/core/error.hpp>
#include <strata/core/exact.hpp>
#include <strata/core/number.hpp>

namespace strata::detail {

/// As a float, too.
inline bool finite(double number) {
  return std::abs(number) <= static_cast<double>((std::numeric_limits<float>::max)());
}

/// Throws InvalidArgument unless `good`: `Adam: expected .beta_1 from 0 to below 1, received 1`.
inline void require(bool good, const std::string& owner, const char* name, const char* range, double received) {
  if (!good)
    raise<InvalidArgument>(owner + ": expected ." + name + " " + range + ", received " + general(received));
}

}  // namespace strata::detail
