// Direct convolution on NHWC images: register tiles of output channels x output pixels, chosen at compile time.
// The same tile serves every kernel size, stride, dilation, group and channel count, and Dense as a 1x1 convolution.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/core/part.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

/// Sizes in cells, steps in elements. The input already has its padding around it: window (y, x) begins at
/// y * stride_height * row + x * stride_width * pixel.
struct ConvGeometry {
  int out_height, out_width;
  int kernel_height, kernel_width;
  int stride_height, stride_width;
  int dilation_height, dilation_width;
  int groups;
  int in_channels, out_channels;  ///< of one group
  int row;                        ///< input elements from one row to the next
  int out_row;                    ///< output elements likewise: out_width * out_step(), or more inside a border
  int out_spread = 1;             ///< only every so manyth pixel of the output's rows is written
  int in_gap = 0, out_gap = 0;    ///< elements of other images between one pixel's and the next's
  int largest_tile = 4;           ///< of Winograd's convolution, where that is faster; 0: direct sums only

  constexpr int in_pixel() const { return in_channels * groups + in_gap; }
  constexpr int out_pixel() const { return out_channels * groups; }  ///< without the gap
  constexpr int out_step() const { return (out_pixel() + out_gap) * out_spread; }
  constexpr int taps() const { return kernel_height * kernel_width * in_channels; }

  friend constexpr bool operator==(const ConvGeometry&, const ConvGeometry&) = default;
};

/// A register tile: `vectors` of output channels times `pixels`.
struct ConvTile {
  int vectors, pixels;
};

/// Two accumulators per FMA port and cycle of latency are needed, and fewer loads than FMAs. Measured shares of the FMA
/// peak: AVX-512 2x8 93 to 99 %, 1x16 92 %; AVX2 2x6 97 to 99 %, where 4x3, whose weights leave no register free, has
/// 85 % and, with weights beyond the first-level cache, 70 %.
constexpr ConvTile conv_tile(int channel_vectors, int registers, int lanes) {
  if (registers >= 32 && lanes >= 8) return channel_vectors >= 2 ? ConvTile{2, 8} : ConvTile{1, 16};
  if (registers >= 32 && channel_vectors >= 4) return {4, 6};
  if (registers >= 32) return channel_vectors >= 2 ? ConvTile{2, 8} : ConvTile{1, 16};
  return channel_vectors >= 2 ? ConvTile{2, 6} : ConvTile{1, 8};
}

namespace detail {

/// `rows` x `columns` output pixels.
struct Patch {
  int rows, columns;

