// Sums over rows, channel by channel: bias gradients, batch statistics, the reductions of batch normalisation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

/// What to sum: `add` takes the sums so far, a vector of each input and one of each constant per channel. It must add
/// nothing where all of these are 0.
struct PlainSum {
  static constexpr int sums = 1;
  template <class V>
  static STRATA_INLINE void add(V* sum, V x) {
    sum[0] = sum[0] + x;
  }
};

/// Σ x y.
struct ProductSum {
  static constexpr int sums = 1;
  template <class V>
  static STRATA_INLINE void add(V* sum, V x, V y) {
    sum[0] = simd::fma(x, y, sum[0]);
  }
};

/// Σ (x − shift) and Σ (x − shift)²: accurate moments when `shift` is near the mean.
struct ShiftedSums {
  static constexpr int sums = 2;
  template <class V>
  static STRATA_INLINE void add(V* sum, V x, V shift) {
    const V centred = x - shift;
    sum[0] = sum[0] + centred;
    sum[1] = simd::fma(centred, centred, sum[1]);
  }
};

/// Σ g and Σ g (x − mean).
struct GradientSums {
  static constexpr int sums = 2;
  template <class V>
  static STRATA_INLINE void add(V* sum, V gradient, V x, V mean) {
    sum[0] = sum[0] + gradient;
    sum[1] = simd::fma(gradient, x - mean, sum[1]);
  }
};

/// A mean that may be far from 0, next to which the data's deviation is small: x - mean is (x - centre) - rest, and of
/// neither difference rounding leaves less than the data has. Inputs near 10,000 are whole thousandths apart: the mean
/// rounded to a float alone would shift each of them by as much.
template <class T>
struct Mean {
  T centre, rest;

  explicit Mean(double mean) : centre(static_cast<T>(mean)), rest(static_cast<T>(mean - static_cast<double>(centre))) {}
};

/// The sums of `Terms` over rows of C channels, in double; a block of rows is summed in vectors of `T` first, so the
/// rounding error does not grow with the number of rows.
template <class V, int C, class Terms>
class ChannelSums {
  using T = typename V::value_type;
  using Rows = ChannelRows<V, C>;
  using Block = std::array<std::array<T, Rows::vectors * Rows::lanes>, Terms::sums>;
  static constexpr int lanes = Rows::lanes;
  static constexpr int tile = 4;  ///< vectors of a long row whose sums stay in registers

 public:
  using Totals = std::array<std::array<double, static_cast<std::size_t>(C)>, Terms::sums>;
  /// A lane adds up at most 64 values of a block.
  static constexpr std::size_t block_rows = 64 * static_cast<std::size_t>(Rows::fold);

  /// Adds one block: at most `block_rows` rows, `stride` elements apart (C, unless a row is a long row).
  template <std::size_t Inputs, std::size_t Constants>
  static STRATA_NOINLINE void add(std::size_t rows, std::size_t stride, const std::array<const T*, Inputs>& in,
                                  const std::array<const T*, Constants>& constants, Totals& totals) {
    const ChannelPattern<V, C, Constants> pattern(constants);
    const std::size_t long_rows = rows / Rows::fold;
    const std::size_t step = stride * Rows::fold;
    Block block;
    int first = 0;
    for (; first + tile < Rows::vectors; first += tile)
      sum_tile<tile, lanes>(long_rows, step, first * lanes, in, pattern, block);
    sum_tile<(Rows::vectors - 1) % tile + 1, Rows::last>(long_rows, step, first * lanes, in, pattern, block);
    sum_rest(static_cast<int>(rows % Rows::fold) * C, long_rows * step, in, pattern, block);
    for (std::size_t s = 0; s < Terms::sums; ++s)
      for (std::size_t r = 0; r < Rows::fold; ++r)
        for (std::size_t c = 0; c < C; ++c) totals[s][c] += static_cast<double>(block[s][r * C + c]);
  }

 private:
  template <class Load, std::size_t Inputs, std::size_t Constants>
  static STRATA_INLINE void add_terms(V* sum, std::size_t position, int channel, const std::array<const T*, Inputs>& in,
                                      const ChannelPattern<V, C, Constants>& pattern, Load load) {
    [&]<std::size_t... I, std::size_t... K>(std::index_sequence<I...>, std::index_sequence<K...>)
        STRATA_INLINE_LAMBDA { Terms::add(sum, load(in[I] + position)..., load(pattern[K] + channel)...); }
    (std::make_index_sequence<Inputs>{}, std::make_index_sequence<Constants>{});
  }

  /// `Vectors` vectors of every long row, the last of them with `Last` elements.
  template <int Vectors, int Last, std::size_t Inputs, std::size_t Constants>
  static STRATA_INLINE void sum_tile(std::size_t long_rows, std::size_t step, int first,
                                     const std::array<const T*, Inputs>& in,
                                     const ChannelPattern<V, C, Constants>& pattern, Block& block) {
    simd::Array<simd::Array<V, Terms::sums>, Vectors> sums;
#pragma GCC unroll 8
    for (int i = 0; i < Vectors * Terms::sums; ++i) sums[i / Terms::sums][i % Terms::sums] = V(T(0));
    for (std::size_t r = 0; r < long_rows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) {
        const int channel = first + v * lanes;
        add_terms(sums[v], r * step + static_cast<std::size_t>(channel), channel, in, pattern,
                  [partial = v == Vectors - 1 && Last < lanes](const T* p) STRATA_INLINE_LAMBDA {
                    return partial ? simd::load_partial<V>(p, Last) : simd::load<V>(p);
                  });
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < Vectors * Terms::sums; ++i)
      simd::store(block[static_cast<std::size_t>(i % Terms::sums)].data() + first + i / Terms::sums * lanes,
                  sums[i / Terms::sums][i % Terms::sums]);
  }

