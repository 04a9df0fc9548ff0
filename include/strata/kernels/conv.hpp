// Direct convolution on NHWC images: register tiles of output channels x output pixels, chosen at compile time.
// The same tile serves every kernel size, stride, dilation, group and channel count, and Dense as a 1x1 convolution.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <strata/core/inline.hpp>
#include <strata/core/part.hpp>
#include <strata/kernels/conv_geometry.hpp>
#include <strata/kernels/conv_tile.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

namespace detail {

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
    across = equal_tiles(g.out_width, pixels);
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
  using T = typename V::value_type;
  constexpr ConvTiles<V> tiles(g, NV);
  constexpr Patch patch = tiles.patch;
  if (tasks.begin == tasks.end) return;
  constexpr bool packed = WeightStep == NV * simd::lanes<V>;
  constexpr std::size_t all = sizeof(T) * static_cast<std::size_t>(g.taps() * g.out_channels);
  constexpr Upcoming upcoming = packed && all >= strata::detail::machine.first_cache
                                    ? Upcoming(tiles.down * tiles.across, g.taps(), static_cast<int>(NV * sizeof(V)))
                                    : Upcoming{};
  const T* next = weights + g.taps() * WeightStep;
  const auto row_of_tiles = [&](int row, int begin, int end) STRATA_INLINE_LAMBDA {
    const int y = (std::min)(row * patch.rows, g.out_height - patch.rows);
    for (int tile = begin; tile < end; ++tile) {
      const int column = (std::min)(tile * patch.columns, g.out_width - patch.columns);
      const int moved = g.out_columns == 0 ? column : 0;  // the rest is `first`
      convolve_tile<V, g, WeightStep, patch, NV, LastWidth, ReadWidth, Epilogue, upcoming>(
          x + y * g.stride_height * g.row + column * g.stride_width * g.in_pixel(), weights, bias,
          out + y * g.out_row + moved * g.out_step(), residual_at<Epilogue>(residual, y, moved * g.joined, 0), column,
          next);
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
template <class V, ConvGeometry g, class Fill, class Part = strata::detail::Whole>
void for_each_packed_matrix(Fill&& fill, typename V::value_type* packed, Part part = {}) {
  constexpr ConvBlocks<V> blocks(g.out_channels);
  const auto own = part.template tasks<g.groups * (blocks.full + 1) * g.kernel_height * g.kernel_width>();
  int matrix = 0;
  for (int group = 0; group < g.groups; ++group)
    for (int block = 0; block <= blocks.full; ++block) {
      const int first = block * blocks.size * simd::lanes<V>;
      const int width = (block < blocks.full ? blocks.size : blocks.last) * simd::lanes<V>;
      for (int ky = 0; ky < g.kernel_height; ++ky)
        for (int kx = 0; kx < g.kernel_width; ++kx, ++matrix, packed += g.in_channels * width)
          if (own.begin <= matrix && matrix < own.end)
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
/// with one adds; it does not overlap `out`. Threads share what is larger: the image's rows of tiles, so that each
/// finds in its own cache what it made in the step before, or the weights' blocks of channels.
template <class V, ConvGeometry g, Weights layout, class Epilogue, class Part = strata::detail::Whole>
void convolve(const typename V::value_type* x, const typename V::value_type* weights,
              const typename V::value_type* bias, typename V::value_type* out,
              const typename V::value_type* residual = nullptr, Part part = {}) {
  constexpr int lanes = simd::lanes<V>;
  constexpr ConvBlocks<V> blocks(g.out_channels);
  static_assert(g.joined == 1 || blocks.full == 0);
  constexpr bool packed = layout == Weights::packed;
  // From tap to tap inside a block.
  constexpr int step = packed ? blocks.size * lanes : g.out_pixel();
  constexpr int last_step = packed ? blocks.last * lanes : g.out_pixel();
  constexpr int last_read_width = packed ? lanes : blocks.last_width;
  constexpr int width = blocks.size * lanes;
  constexpr int last_width = g.out_channels - blocks.full * width;
  constexpr int tasks = detail::ConvTiles<V>(g, blocks.size).tasks;
  constexpr int last_tasks = detail::ConvTiles<V>(g, blocks.last).tasks;
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
      detail::convolve_block<V, g, step, blocks.size, lanes, lanes, Epilogue>(
          x, weights, bias, out, residual, next(std::integral_constant<int, tasks>{}));
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
