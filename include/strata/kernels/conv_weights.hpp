// The gradient of a convolution by its weights: a sum of outer products over the pixels of an image.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/simd.hpp>

namespace strata::kernels {

namespace detail {

/// sums[t][v] += x[t] * gradient[v], where I counts through the tile.
template <class V, int NV, int... I>
STRATA_INLINE void multiply_taps(V* sums, const typename V::value_type* x, const V* gradient,
                                 std::integer_sequence<int, I...>) {
  ((sums[I] = simd::fma(simd::broadcast<V>(x[I / NV]), gradient[I % NV], sums[I])), ...);
}

/// weights[t][c] += sum over pixels of x[pixel][t] * gradient[pixel][c] for neighbouring taps T... and NV vectors of
/// channels, which stay in registers. Pixels are `rows` x `columns`, steps are in elements.
template <class V, int NV, int LastWidth, int... T>
STRATA_NOINLINE void outer_products(const typename V::value_type* x, int x_row, int x_pixel,
                                    const typename V::value_type* gradient, int gradient_row, int gradient_pixel,
                                    std::size_t rows, std::size_t columns, typename V::value_type* weights,
                                    int weight_step, std::integer_sequence<int, T...>) {
  constexpr Indices<NV> block;
  V sums[sizeof...(T) * NV];
  (read_block<V, LastWidth>(sums + T * NV, weights + T * weight_step, block), ...);
  for (std::size_t y = 0; y < rows; ++y, x += x_row, gradient += gradient_row) {
    const typename V::value_type* xp = x;
    const typename V::value_type* gp = gradient;
    for (std::size_t column = 0; column < columns; ++column, xp += x_pixel, gp += gradient_pixel) {
      asm volatile("" : "+r"(xp), "+r"(gp));  // keeps g++ from carrying loads through the stack
      V g[NV];
      read_block<V, LastWidth>(g, gp, block);
      multiply_taps<V, NV>(sums, xp, g, Indices<sizeof...(T) * NV>{});
    }
  }
  (write_block<V, LastWidth>(sums + T * NV, weights + T * weight_step, block), ...);
}

/// A run of `Length` neighbouring taps, cut evenly into tiles.
template <class V, int Length, int NV, int LastWidth>
void outer_product_run(const typename V::value_type* x, int x_row, int x_pixel, const typename V::value_type* gradient,
                       int gradient_row, int gradient_pixel, std::size_t rows, std::size_t columns,
                       typename V::value_type* weights, int weight_step) {
  constexpr int most = simd::register_count >= 32 ? 24 / NV : 12 / NV;
  constexpr int tiles = (Length + most - 1) / most;
  constexpr int narrow = Length / tiles;
  constexpr int wide_tiles = Length % tiles;
  if constexpr (wide_tiles > 0)
    for (int tile = 0; tile < wide_tiles; ++tile) {
      outer_products<V, NV, LastWidth>(x, x_row, x_pixel, gradient, gradient_row, gradient_pixel, rows, columns,
                                       weights, weight_step, Indices<narrow + 1>{});
      x += narrow + 1;
      weights += (narrow + 1) * weight_step;
    }
  for (int tile = wide_tiles; tile < tiles; ++tile) {
    outer_products<V, NV, LastWidth>(x, x_row, x_pixel, gradient, gradient_row, gradient_pixel, rows, columns, weights,
                                     weight_step, Indices<narrow>{});
    x += narrow;
    weights += narrow * weight_step;
  }
}

/// Rows of output pixels whose inputs and gradients fit in half of a 48 KiB first-level cache.
constexpr int weight_band(const ConvGeometry& g) {
  const int row_bytes = 4 * (g.out_row + g.stride_height * g.row);
  return std::clamp(24 * 1024 / row_bytes, std::min(8, g.out_height), g.out_height);
}

}  // namespace detail

/// Adds one image's part to `weights` in Keras' layout (kernel_height, kernel_width, in_channels, groups x
/// out_channels). `x` has its padding around it; `gradient` is by the
/// output and lies like it.
template <class V, ConvGeometry g>
void accumulate_weight_gradient(const typename V::value_type* x, const typename V::value_type* gradient,
                                typename V::value_type* weights) {
  constexpr int lanes = simd::lanes<V>;
  constexpr int vectors = (g.out_channels + lanes - 1) / lanes;
  constexpr int block = vectors >= 2 ? 2 : 1;
  constexpr int full = (vectors - 1) / block;
  constexpr int last = vectors - full * block;
  constexpr int last_width = g.out_channels - (vectors - 1) * lanes;
  constexpr bool whole_rows = g.dilation_width == 1 && g.groups == 1;
  constexpr int length = whole_rows ? g.kernel_width * g.in_channels : g.in_channels;
  constexpr int runs = whole_rows ? 1 : g.kernel_width;
  constexpr int x_row = g.stride_height * g.row;
  constexpr int x_pixel = g.stride_width * g.in_pixel();
  constexpr int gradient_row = g.out_row;
  constexpr int band = detail::weight_band(g);
  for (int y = 0; y < g.out_height; y += band) {
    const std::size_t rows = static_cast<std::size_t>(std::min(band, g.out_height - y));
    for (int group = 0; group < g.groups; ++group)
      for (int ky = 0; ky < g.kernel_height; ++ky)
        for (int run = 0; run < runs; ++run) {
          const auto* xr = x + y * x_row + group * g.in_channels + ky * g.dilation_height * g.row +
                           run * g.dilation_width * g.in_pixel();
          const auto* gr = gradient + y * gradient_row + group * g.out_channels;
          auto* wr = weights + (ky * g.kernel_width + run) * g.in_channels * g.out_pixel() + group * g.out_channels;
          for (int b = 0; b < full; ++b)
            detail::outer_product_run<V, length, block, lanes>(xr, x_row, x_pixel, gr + b * block * lanes, gradient_row,
                                                               g.out_pixel(), rows, g.out_width, wr + b * block * lanes,
                                                               g.out_pixel());
          detail::outer_product_run<V, length, last, last_width>(xr, x_row, x_pixel, gr + full * block * lanes,
                                                                 gradient_row, g.out_pixel(), rows, g.out_width,
                                                                 wr + full * block * lanes, g.out_pixel());
        }
  }
}

}  // namespace strata::kernels
