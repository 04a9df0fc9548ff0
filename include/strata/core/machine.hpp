// What plans and kernels take a processor for, beyond its registers (kernels/vector.hpp). One value for all processors,
// so that memory plans are the same everywhere; fitted to a Xeon whose core has these caches.
#pragma once

#include <cstddef>

namespace strata::detail {

struct Machine {
  std::size_t first_cache = 48u << 10;   ///< bytes
  std::size_t second_cache = 2u << 20;   ///< bytes
  double weight_cost = 0.2;  ///< of a byte of weights from beyond the second-level cache, in vector multiply-adds
};
inline constexpr Machine machine{};

}  // namespace strata::detail