  constexpr int count() const { return rows * columns; }
  /// Where a pixel is in an image, from the first one, in elements.
  constexpr int offset(int pixel, int row, int column) const {
    return pixel / columns * row + pixel % columns * column;
  }
};

// Register tiles are arrays of vectors whose indices are all constants: the fold expressions are the unrolled loops.
template <int N>
using Indices = std::make_integer_sequence<int, N>;

/// A vector whose lanes beyond `Width` are neither read nor written.
template <class V, int Width>
STRATA_INLINE V read(const typename V::value_type* p) {
  if constexpr (Width < simd::lanes<V>) return simd::load_partial<V>(p, Width);
  else return simd::load<V>(p);
}
template <class V, int Width>
STRATA_INLINE void write(typename V::value_type* p, V v) {
  if constexpr (Width < simd::lanes<V>) simd::store_partial(p, v, Width);
  else simd::store(p, v);
}

/// NV vectors of channels, the last with `LastWidth` lanes.
template <class V, int LastWidth, int... I>
STRATA_INLINE void read_block(V* block, const typename V::value_type* p, std::integer_sequence<int, I...>) {
  ((block[I] = read<V, I + 1 == sizeof...(I) ? LastWidth : simd::lanes<V>>(p + I * simd::lanes<V>)), ...);
}
template <class V, int LastWidth, int... I>
STRATA_INLINE void write_block(const V* block, typename V::value_type* p, std::integer_sequence<int, I...>) {
  (write<V, I + 1 == sizeof...(I) ? LastWidth : simd::lanes<V>>(p + I * simd::lanes<V>, block[I]), ...);
}

/// sums[v] += x * weights[v].
template <class V, int... I>
STRATA_INLINE void multiply_pixel(V* sums, V x, const V* weights, std::integer_sequence<int, I...>) {
  ((sums[I] = simd::fma(x, weights[I], sums[I])), ...);
  simd::keep(x);
}

/// sums[p][v] += x[window of p] * weights[v], where P counts the pixels and I the vectors.
template <class V, ConvGeometry g, Patch patch, int... P, int... I>
STRATA_INLINE void multiply(V* sums, const typename V::value_type* x, const V* weights,
                            std::integer_sequence<int, P...>, std::integer_sequence<int, I...> vectors) {
  constexpr int row = g.stride_height * g.row, column = g.stride_width * g.in_pixel();
  (multiply_pixel(sums + P * int(sizeof...(I)), simd::broadcast<V>(x[patch.offset(P, row, column)]), weights, vectors),
   ...);
  for (std::size_t v = 0; v < sizeof...(I); ++v) simd::keep(weights[v]);
}

/// g++ would keep what it read for one step for another one, more than the registers hold: it shall forget it.
template <class T>
STRATA_INLINE void hide(const T*& x, const T*& weights) {
  asm volatile("" : "+r"(x), "+r"(weights));
}

/// Asks for what will be read soon, into the cache of a level: processors do not by themselves look far enough ahead.
template <int Bytes, int Level = 1, class T>
STRATA_INLINE void prefetch(const T* p) {
  for (int byte = 0; byte < Bytes; byte += 64)
    __builtin_prefetch(reinterpret_cast<const char*>(p) + byte, 0, 4 - Level);
}

/// True where few tiles share the weights, which then come from beyond the second-level cache. Not of Winograd's
/// products, whose geometry has no output: there it is a loss.
constexpr bool read_seldom(const ConvGeometry& g, Patch patch) {
  const int pixels = g.out_height * g.out_width;
  return pixels > 0 && pixels <= 8 * patch.count();
}

/// sums[k % Splits][p][v] += x[window of p + k] * weights[k][v] for the steps K; asks for weights `Ahead` steps before.
template <class V, ConvGeometry g, Patch patch, int NV, int Splits, int WeightStep, int Width, int Ahead, int... K>
STRATA_INLINE void multiply_steps([[maybe_unused]] V* sums, const typename V::value_type*& x,
                                  const typename V::value_type*& weights, std::integer_sequence<int, K...>) {
  constexpr int size = patch.count() * NV;
  simd::Array<V, NV> w;
  [[maybe_unused]] constexpr int bytes = Ahead > 0 ? NV * static_cast<int>(sizeof(V)) : 0;
  [[maybe_unused]] constexpr int far_bytes = read_seldom(g, patch) ? bytes : 0;
  ((hide(x, weights), prefetch<bytes>(weights + (K + Ahead) * WeightStep),
    prefetch<far_bytes, 2>(weights + (K + 6 * Ahead) * WeightStep),
    read_block<V, Width>(w, weights + K * WeightStep, Indices<NV>{}),
    multiply<V, g, patch>(sums + K % Splits * size, x + K, w, Indices<patch.count()>{}, Indices<NV>{})),
   ...);
  x += sizeof...(K);
  weights += sizeof...(K) * WeightStep;
}

template <class V, int... I>
STRATA_INLINE void fill(V* sums, V value, std::integer_sequence<int, I...>) {
  ((sums[I] = value), ...);
}
template <class V, int... I>
STRATA_INLINE void add(V* sums, const V* terms, std::integer_sequence<int, I...>) {
  ((sums[I] = sums[I] + terms[I]), ...);
}

/// The same for a run of `Length` steps. Thousands of products in one sum would cost digits: long runs are summed in
/// parts.
template <class V, ConvGeometry g, Patch patch, int NV, int Splits, int WeightStep, int Width, int Length>
STRATA_INLINE void multiply_run(V* sums, const typename V::value_type* x, const typename V::value_type* weights) {
  constexpr int unroll = 4, part = 512;
  constexpr int ahead = Length * WeightStep * static_cast<int>(sizeof(*weights)) >= (16 << 10) ? 16 : 0;
  if constexpr (Length <= 2 * part) {
    for (int k = 0; k < Length / unroll; ++k)
      multiply_steps<V, g, patch, NV, Splits, WeightStep, Width, ahead>(sums, x, weights, Indices<unroll>{});
    multiply_steps<V, g, patch, NV, Splits, WeightStep, Width, ahead>(sums, x, weights, Indices<Length % unroll>{});
  } else {
    constexpr Indices<patch.count() * NV * Splits> tile;
    V partial[tile.size()];
    for (int k = 0; k < Length / part; ++k, x += part, weights += part * WeightStep) {
      fill(partial, V(typename V::value_type(0)), tile);
      multiply_run<V, g, patch, NV, Splits, WeightStep, Width, part>(partial, x, weights);
      add(sums, partial, tile);
    }
    multiply_run<V, g, patch, NV, Splits, WeightStep, Width, Length % part>(sums, x, weights);
  }
}

template <class V, int Size, int Splits, int... I>
STRATA_INLINE void merge(V* sums, std::integer_sequence<int, I...>) {
  if constexpr (Splits >= 2) ((sums[I] = sums[I] + sums[Size + I]), ...);
  if constexpr (Splits == 4) ((sums[I] = sums[I] + (sums[2 * Size + I] + sums[3 * Size + I])), ...);
}

/// out[p][v] = epilogue(sums[p][v]), with the residual's value at the same place where the epilogue wants one.
template <class V, ConvGeometry g, Patch patch, int NV, int LastWidth, class Epilogue, int... I>
STRATA_INLINE void finish(V* sums, typename V::value_type* out, const typename V::value_type* residual,
                          std::integer_sequence<int, I...>) {
  constexpr int lanes = simd::lanes<V>;
  if constexpr (has_residual<Epilogue>)
    ((sums[I] = Epilogue::apply(
          sums[I], read<V, I % NV + 1 == NV ? LastWidth : lanes>(
                       residual + patch.offset(I / NV, Epilogue::residual_row, Epilogue::residual_pixel) + I % NV * lanes))),
     ...);
  else
    ((sums[I] = Epilogue::apply(sums[I])), ...);
  (write<V, I % NV + 1 == NV ? LastWidth : lanes>(
       out + patch.offset(I / NV, g.out_row, g.out_step()) + I % NV * lanes, sums[I]),
   ...);
}

/// The residual's element (y, x, c).
template <class Epilogue, class T>
STRATA_INLINE const T* residual_at(const T* residual, int y, int x, int c) {
  if constexpr (has_residual<Epilogue>)
    return residual + y * Epilogue::residual_row + x * Epilogue::residual_pixel + c;
  else return nullptr;
}

/// A small tile alternates between several sums, so that the FMA units need not wait for the last product.
constexpr int sum_splits(int size) {
  constexpr int room = simd::register_count >= 32 ? 20 : 12;
  return 4 * size <= room ? 4 : 2 * size <= room ? 2 : 1;
}

/// One register tile: bias + convolution, epilogue, store. The last vector has `LastWidth` lanes in the image and
/// `ReadWidth` in the weights, where it may be padded.
template <class V, ConvGeometry g, int WeightStep, Patch patch, int NV, int LastWidth, int ReadWidth, class Epilogue>
STRATA_INLINE void convolve_tile(const typename V::value_type* x, const typename V::value_type* weights,
                                 const typename V::value_type* bias, typename V::value_type* out,
                                 const typename V::value_type* residual) {
  constexpr int size = patch.count() * NV;
  constexpr int splits = sum_splits(size);
  if constexpr (has_residual<Epilogue>)
    [&]<int... P>(std::integer_sequence<int, P...>) STRATA_INLINE_LAMBDA {
      (prefetch<NV * static_cast<int>(sizeof(V))>(
           residual + patch.offset(P, Epilogue::residual_row, Epilogue::residual_pixel)),
       ...);
    }(Indices<patch.count()>{});
  simd::Array<V, size * splits> sums;
  fill(sums, V(typename V::value_type(0)), Indices<size * splits>{});
  if (bias != nullptr)
    [&]<int... P>(std::integer_sequence<int, P...>) STRATA_INLINE_LAMBDA {
      (read_block<V, LastWidth>(sums + P * NV, bias, Indices<NV>{}), ...);
    }(Indices<patch.count()>{});
  // Without dilation and gaps a window's row is one run: (kernel_width, in_channels) are neighbours in the image.
  constexpr bool whole_rows = g.dilation_width == 1 && g.in_pixel() == g.in_channels;
  constexpr int runs = whole_rows ? 1 : g.kernel_width;
  constexpr int length = whole_rows ? g.kernel_width * g.in_channels : g.in_channels;
  for (int ky = 0; ky < g.kernel_height; ++ky)
    for (int run = 0; run < runs; ++run)
      multiply_run<V, g, patch, NV, splits, WeightStep, ReadWidth, length>(
          sums, x + ky * g.dilation_height * g.row + run * g.dilation_width * g.in_pixel(),
          weights + (ky * g.kernel_width + run) * g.in_channels * WeightStep);
  merge<V, size, splits>(sums, Indices<size>{});
  finish<V, g, patch, NV, LastWidth, Epilogue>(sums, out, residual, Indices<size>{});
}

/// The image of a block of NV vectors of output channels, cut into equal tiles; the last tile of a row, and the last
/// row of tiles, may overlap the one before.
template <class V>
struct ConvTiles {
  Patch patch;
  int down, across;  ///< tiles in a column and in a row
  int tasks;         ///< rows of tiles, or tiles where there is but one row; two that overlap are one task

