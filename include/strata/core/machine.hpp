// What plans and kernels take a processor for, beyond its registers (kernels/vector.hpp): a Xeon, to whose core it is
// fitted, or, where the compiler's target is a Zen, that.
#pragma once

#include <cstddef>

namespace strata::detail {

/// Where the weights of a network are from call to call.
enum class Home { second_cache, third_cache, memory };

/// Caches in bytes. Costs are of a byte of weights that comes from beyond the second-level cache, in vector
/// multiply-adds.
struct Machine {
  std::size_t first_cache = 48u << 10;
  std::size_t second_cache = 2u << 20;
  std::size_t third_cache = 16u << 20;
  double third_cache_cost = 0.2;
  double memory_cost = 0.2;
  bool divides_fast = false;  ///< 16 floats, sooner than by an estimate and a step of Newton's method

  constexpr Home home_of(std::size_t bytes) const {
    return bytes <= second_cache ? Home::second_cache : bytes <= third_cache ? Home::third_cache : Home::memory;
  }
};

#if defined(__znver3__) || defined(__znver4__) || defined(__znver5__)
inline constexpr Machine machine{.third_cache_cost = 0.1, .divides_fast = true};
#else
inline constexpr Machine machine{};
#endif

}  // namespace strata::detail
