/// @file
/// Memory that tells what was read and written, and how far two results are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <strata/core/random.hpp>

#include "harness/catch.hpp"

namespace strata::test {

/// Which edge of a buffer lies at a forbidden page: there any access faults at once, at full speed and in every preset.
/// Behind the other edge lies a band of bytes that nobody may change.
enum class Edge { start, end };

/// Bytes between two pages that the processor forbids.
class GuardedBytes {
 public:
  GuardedBytes(std::size_t size, Edge edge);
  GuardedBytes(GuardedBytes&& other) noexcept
      : pages_(std::exchange(other.pages_, {})), bytes_(std::exchange(other.bytes_, {})) {}
  GuardedBytes& operator=(GuardedBytes&&) = delete;
  ~GuardedBytes();

  std::byte* data() const { return bytes_.data(); }
  bool intact() const;

 private:
  std::span<std::byte> pages_, bytes_;  ///< all that may be touched; the buffer in it
};

/// Elements that nobody may miss; NaN until written, so that reading too early or not writing shows.
template <class T>
class Guarded {
 public:
  explicit Guarded(std::size_t size, Edge edge = Edge::end)
      : bytes_(size * sizeof(T), edge), data_(reinterpret_cast<T*>(bytes_.data())), size_(size) {
    std::uninitialized_fill_n(data_, size, std::numeric_limits<T>::quiet_NaN());
  }

  T* data() const { return data_; }
  T& operator[](std::size_t i) const { return data_[i]; }
  std::span<T> span() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  void forget() { std::ranges::fill(span(), std::numeric_limits<T>::quiet_NaN()); }
  template <class U>
  void copy(const std::vector<U>& values) {
    REQUIRE(values.size() == size_);
    std::ranges::transform(values, data(), [](U x) { return static_cast<T>(x); });
  }
  bool intact() const { return bytes_.intact(); }

 private:
  GuardedBytes bytes_;
  T* data_;
  std::size_t size_;
};

/// Numbers between -1 and 1.
template <class T>
Guarded<T> guarded_noise(std::size_t size, std::uint64_t seed) {
  Guarded<T> values(size);
  const Random random{Seed{seed}};
  for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<T>(2 * random.uniform(i) - 1);
  return values;
}

template <class T>
Guarded<T> guarded_fill(std::size_t size, T value) {
  Guarded<T> values(size);
  std::ranges::fill(values.span(), value);
  return values;
}

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
