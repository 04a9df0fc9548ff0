// What one core can do at best: the yardstick for every GFLOP/s that this project prints.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/kernels/simd.hpp>

#include "timing.hpp"

namespace strata::benchmarks {

namespace detail {

/// `steps` times one fused multiply-add in each of `Chains` registers. No chain waits for another, so only the number
/// of FMA units limits the speed: 12 chains cover a latency of 4 to 6 cycles on two units, and leave two of the 16
/// registers of AVX2 for the operands.
template <class V, std::size_t... Chains>
STRATA_NOINLINE float run_fma_chains(std::size_t steps, float factor, float offset, std::index_sequence<Chains...>) {
  const V a(factor), b(offset);
  V chain[] = {V(static_cast<float>(Chains))...};
  for (std::size_t step = 0; step < steps; ++step) ((chain[Chains] = simd::fma(chain[Chains], a, b)), ...);
  V sum(0.0f);
  ((sum += chain[Chains]), ...);
  return simd::reduce_add(sum);
}

}  // namespace detail

/// The most floating-point operations a second that one core reaches with vectors `V`; a fused multiply-add counts as
/// two. Takes about `seconds`: a warm-up for the clock, then the best of many short measurements.
template <class V = simd::Vector<float>>
double fma_peak(double seconds = 0.05) {
  constexpr std::size_t chains = 12, steps = 20'000;
  constexpr double operations = 2.0 * chains * steps * simd::lanes<V>;
  volatile float factor = 0.5f, offset = 1.0f;  // volatile: nothing is computed at compile time
  [[maybe_unused]] volatile float sink = 0.0f;
  const auto measure = [&] {
    const auto start = Clock::now();
    sink = detail::run_fma_chains<V>(steps, factor, offset, std::make_index_sequence<chains>{});
    return operations / seconds_since(start);
  };
  const auto begin = Clock::now();
  while (seconds_since(begin) < seconds / 2) measure();
  double best = 0;
  while (seconds_since(begin) < seconds) best = std::max(best, measure());
  return best;
}

}  // namespace strata::benchmarks
