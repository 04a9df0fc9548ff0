// The gradient of a convolution by its weights: a sum of outer products over the pixels of an image.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/core/part.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

namespace detail {

/// Neighbouring taps: runs of `length` elements of a window, `step` elements apart.
struct TapRuns {
  int length, step;

  constexpr int offset(int tap) const { return tap / length * step + tap % length; }
};

/// sums[t][v] += x[tap t] * gradient[v], where I counts through the tile.
template <class V, TapRuns runs, int NV, int... I>
STRATA_INLINE void multiply_taps(V* sums, const typename V::value_type* x, const V* gradient,
                                 std::integer_sequence<int, I...>) {
  ((sums[I] = simd::fma(simd::broadcast<V>(x[runs.offset(I / NV)]), gradient[I % NV], sums[I])), ...);
}

/// Where the outer products are: `images` of `rows` x `columns` pixels, steps in elements.
struct OuterPixels {
  std::size_t images, rows, columns;
  std::size_t x_image, gradient_image;
  int x_row, x_step;
  int gradient_row, gradient_step;
};
/// Pixels whose inputs come from memory: those `ahead` elements from them are asked for meanwhile.
struct StreamedPixels : OuterPixels {
  std::size_t ahead;
};

/// weights[t][c] += sum over pixels of x[pixel][tap t] * gradient[pixel][c] for the taps T and NV vectors of channels,
/// which stay in registers.
template <class V, TapRuns runs, int NV, int LastWidth, int WeightStep, class Pixels, int... T>
STRATA_NOINLINE void outer_products(const typename V::value_type* x, const typename V::value_type* gradient,
                                    const Pixels& pixels, typename V::value_type* weights,
                                    std::integer_sequence<int, T...>) {
  constexpr Indices<NV> block;
  V sums[sizeof...(T) * NV];
  (read_block<V, LastWidth>(sums + T * NV, weights + T * WeightStep, block), ...);
  for (std::size_t n = 0; n < pixels.images; ++n)
    for (std::size_t y = 0; y < pixels.rows; ++y) {
      const auto* xp = x + n * pixels.x_image + y * static_cast<std::size_t>(pixels.x_row);
      const auto* gp = gradient + n * pixels.gradient_image + y * static_cast<std::size_t>(pixels.gradient_row);
      for (std::size_t i = 0; i < pixels.columns; ++i, xp += pixels.x_step, gp += pixels.gradient_step) {
        hide(xp, gp);
        if constexpr (requires { pixels.ahead; }) __builtin_prefetch(xp + pixels.ahead, 0, 2);
        simd::Array<V, NV> g;
        read_block<V, LastWidth>(g, gp, block);
        multiply_taps<V, runs, NV>(sums, xp, g, Indices<static_cast<int>(sizeof...(T)) * NV>{});
      }
    }
  (write_block<V, LastWidth>(sums + T * NV, weights + T * WeightStep, block), ...);
}

/// Taps of a register tile with NV vectors of channels.
constexpr int outer_taps(int vectors, int registers) {
  return registers >= 32 ? vectors == 1 ? 25 : 12 : 12 / vectors;
}

/// How the taps of `count` runs are cut: several runs a tile where they are short, else each run evenly.
struct OuterTiles {
  bool joined;  ///< a tile is `size` runs, the last one fewer; else `size` or, the first ones of a run, size + 1 taps
  int size, wide, tiles, all;  ///< wide: those first ones; tiles: of a run, or of all

  constexpr OuterTiles(TapRuns runs, int count, int vectors) {
    const int most = outer_taps(vectors, simd::register_count);
    joined = 2 * runs.length <= most;
    const int blocks = (count * runs.length + most - 1) / most;
    size = joined ? (count + blocks - 1) / blocks : 0;
    tiles = joined ? (count + size - 1) / size : (runs.length + most - 1) / most;
    if (!joined) size = runs.length / tiles;
    wide = joined ? 0 : runs.length % tiles;
    all = joined ? tiles : count * tiles;
  }
};

/// One block of channels, all taps, or those of some tiles.
template <class V, TapRuns runs, int count, int NV, int LastWidth, int WeightStep, class Pixels, class Tasks>
void outer_product_runs(const typename V::value_type* x, const typename V::value_type* gradient,
                        const Pixels& pixels, typename V::value_type* weights, Tasks tasks) {
  constexpr OuterTiles cut(runs, count, NV);
  const auto tile = [&]<TapRuns tile_runs, int taps>(int run, int tap) {
    outer_products<V, tile_runs, NV, LastWidth, WeightStep>(x + run * runs.step + tap, gradient, pixels,
                                                            weights + (run * runs.length + tap) * WeightStep,
                                                            Indices<taps>{});
  };
  if constexpr (cut.joined) {
    constexpr int last = (count - 1) % cut.size + 1;
    for (int t = tasks.begin; t < (std::min)(tasks.end, cut.all - 1); ++t)
      tile.template operator()<runs, cut.size * runs.length>(t * cut.size, 0);
    if (tasks.begin < cut.all && tasks.end == cut.all)
      tile.template operator()<runs, last * runs.length>(count - last, 0);
  } else {
    constexpr TapRuns one{outer_taps(NV, simd::register_count) + 1, 0};
    for (int t = tasks.begin; t < tasks.end; ++t) {
      const int nth = t % cut.tiles, tap = nth * cut.size + (std::min)(nth, cut.wide);
      if constexpr (cut.wide > 0)
        if (nth < cut.wide) {
          tile.template operator()<one, cut.size + 1>(t / cut.tiles, tap);
          continue;
        }
      tile.template operator()<one, cut.size>(t / cut.tiles, tap);
    }
  }
}

/// How channels are cut: blocks of `size` vectors, the last of `last`.
struct OuterBlocks {
  int vectors, size, last, full;

