// Direct convolution on NHWC images: register tiles of output channels x output pixels, chosen at compile time.
// The same tile serves every kernel size, stride, dilation, group and channel count, and Dense as a 1x1 convolution.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/simd.hpp>

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

  constexpr int in_pixel() const { return in_channels * groups; }
  constexpr int out_pixel() const { return out_channels * groups; }
  constexpr int taps() const { return kernel_height * kernel_width * in_channels; }

  friend constexpr bool operator==(const ConvGeometry&, const ConvGeometry&) = default;
};

/// A register tile: `vectors` of output channels times `pixels`.
struct ConvTile {
  int vectors, pixels;
};

/// Measured shares of the FMA peak: AVX-512 2x8 99 %, 1x16 92 %; AVX2 4x3 99 %, 2x6 97 %, 3x4 like 4x3.
/// Two accumulators per FMA port and cycle of latency are needed, more loads than FMAs must be avoided.
constexpr ConvTile conv_tile(int channel_vectors, int registers, int lanes) {
  if (registers >= 32 && lanes >= 8) return channel_vectors >= 2 ? ConvTile{2, 8} : ConvTile{1, 16};
  if (registers >= 32 && channel_vectors >= 4) return {4, 6};
  if (registers >= 32) return channel_vectors >= 2 ? ConvTile{2, 8} : ConvTile{1, 16};
  if (channel_vectors >= 4) return {4, 3};
  if (channel_vectors == 3) return {3, 4};
  if (channel_vectors == 2) return {2, 6};
  return {1, 8};
}

namespace detail {

/// `rows` x `columns` output pixels whose windows begin `row_step` and `column_step` input elements apart.
struct Patch {
  int rows, columns;
  int row_step, column_step;

