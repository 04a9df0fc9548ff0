// How fast one core reads memory, by where the memory is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/arena.hpp>
#include <strata/kernels/simd.hpp>

#include "timing.hpp"

namespace strata::benchmarks {

namespace detail {

/// Adds up the vectors of `data`; eight sums, so that no addition waits for another.
template <class V, std::size_t... Sums>
STRATA_NOINLINE float read_all(const float* data, std::size_t size, std::index_sequence<Sums...>) {
  constexpr std::size_t lanes = simd::lanes<V>;
  V sums[] = {V(static_cast<float>(Sums))...};
  for (std::size_t i = 0; i < size; i += sizeof...(Sums) * lanes)
    ((sums[Sums] = sums[Sums] + simd::load<V>(data + i + Sums * lanes)), ...);
  V sum(0.0f);
  ((sum = sum + sums[Sums]), ...);
  return simd::reduce_add(sum);
}

}  // namespace detail

/// Bytes a second of reading `bytes` of memory again and again: the best of many short measurements in `seconds`.
template <class V = simd::Vector<float>>
double read_bandwidth(std::size_t bytes, double seconds = 0.02) {
  const Arena<float> memory(bytes / sizeof(float) / 512 * 512);
  const std::size_t repeats = std::max<std::size_t>(1, (1u << 20) / bytes);
  [[maybe_unused]] volatile float sink = 0;
  const std::vector<double> times = time_calls(seconds, [&] {
    for (std::size_t i = 0; i < repeats; ++i)
      sink = detail::read_all<V>(memory.data(), memory.size(), std::make_index_sequence<8>{});
  });
  return static_cast<double>(repeats * memory.size() * sizeof(float)) / *std::min_element(times.begin(), times.end());
}

}  // namespace strata::benchmarks