  constexpr OuterBlocks(int channels, int lanes)
      : vectors((channels + lanes - 1) / lanes), size((std::min)(vectors, 2)), last((vectors - 1) % size + 1),
        full((vectors - last) / size) {}
  /// Register tiles of all of them.
  constexpr int tiles(TapRuns runs, int count) const {
    return full * OuterTiles(runs, count, size).all + OuterTiles(runs, count, last).all;
  }
};

/// All channels. The register tiles are tasks from `first` on of `all`: threads share the weights, not the pixels, so
/// that none has sums of its own.
template <class V, TapRuns runs, int count, int Channels, int WeightStep, class Pixels,
          class Part = strata::detail::Whole>
void outer_product_blocks(const typename V::value_type* x, const typename V::value_type* gradient,
                          const Pixels& pixels, typename V::value_type* weights, Part part = {}, int first = 0,
                          int all = 0) {
  constexpr int lanes = simd::lanes<V>;
  constexpr OuterBlocks cut(Channels, lanes);
  constexpr int tiles = OuterTiles(runs, count, cut.size).all, last_tiles = OuterTiles(runs, count, cut.last).all;
  int c = 0;
  for (int block = 0; block < cut.full; ++block, c += cut.size * lanes, first += tiles)
    outer_product_runs<V, runs, count, cut.size, lanes, WeightStep>(x, gradient + c, pixels, weights + c,
                                                                    part.template tasks<tiles>(first, all));
  outer_product_runs<V, runs, count, cut.last, Channels - (cut.vectors - 1) * lanes, WeightStep>(
      x, gradient + c, pixels, weights + c, part.template tasks<last_tiles>(first, all));
}

/// Pixels whose inputs and gradients, of `bytes` each, stay in a 48 KiB first-level cache while the taps go by; fewer
/// than a hundred are not worth the reading and writing of the sums.
constexpr int band_pixels(int bytes) { return (std::max)(112, 40 * 1024 / bytes); }

/// `size` cut into equal parts of at most `most`, rounded up.
constexpr int even_part(int size, int most) {
  const int parts = (size + most - 1) / most;
  return (size + parts - 1) / parts;
}

}  // namespace detail

/// Adds the part of `batch` images, which begin `image_step` and `gradient_step` elements apart, to `weights` in Keras'
/// layout (kernel_height, kernel_width, in_channels, groups x out_channels). `x` has its padding around it; `gradient`
/// is by the output and lies like it. Small images are read together, so that the sums pass through memory less often.
/// Threads share weights.
template <class V, ConvGeometry g, class Part = strata::detail::Whole>
void accumulate_weight_gradient(const typename V::value_type* x, const typename V::value_type* gradient,
                                typename V::value_type* weights, std::size_t batch = 1, std::size_t image_step = 0,
                                std::size_t gradient_step = 0, Part part = {}) {
  constexpr int x_row = g.stride_height * g.row, x_step = g.stride_width * g.in_pixel();
  // Without dilation a window's row is one run, and the rows follow each other; else a tap of the kernel is a run.
  constexpr bool whole_rows = g.dilation_width == 1 && g.groups == 1;
  constexpr detail::TapRuns runs =
      whole_rows ? detail::TapRuns{g.kernel_width * g.in_channels, g.dilation_height * g.row}
                 : detail::TapRuns{g.in_channels, g.dilation_width * g.in_pixel()};
  constexpr int count = whole_rows ? g.kernel_height : g.kernel_width;
  constexpr int kernel_rows = whole_rows ? 1 : g.kernel_height;
  constexpr int tiles = detail::OuterBlocks(g.out_channels, simd::lanes<V>).tiles(runs, count);
  constexpr int pixels = detail::band_pixels(static_cast<int>(sizeof(typename V::value_type)) *
                                             (g.out_pixel() + g.stride_height * x_step));
  constexpr int columns = detail::even_part(g.out_width, pixels);
  constexpr int rows = detail::even_part(g.out_height, (std::max)(1, pixels / columns));
  const std::size_t images = (std::min)(batch, std::size_t{(std::max)(1, pixels / (g.out_height * g.out_width))});
  for (std::size_t n = 0; n < batch; n += images)
    for (int y = 0; y < g.out_height; y += rows)
      for (int column = 0; column < g.out_width; column += columns) {
        const detail::StreamedPixels band{
            {(std::min)(images, batch - n), static_cast<std::size_t>((std::min)(rows, g.out_height - y)),
             static_cast<std::size_t>((std::min)(columns, g.out_width - column)), image_step, gradient_step, x_row,
             x_step, g.out_row, g.out_pixel()},
            images > 1 ? images * image_step : static_cast<std::size_t>(rows * x_row)};
        const auto* const xb = x + n * image_step + y * x_row + column * x_step;
        const auto* const gb = gradient + n * gradient_step + y * g.out_row + column * g.out_pixel();
        for (int group = 0; group < g.groups; ++group)
          for (int ky = 0; ky < kernel_rows; ++ky)
            detail::outer_product_blocks<V, runs, count, g.out_channels, g.out_pixel()>(
                xb + group * g.in_channels + ky * g.dilation_height * g.row, gb + group * g.out_channels, band,
                weights + ky * g.kernel_width * g.in_channels * g.out_pixel() + group * g.out_channels, part,
                (group * kernel_rows + ky) * tiles, g.groups * kernel_rows * tiles);
      }
}

}  // namespace strata::kernels
