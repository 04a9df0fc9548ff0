/// @file
/// Memory that tells what was read and written, and how far two results are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

#include "harness/catch.hpp"

namespace strata::test {

/// Elements between two bands that nobody may touch; NaN until written, so that reading too early or not writing shows.
template <class T>
class Guarded {
 public:
  explicit Guarded(std::size_t size) : memory_(size + 2 * band, guard), size_(size) { forget(); }

  T* data() { return memory_.data() + band; }
  std::span<T> span() { return {data(), size_}; }
  std::size_t size() const { return size_; }
  void forget() { std::ranges::fill(span(), std::numeric_limits<T>::quiet_NaN()); }
  template <class U>
  void copy(const std::vector<U>& values) {
    REQUIRE(values.size() == size_);
    std::ranges::transform(values, data(), [](U x) { return static_cast<T>(x); });
  }
  bool intact() const {
    const auto is_guard = [](T x) { return x == guard; };
    return std::all_of(memory_.begin(), memory_.begin() + band, is_guard) &&
           std::all_of(memory_.end() - band, memory_.end(), is_guard);
  }

 private:
  static constexpr T guard = static_cast<T>(-12345.0);
  static constexpr std::ptrdiff_t band = 67;

  std::vector<T> memory_;
  std::size_t size_;
};

/// The largest |a - b| / (1 + |b|); infinite where one is NaN.
template <class A, class B>
double difference(const A& a, const B& b) {
  REQUIRE(std::size(a) == std::size(b));
  double largest = 0;
  auto other = std::begin(b);
  for (const auto x : a) {
    const double y = static_cast<double>(*other++), d = std::abs(static_cast<double>(x) - y) / (1 + std::abs(y));
    largest = d <= largest ? largest : std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
  }
  return largest;
}

}  // namespace strata::test