  constexpr ConvTiles(const ConvGeometry& g, int vectors) {
    const int pixels = conv_tile(vectors, simd::register_count, simd::lanes<V>).pixels;
    patch.rows = std::clamp(pixels / g.out_width, 1, g.out_height);  // narrow images: patches of several rows
    down = (g.out_height + patch.rows - 1) / patch.rows;
    across = (g.out_width + pixels - 1) / pixels;
    patch.columns = (g.out_width + across - 1) / across;
    tasks = one_row() ? across - (across * patch.columns > g.out_width && across > 1)
                      : down - (down * patch.rows > g.out_height);
  }
  constexpr bool one_row() const { return down == 1; }
  /// Behind the last tile, or row of tiles, of the tasks up to `task`.
  constexpr int end(int task) const { return task < tasks ? task : one_row() ? across : down; }
};

/// One block of NV vectors of output channels over the image, or over some of its tasks.
template <class V, ConvGeometry g, int WeightStep, int NV, int LastWidth, int ReadWidth, class Epilogue, class Tasks>
STRATA_NOINLINE void convolve_block(const typename V::value_type* x, const typename V::value_type* weights,
                                    const typename V::value_type* bias, typename V::value_type* out,
                                    const typename V::value_type* residual, Tasks tasks) {
  constexpr ConvTiles<V> tiles(g, NV);
  constexpr Patch patch = tiles.patch;
  if (tasks.begin == tasks.end) return;
  const auto row_of_tiles = [&](int row, int begin, int end) STRATA_INLINE_LAMBDA {
    const int y = (std::min)(row * patch.rows, g.out_height - patch.rows);
    for (int tile = begin; tile < end; ++tile) {
      const int column = (std::min)(tile * patch.columns, g.out_width - patch.columns);
      convolve_tile<V, g, WeightStep, patch, NV, LastWidth, ReadWidth, Epilogue>(
          x + y * g.stride_height * g.row + column * g.stride_width * g.in_pixel(), weights, bias,
          out + y * g.out_row + column * g.out_step(), residual_at<Epilogue>(residual, y, column, 0));
    }
  };
  if constexpr (tiles.one_row()) row_of_tiles(0, tasks.begin, tiles.end(tasks.end));
  else
    for (int row = tasks.begin; row < tiles.end(tasks.end); ++row) row_of_tiles(row, 0, tiles.across);
}

}  // namespace detail

