// Random numbers that are the same on every machine: a counter is hashed, so any element can be drawn in any order.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>

namespace strata {

/// What a model's initial parameters, a training run's shuffling and its dropout derive from.
struct Seed {
  std::uint64_t value = 0;
};

/// A stream of random numbers addressed by a counter (SplitMix64, Steele et al. 2014, as the hash).
class Random {
 public:
  constexpr explicit Random(Seed seed) : key_(mix(seed.value + golden)) {}

  /// An independent stream, one per purpose: `random.split(epoch).split(layer)`.
  constexpr Random split(std::uint64_t stream) const { return Random(Seed{key_ ^ mix(stream + golden)}); }

  constexpr std::uint64_t bits(std::uint64_t counter) const { return mix(key_ + (counter + 1) * golden); }
  /// Uniform in [0, 1), 24 random bits: exact in float.
  constexpr double uniform(std::uint64_t counter) const {
    return static_cast<double>(bits(counter) >> 40) * 0x1.0p-24;
  }
  /// Uniform in {0, …, n - 1}; the bias is below n / 2^64.
  constexpr std::uint64_t below(std::uint64_t counter, std::uint64_t n) const {
    return multiply_high(bits(counter), n);
  }
  /// Standard normal (Box-Muller).
  double normal(std::uint64_t counter) const {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform(2 * counter)));
    return radius * std::cos(2.0 * std::numbers::pi * uniform(2 * counter + 1));
  }

  /// Fisher-Yates.
  template <class T>
  constexpr void shuffle(std::span<T> values) const {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i, i)]);
  }

 private:
  static constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;

  /// The upper half of the 128 bits of a * b.
  static constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t low = 0xFFFFFFFF;
    const std::uint64_t high_low = (a >> 32) * (b & low), low_high = (a & low) * (b >> 32);
    const std::uint64_t middle = ((a & low) * (b & low) >> 32) + (low_high & low) + high_low;  // below 2^64
    return (a >> 32) * (b >> 32) + (low_high >> 32) + (middle >> 32);
  }

  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  std::uint64_t key_;
};

}  // namespace strata
