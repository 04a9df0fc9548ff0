// Clocks, medians, bursts of calls.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace strata::benchmarks {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Below which a share of the values lies: 0.5 is the median.
inline double quantile(std::vector<double> values, double share) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size()));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

/// Seconds of each of many calls: two to warm up, then `seconds` long and at least five.
template <class F>
std::vector<double> time_calls(double seconds, F&& call) {
  constexpr std::size_t least = 5;
  call();
  call();
  std::vector<double> times;
  const auto begin = Clock::now();
  while (times.size() < least || seconds_since(begin) < seconds) {
    const auto start = Clock::now();
    call();
    times.push_back(seconds_since(start));
  }
  return times;
}

}  // namespace strata::benchmarks