/// How one group's output channels are cut into blocks of vectors.
template <class V>
struct ConvBlocks {
  int vectors;     ///< all vectors of the group, the last perhaps partial
  int size;        ///< vectors of a full block
  int full;        ///< blocks before the last
  int last;        ///< vectors of the last block
  int last_width;  ///< lanes used in the last vector

  constexpr explicit ConvBlocks(int channels)
      : vectors((channels + simd::lanes<V> - 1) / simd::lanes<V>),
        size(conv_tile(vectors, simd::register_count, simd::lanes<V>).vectors),
        full((vectors - 1) / size),
        last(vectors - full * size),
        last_width(channels - (vectors - 1) * simd::lanes<V>) {}
};

/// Weights as Keras stores them, (kernel_height, kernel_width, in_channels, groups x out_channels), or packed by
/// `pack_weights`: [group][block](kernel_height, kernel_width, in_channels, block channels), the last vector padded.
enum class Weights { keras, packed };

/// Elements of packed weights.
template <class V>
constexpr std::size_t packed_weights_size(const ConvGeometry& g) {
  return static_cast<std::size_t>(g.groups) * static_cast<std::size_t>(g.taps()) *
         static_cast<std::size_t>(ConvBlocks<V>(g.out_channels).vectors * simd::lanes<V>);
}

