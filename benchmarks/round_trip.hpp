// What two cores cannot do without: the yardstick for every wait of one thread for another.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "timing.hpp"

namespace strata::benchmarks {

/// Seconds that a cache line takes to another core and back, the median of about `seconds`. A virtual machine's
/// processors may be neighbours now and far apart in a minute.
inline double round_trip(double seconds = 0.01) {
  constexpr std::size_t trips = 100;
  constexpr std::size_t over = ~std::size_t{0} - 1;
  alignas(64) std::atomic<std::size_t> line{0};  // odd: on its way there, even: back
  std::thread other([&] {
    for (std::size_t seen = 0; seen != over; seen = line.load(std::memory_order_acquire))
      if (seen % 2 == 1) line.store(seen + 1, std::memory_order_release);
  });
  std::size_t sent = 1;
  const std::vector<double> times = time_calls(seconds, [&] {
    for (const std::size_t last = sent + 2 * trips; sent != last; sent += 2) {
      line.store(sent, std::memory_order_release);
      while (line.load(std::memory_order_acquire) == sent) {
      }
    }
  });
  line.store(over, std::memory_order_release);
  other.join();
  return quantile(times, 0.5) / trips;
}

}  // namespace strata::benchmarks