  constexpr int count() const { return rows * columns; }
  constexpr int offset(int pixel) const { return pixel / columns * row_step + pixel % columns * column_step; }
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

/// sums[p][v] += x[offset(p)] * weights[v], where I counts through the tile.
template <class V, Patch patch, int NV, int... I>
STRATA_INLINE void multiply(V* sums, const typename V::value_type* x, const V* weights,
                            std::integer_sequence<int, I...>) {
  ((sums[I] = simd::fma(simd::broadcast<V>(x[patch.offset(I / NV)]), weights[I % NV], sums[I])), ...);
}

/// sums[s][p][v] += x[offset(p) + k] * weights[k][v] for k in a run of `length`; k alternates between `Splits` sums,
/// which keeps the FMA units busy where a tile is small.
template <class V, Patch patch, int NV, int Splits, int LastWidth>
STRATA_INLINE void multiply_run(V* sums, const typename V::value_type* x, const typename V::value_type* weights,
                                int weight_step, int length) {
  constexpr Indices<patch.count() * NV> tile;
  V w[NV];
  int k = 0;
  for (; k + Splits <= length; k += Splits) {
    read_block<V, LastWidth>(w, weights, Indices<NV>{});
    multiply<V, patch, NV>(sums, x, w, tile);
    if constexpr (Splits >= 2) {
      read_block<V, LastWidth>(w, weights + weight_step, Indices<NV>{});
      multiply<V, patch, NV>(sums + tile.size(), x + 1, w, tile);
    }
    if constexpr (Splits == 4) {
      read_block<V, LastWidth>(w, weights + 2 * weight_step, Indices<NV>{});
      multiply<V, patch, NV>(sums + 2 * tile.size(), x + 2, w, tile);
      read_block<V, LastWidth>(w, weights + 3 * weight_step, Indices<NV>{});
      multiply<V, patch, NV>(sums + 3 * tile.size(), x + 3, w, tile);
    }
    x += Splits;
    weights += Splits * weight_step;
    asm volatile("" : "+r"(x), "+r"(weights));  // keeps g++ from carrying loads through the stack
  }
  if constexpr (Splits > 1)
    for (; k < length; ++k, ++x, weights += weight_step) {
      read_block<V, LastWidth>(w, weights, Indices<NV>{});
      multiply<V, patch, NV>(sums, x, w, tile);
    }
}

template <class V, int... I>
STRATA_INLINE void clear(V* sums, std::integer_sequence<int, I...>) {
  ((sums[I] = V(typename V::value_type(0))), ...);
}
template <class V, int... I>
STRATA_INLINE void add(V* sums, const V* terms, std::integer_sequence<int, I...>) {
  ((sums[I] = sums[I] + terms[I]), ...);
}
template <class V, int Size, int Splits, class Epilogue, int... I>
STRATA_INLINE void finish(V* sums, std::integer_sequence<int, I...>) {
  if constexpr (Splits >= 2) ((sums[I] = sums[I] + sums[Size + I]), ...);
  if constexpr (Splits == 4) ((sums[I] = sums[I] + (sums[2 * Size + I] + sums[3 * Size + I])), ...);
  ((sums[I] = Epilogue::apply(sums[I])), ...);
}

/// One register tile: bias + convolution, epilogue, store.
template <class V, ConvGeometry g, int WeightStep, Patch patch, int NV, int LastWidth, class Epilogue>
STRATA_INLINE void convolve_tile(const typename V::value_type* x, const typename V::value_type* weights,
                                 const typename V::value_type* bias, typename V::value_type* out) {
  constexpr int size = patch.count() * NV;
  constexpr int splits = size >= 8 ? 1 : size >= 4 ? 2 : 4;
  constexpr bool padded = WeightStep == NV * simd::lanes<V>;  // packed weights
  constexpr int read_width = padded ? simd::lanes<V> : LastWidth;
  V sums[size * splits];
  clear(sums, Indices<size * splits>{});
  if (bias != nullptr)
    [&]<int... P>(std::integer_sequence<int, P...>) STRATA_INLINE_LAMBDA {
      (read_block<V, LastWidth>(sums + P * NV, bias, Indices<NV>{}), ...);
    }(Indices<patch.count()>{});
  // Without dilation a window's row is one run: (kernel_width, in_channels) are neighbours in the image.
  constexpr bool whole_rows = g.dilation_width == 1 && g.groups == 1;
  constexpr int runs = whole_rows ? 1 : g.kernel_width;
  constexpr int length = whole_rows ? g.kernel_width * g.in_channels : g.in_channels;
  // Thousands of products in one sum would cost digits: long runs (Dense) are summed in parts.
  constexpr int part = length > 1024 ? 512 : length;
  for (int ky = 0; ky < g.kernel_height; ++ky)
    for (int run = 0; run < runs; ++run)
      for (int first = 0; first < length; first += part) {
        const auto* xs = x + ky * g.dilation_height * g.row + run * g.dilation_width * g.in_pixel() + first;
        const auto* ws = weights + ((ky * g.kernel_width + run) * g.in_channels + first) * WeightStep;
        const int count = std::min(part, length - first);
        if constexpr (part == length) {
          multiply_run<V, patch, NV, splits, read_width>(sums, xs, ws, WeightStep, count);
        } else {
          V partial[size * splits];
          clear(partial, Indices<size * splits>{});
          multiply_run<V, patch, NV, splits, read_width>(partial, xs, ws, WeightStep, count);
          add(sums, partial, Indices<size * splits>{});
        }
      }
  finish<V, size, splits, Epilogue>(sums, Indices<size>{});
  [&]<int... P>(std::integer_sequence<int, P...>) STRATA_INLINE_LAMBDA {
    (write_block<V, LastWidth>(sums + P * NV,
                               out + (P / patch.columns * g.out_width + P % patch.columns) * g.out_pixel(),
                               Indices<NV>{}),
     ...);
  }(Indices<patch.count()>{});
}

/// One block of NV vectors of output channels over the whole image, in equal tiles; the last tile of a row, and the last
/// row of tiles, may overlap the one before.
template <class V, ConvGeometry g, int WeightStep, int NV, int LastWidth, class Epilogue>
STRATA_NOINLINE void convolve_block(const typename V::value_type* x, const typename V::value_type* weights,
                                    const typename V::value_type* bias, typename V::value_type* out) {
  constexpr int pixels = conv_tile(NV, simd::register_count, simd::lanes<V>).pixels;
  constexpr int rows = std::clamp(pixels / g.out_width, 1, g.out_height);  // narrow images: patches of several rows
  constexpr int tiles = (g.out_width + pixels - 1) / pixels;
  constexpr Patch patch{rows, (g.out_width + tiles - 1) / tiles, g.stride_height * g.row,
                        g.stride_width * g.in_pixel()};
  for (int top = 0; top < g.out_height; top += rows) {
    const int y = std::min(top, g.out_height - rows);
    for (int tile = 0; tile < tiles; ++tile) {
      const int column = std::min(tile * patch.columns, g.out_width - patch.columns);
      convolve_tile<V, g, WeightStep, patch, NV, LastWidth, Epilogue>(
          x + y * patch.row_step + column * patch.column_step, weights, bias,
          out + (y * g.out_width + column) * g.out_pixel());
    }
  }
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

/// Packs weights given by `weight(group, ky, kx, in, out)`.
template <class V, ConvGeometry g, class Weight>
void pack_weights(Weight&& weight, typename V::value_type* packed) {
  constexpr ConvBlocks<V> blocks(g.out_channels);
  for (int group = 0; group < g.groups; ++group)
    for (int first = 0; first < blocks.vectors; first += blocks.size) {
      const int begin = first * simd::lanes<V>;
      const int end = std::min(first + blocks.size, blocks.vectors) * simd::lanes<V>;
      for (int ky = 0; ky < g.kernel_height; ++ky)
        for (int kx = 0; kx < g.kernel_width; ++kx)
          for (int in = 0; in < g.in_channels; ++in)
            for (int out = begin; out < end; ++out)
              *packed++ = out < g.out_channels ? weight(group, ky, kx, in, out) : typename V::value_type(0);
    }
}

/// Convolves one image: `out` (out_height, out_width, groups x out_channels) = epilogue(bias + x * weights).
/// `x` has its padding around it. `bias` has groups x out_channels elements, or is null.
template <class V, ConvGeometry g, Weights layout, class Epilogue>
void convolve(const typename V::value_type* x, const typename V::value_type* weights,
              const typename V::value_type* bias, typename V::value_type* out) {
  constexpr int lanes = simd::lanes<V>;
  constexpr ConvBlocks<V> blocks(g.out_channels);
  constexpr bool packed = layout == Weights::packed;
  // From tap to tap inside a block.
  constexpr int step = packed ? blocks.size * lanes : g.out_pixel();
  constexpr int last_step = packed ? blocks.last * lanes : g.out_pixel();
  constexpr int width = blocks.size * lanes;
  constexpr int last_width = g.out_channels - blocks.full * width;
  for (int group = 0; group < g.groups; ++group, x += g.in_channels) {
    for (int block = 0; block < blocks.full; ++block) {
      detail::convolve_block<V, g, step, blocks.size, lanes, Epilogue>(x, weights, bias, out);
      weights += packed ? g.taps() * step : width;
      out += width;
      if (bias != nullptr) bias += width;
    }
    detail::convolve_block<V, g, last_step, blocks.last, blocks.last_width, Epilogue>(x, weights, bias, out);
    weights += packed ? g.taps() * last_step : last_width;
    out += last_width;
    if (bias != nullptr) bias += last_width;
  }
}

}  // namespace strata::kernels