  /// The last rows, too few for a long one: `size` elements at `position`.
  template <std::size_t Inputs, std::size_t Constants>
  static STRATA_INLINE void sum_rest(int size, std::size_t position, const std::array<const T*, Inputs>& in,
                                     const ChannelPattern<V, C, Constants>& pattern, Block& block) {
    for (int i = 0; i < size; i += lanes) {
      V sums[Terms::sums];
      for (std::size_t s = 0; s < Terms::sums; ++s) sums[s] = simd::load<V>(block[s].data() + i);
      add_terms(sums, position + static_cast<std::size_t>(i), i, in, pattern,
                [count = (std::min)(size - i, lanes)](const T* p) STRATA_INLINE_LAMBDA {
                  return simd::load_partial<V>(p, count);
                });
      for (std::size_t s = 0; s < Terms::sums; ++s) simd::store(block[s].data() + i, sums[s]);
    }
  }
};

/// f(first, skipped, width) for panels of channels whose sums fit the stack; `width` is an `std::integral_constant`,
/// and the first `skipped` channels of the last panel belong to the one before, too.
template <std::size_t C, class F>
STRATA_INLINE void for_each_panel(F f) {
  constexpr std::size_t width = (std::min)(C, std::size_t{1024});
  for (std::size_t next = 0; next < C; next += width) {
    const std::size_t first = (std::min)(next, C - width);
    f(first, next - first, std::integral_constant<std::size_t, width>{});
  }
}

/// sums[s][c] += the sums of `Terms` over `rows` rows of C channels; U is T or double.
template <class V, int C, class Terms, std::size_t Inputs, std::size_t Constants, class U,
          class T = typename V::value_type>
STRATA_NOINLINE void add_channel_sums(std::size_t rows, const std::array<const T*, Inputs>& in,
                                      const std::array<const T*, Constants>& constants,
                                      const std::array<U*, Terms::sums>& sums) {
  for_each_panel<C>([&](std::size_t first, std::size_t skipped, auto width) {
    using Sums = ChannelSums<V, width, Terms>;
    const auto at = [](auto pointers, std::size_t offset) {
      for (auto& pointer : pointers) pointer += offset;
      return pointers;
    };
    typename Sums::Totals totals{};
    for (std::size_t row = 0; row < rows; row += Sums::block_rows)
      Sums::add((std::min)(rows - row, Sums::block_rows), C, at(in, row * C + first), at(constants, first), totals);
    for (std::size_t s = 0; s < Terms::sums; ++s)
      for (std::size_t c = skipped; c < width; ++c) sums[s][first + c] += static_cast<U>(totals[s][c]);
  });
}

/// sums[c] += Σ x[r][c] over `rows` rows: the gradient of a bias.
template <class V, int C, class T = typename V::value_type>
void add_channel_sums(std::size_t rows, const T* x, T* sums) {
  add_channel_sums<V, C, PlainSum>(rows, std::array{x}, std::array<const T*, 0>{}, std::array{sums});
}

/// Mean and squared distances of C channels over the rows seen so far: the number of rows, the means, the sums of
/// squared distances from them. Zeros where nothing was seen.
template <int C>
inline constexpr std::size_t moments_size = 1 + 2 * static_cast<std::size_t>(C);

/// Adds rows to `moments`, in one pass over memory: a block is summed for its mean and then, still in cache, about that
/// mean; blocks are merged in double (Chan, Golub, LeVeque 1979). So a mean far from zero costs the variance no digits.
template <class V, int C, class T = typename V::value_type>
STRATA_NOINLINE void add_moments(std::size_t rows, const T* x, double* moments) {
  const double seen = moments[0];
  for_each_panel<C>([&](std::size_t first, std::size_t skipped, auto width) {
    using Sums = ChannelSums<V, width, PlainSum>;
    using Central = ChannelSums<V, width, ShiftedSums>;
    double* const average = moments + 1 + first;
    double* const squares = average + C;
    std::array<T, width> shift;
    for (std::size_t row = 0; row < rows; row += Sums::block_rows) {
      const std::size_t count = (std::min)(rows - row, Sums::block_rows);
      const std::array block{x + row * C + first};
      const double n = static_cast<double>(count), before = seen + static_cast<double>(row);
      const double share = 1 / n, moved = n / (before + n), weight = before * moved;
      typename Sums::Totals sum{};
      Sums::add(count, C, block, std::array<const T*, 0>{}, sum);
      for (std::size_t c = 0; c < width; ++c) shift[c] = static_cast<T>(sum[0][c] * share);
      typename Central::Totals central{};
      Central::add(count, C, block, std::array<const T*, 1>{shift.data()}, central);
      for (std::size_t c = skipped; c < width; ++c) {
        const double rest = central[0][c] * share;
        const double delta = static_cast<double>(shift[c]) + rest - average[c];
        squares[c] += central[1][c] - central[0][c] * rest + delta * delta * weight;
        average[c] += delta * moved;
      }
    }
  });
  moments[0] = seen + static_cast<double>(rows);
}

/// Adds the rows that `other` has seen.
template <int C>
void merge_moments(const double* other, double* moments) {
  if (other[0] == 0) return;
  const double moved = other[0] / (moments[0] + other[0]), weight = moments[0] * moved;
  for (std::size_t c = 1; c <= C; ++c) {
    const double delta = other[c] - moments[c];
    moments[c] += delta * moved;
    moments[c + C] += other[c + C] + delta * delta * weight;
  }
  moments[0] += other[0];
}

}  // namespace strata::kernels
