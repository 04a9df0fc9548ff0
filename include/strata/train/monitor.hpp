// Which way a number of the logs should go: what EarlyStopping and ModelCheckpoint follow.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include <strata/core/error.hpp>
#include <strata/core/schema.hpp>

namespace strata {

/// Whether a number should fall (a loss) or rise (an accuracy). A callback's `automatic` takes what the logs say of the
/// number: `min` for losses, `direction` for metrics that have one, else InvalidArgument (Keras' `mode`).
enum class Monitor { automatic, min, max };
constexpr auto choices(Monitor) {
  return Choices<3>{"Monitor", {"Monitor::automatic", "Monitor::min", "Monitor::max"}, {"auto", "min", "max"}};
}

namespace detail {

/// What a callback follows: its `mode`, or else what the logs say. Throws InvalidArgument where neither knows.
template <class Logs>
Monitor direction(std::string_view callback, Monitor mode, std::string_view monitor, const Logs& logs) {
  if (mode == Monitor::automatic) mode = logs.direction(monitor);
  if (mode == Monitor::automatic)
    raise<InvalidArgument>(std::string(callback) + ": whether '" + std::string(monitor) +
                           "' should rise or fall is not known: expected .mode = Monitor::max or .mode = Monitor::min, "
                           "received none; a metric of your own may also say so itself: static constexpr Monitor "
                           "direction = Monitor::max");
  return mode;
}

/// Whether `value` is better than `best` by more than `min_delta`, whose sign does not matter (as in Keras). Any number
/// is better than NaN.
inline bool improves(Monitor direction, double value, double best, double min_delta = 0) {
  if (std::isnan(best)) return !std::isnan(value);
  const double delta = std::abs(min_delta);
  return direction == Monitor::max ? value - delta > best : value + delta < best;
}

}  // namespace detail
}  // namespace strata
