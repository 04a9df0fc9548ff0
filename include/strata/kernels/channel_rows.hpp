// How rows of C channels are cut into vectors, so that three channels fill the lanes as well as sixty-four.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

#include <strata/core/inline.hpp>
#include <strata/core/part.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

/// Rows of C contiguous channels, read as longer rows: several rows end where a vector ends (three channels on sixteen
/// lanes: every 16 rows are 3 vectors), and at least four vectors give the processor independent work. Only where that
/// takes too many rows (many channels, an odd number) a row is one row and its last vector partial.
template <class V, int C>
struct ChannelRows {
  static constexpr int lanes = simd::lanes<V>;
  static constexpr int cycle = std::lcm(C, lanes);
  static constexpr int unit = cycle <= 40 * lanes ? cycle : C;
  /// Rows in a long row.
  static constexpr int fold = unit / C * ((4 * lanes + unit - 1) / unit);
  /// Elements of a long row.
  static constexpr int length = fold * C;
  static constexpr int vectors = (length + lanes - 1) / lanes;
  /// Elements in its last vector.
  static constexpr int last = length - (vectors - 1) * lanes;
};

/// Constants per channel, repeated along a long row.
template <class V, int C, std::size_t Count>
class ChannelPattern {
  using T = typename V::value_type;
  using Rows = ChannelRows<V, C>;
  static constexpr bool repeats = Rows::fold > 1;

 public:
  explicit ChannelPattern(const std::array<const T*, Count>& constants) : given_(constants) {
    if constexpr (repeats)
      for (std::size_t k = 0; k < Count; ++k)
        for (int i = 0; i < Rows::length; ++i) repeated_[k][static_cast<std::size_t>(i)] = constants[k][i % C];
  }
  const T* operator[](std::size_t k) const {
    if constexpr (repeats) return repeated_[k].data();
    else return given_[k];
  }

 private:
  std::array<const T*, Count> given_;
  std::array<std::array<T, repeats ? Rows::length : 0>, Count> repeated_;
};

/// The first `Count` lanes of a vector: all of them, or the rest of a row.
template <class V, int Count>
struct Lanes {
  using T = typename V::value_type;
  static constexpr int count = Count;

  /// The other lanes are 0.
  static STRATA_INLINE V load(const T* p) {
    if constexpr (all) return simd::load<V>(p);
    else return simd::load_partial<V>(p, Count);
  }
  static STRATA_INLINE void store(T* p, V v) {
    if constexpr (all) simd::store(p, v);
    else simd::store_partial(p, v, Count);
  }
  /// `v` with `other` in the other lanes.
  static STRATA_INLINE V keep(V v, T other) {
    if constexpr (all) return v;
    else return simd::select(simd::load<V>(numbers.data()) < V(static_cast<T>(Count)), v, V(other));
  }

 private:
  static constexpr bool all = Count == simd::lanes<V>;
  static constexpr auto numbers = [] {
    std::array<T, simd::lanes<V>> n{};
    for (std::size_t i = 0; i < n.size(); ++i) n[i] = static_cast<T>(i);
    return n;
  }();
};

/// Vectors in a row of C channels, the last perhaps partial.
template <class V, int C>
inline constexpr int channel_vectors = (C + simd::lanes<V> - 1) / simd::lanes<V>;

/// f(first channel, Lanes) for each vector, or some, of one row of C channels.
template <class V, int C, class F, class Tasks = strata::detail::Whole::Tasks<channel_vectors<V, C>>>
STRATA_INLINE void for_each_channel_vector(F f, Tasks vectors = {}) {
  constexpr int lanes = simd::lanes<V>, full = C / lanes;
  for (int v = vectors.begin; v < (std::min)(vectors.end, full); ++v) f(v * lanes, Lanes<V, lanes>{});
  if constexpr (C % lanes != 0)
    if (vectors.begin <= full && full < vectors.end) f(full * lanes, Lanes<V, C % lanes>{});
}

}  // namespace strata::kernels
