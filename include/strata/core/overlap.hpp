// Whether two pieces of memory have an element in common.
#pragma once

#include <functional>
#include <span>

namespace strata::detail {

/// Adjacent or empty spans have none.
template <class T>
constexpr bool overlap(std::span<T> a, std::span<T> b) {
  const std::less<const void*> before;
  return before(a.data(), b.data() + b.size()) && before(b.data(), a.data() + a.size()) && !a.empty() && !b.empty();
}

}  // namespace strata::detail