/// Calls `fill(group, ky, kx, first, channels, width, p)` for each matrix of packed weights: output channels [first,
/// first + channels) of a group, at p as (in_channels, width); what `channels` leaves of `width` is to be zeros.
template <class V, ConvGeometry g, class Fill>
void for_each_packed_matrix(Fill&& fill, typename V::value_type* packed) {
  constexpr ConvBlocks<V> blocks(g.out_channels);
  for (int group = 0; group < g.groups; ++group)
    for (int block = 0; block <= blocks.full; ++block) {
      const int first = block * blocks.size * simd::lanes<V>;
      const int width = (block < blocks.full ? blocks.size : blocks.last) * simd::lanes<V>;
      for (int ky = 0; ky < g.kernel_height; ++ky)
        for (int kx = 0; kx < g.kernel_width; ++kx, packed += g.in_channels * width)
          fill(group, ky, kx, first, (std::min)(width, g.out_channels - first), width, packed);
    }
}

/// Packs weights given by `weight(group, ky, kx, in, out)`.
template <class V, ConvGeometry g, class Weight>
void pack_weights(Weight&& weight, typename V::value_type* packed) {
  for_each_packed_matrix<V, g>(
      [&](int group, int ky, int kx, int first, int channels, int width, typename V::value_type* p) {
        for (int row = 0; row < g.in_channels; ++row, p += width) {
          for (int c = 0; c < channels; ++c) p[c] = weight(group, ky, kx, row, first + c);
          std::fill(p + channels, p + width, typename V::value_type(0));
        }
      },
      packed);
}

/// Whether the images are larger than the weights.
constexpr bool shares_rows(const ConvGeometry& g) {
  const long long pixel = g.stride_height * g.stride_width * g.in_channels + g.out_channels;
  return g.out_height * g.out_width * pixel > 1LL * g.taps() * g.out_channels;
}

/// Convolves one image: `out` (out_height, out_width, groups x out_channels) = epilogue(bias + x * weights).
/// `x` has its padding around it. `bias` has groups x out_channels elements, or is null. `residual` is what an epilogue
/// with one adds; it does not overlap `out`. Threads share what is larger: the image's rows of tiles, so that each finds
/// in its own cache what it made in the step before, or the weights' blocks of channels.
template <class V, ConvGeometry g, Weights layout, class Epilogue, class Part = strata::detail::Whole>
void convolve(const typename V::value_type* x, const typename V::value_type* weights,
              const typename V::value_type* bias, typename V::value_type* out,
              const typename V::value_type* residual = nullptr, Part part = {}) {
  constexpr int lanes = simd::lanes<V>;
  constexpr ConvBlocks<V> blocks(g.out_channels);
  constexpr bool packed = layout == Weights::packed;
  // From tap to tap inside a block.
  constexpr int step = packed ? blocks.size * lanes : g.out_pixel();
  constexpr int last_step = packed ? blocks.last * lanes : g.out_pixel();
  constexpr int last_read_width = packed ? lanes : blocks.last_width;
  constexpr int width = blocks.size * lanes;
  constexpr int last_width = g.out_channels - blocks.full * width;
  constexpr int tasks = detail::ConvTiles<V>(g, blocks.size).tasks, last_tasks = detail::ConvTiles<V>(g, blocks.last).tasks;
  [[maybe_unused]] constexpr int all = g.groups * (blocks.full * tasks + last_tasks);
  [[maybe_unused]] constexpr int all_blocks = g.groups * (blocks.full + 1);
  int task = 0, nth = 0;
  const auto next = [&]<int Count>(std::integral_constant<int, Count>) STRATA_INLINE_LAMBDA {
    task += Count;
    if constexpr (shares_rows(g)) return part.template tasks_of_each<Count>(nth++, all_blocks);
    else return part.template tasks<Count>(task - Count, all);
  };
  for (int group = 0; group < g.groups; ++group, x += g.in_channels) {
    for (int block = 0; block < blocks.full; ++block) {
      detail::convolve_block<V, g, step, blocks.size, lanes, lanes, Epilogue>(x, weights, bias, out, residual,
                                                                              next(std::integral_constant<int, tasks>{}));
      weights += packed ? g.taps() * step : width;
      out += width;
      residual = detail::residual_at<Epilogue>(residual, 0, 0, width);
      if (bias != nullptr) bias += width;
    }
    detail::convolve_block<V, g, last_step, blocks.last, blocks.last_width, last_read_width, Epilogue>(
        x, weights, bias, out, residual, next(std::integral_constant<int, last_tasks>{}));
    weights += packed ? g.taps() * last_step : last_width;
    out += last_width;
    residual = detail::residual_at<Epilogue>(residual, 0, 0, last_width);
    if (bias != nullptr) bias += last_width;
  }
}

}  // namespace strata::kernels
