// Depthwise convolution on NHWC images: as many groups as channels, one filter each. No channel mixes with another, so
// lanes are channels and nothing is broadcast; a tile is a few pixels of a row, and each vector it reads serves every
// window that it lies in.
#pragma once

#include <algorithm>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/simd.hpp>

namespace strata::kernels {

constexpr bool is_depthwise(const ConvGeometry& g) { return g.in_channels == 1 && g.out_channels == 1; }

namespace detail {

/// Cells of a row under the windows of `pixels` neighbours.
constexpr int depthwise_span(const ConvGeometry& g, int pixels) {
  return (pixels - 1) * g.stride_width + (g.kernel_width - 1) * g.dilation_width + 1;
}

/// The pixel whose window has its tap `kx` on a cell of the row, or -1.
constexpr int depthwise_pixel(const ConvGeometry& g, int pixels, int cell, int kx) {
  const int distance = cell - kx * g.dilation_width;
  return distance >= 0 && distance % g.stride_width == 0 && distance / g.stride_width < pixels
             ? distance / g.stride_width
             : -1;
}

/// sums[p] += x[Cell] * taps[KX] where the window of p has its tap KX on `Cell`.
template <class V, ConvGeometry g, int Pixels, int Cell, int KX>
STRATA_INLINE void multiply_tap(V* sums, V x, const V* taps) {
  if constexpr (constexpr int p = depthwise_pixel(g, Pixels, Cell, KX); p >= 0)
    sums[p] = simd::fma(x, taps[KX], sums[p]);
}
template <class V, ConvGeometry g, int Pixels, int Width, int Cell, int... KX>
STRATA_INLINE void multiply_cell(V* sums, const typename V::value_type* x, const V* taps,
                                 std::integer_sequence<int, KX...>) {
  const V cell = read<V, Width>(x + Cell * g.in_pixel());
  (multiply_tap<V, g, Pixels, Cell, KX>(sums, cell, taps), ...);
}
/// One row of the kernel over the cells of one row.
template <class V, ConvGeometry g, int Pixels, int Width, int... Cell>
STRATA_INLINE void multiply_row(V* sums, const typename V::value_type* x, const V* taps,
                                std::integer_sequence<int, Cell...>) {
  (multiply_cell<V, g, Pixels, Width, Cell>(sums, x, taps, Indices<g.kernel_width>{}), ...);
}

/// One vector of channels of neighbouring pixels: bias + convolution, epilogue, store.
template <class V, ConvGeometry g, int Pixels, int Width, class Epilogue, int... KY>
STRATA_INLINE void depthwise_tile(const typename V::value_type* x, const V* taps, V bias, typename V::value_type* out,
                                  const typename V::value_type* residual, std::integer_sequence<int, KY...>) {
  simd::Array<V, Pixels> sums;
  fill(sums, bias, Indices<Pixels>{});
  (multiply_row<V, g, Pixels, Width>(sums, x + KY * g.dilation_height * g.row, taps + KY * g.kernel_width,
                                     Indices<depthwise_span(g, Pixels)>{}),
   ...);
  finish<V, g, Patch{1, Pixels}, 1, Width, Epilogue>(sums, out, residual, Indices<Pixels>{});
}

template <class V, int Width, int... I>
STRATA_INLINE void read_each(V* vectors, const typename V::value_type* p, int step, std::integer_sequence<int, I...>) {
  ((vectors[I] = read<V, Width>(p + I * step)), ...);
}
template <class V, int Width, int... I>
STRATA_INLINE void write_each(const V* vectors, typename V::value_type* p, int step, std::integer_sequence<int, I...>) {
  (write<V, Width>(p + I * step, vectors[I]), ...);
}

/// One vector of channels of a row, in equal tiles; the last may overlap the one before.
template <class V, ConvGeometry g, int Width, class Epilogue>
STRATA_NOINLINE void depthwise_row(const typename V::value_type* x, const typename V::value_type* weights,
                                   const typename V::value_type* bias, typename V::value_type* out,
                                   const typename V::value_type* residual) {
  constexpr int tiles = (g.out_width + 7) / 8;
  constexpr int pixels = (g.out_width + tiles - 1) / tiles;
  simd::Array<V, g.taps()> taps;
  read_each<V, Width>(taps, weights, g.groups, Indices<g.taps()>{});
  const V start = bias != nullptr ? read<V, Width>(bias) : V(typename V::value_type(0));
  for (int tile = 0; tile < tiles; ++tile) {
    const int column = std::min(tile * pixels, g.out_width - pixels);
    depthwise_tile<V, g, pixels, Width, Epilogue>(
        x + column * g.stride_width * g.in_pixel(), taps, start, out + column * g.out_step(),
        residual_at<Epilogue>(residual, 0, column, 0), Indices<g.kernel_height>{});
  }
}

/// sums[KX] += x[Cell] * gradient[p] where the window of p has its tap KX on `Cell`.
template <class V, ConvGeometry g, int Pixels, int Cell, int KX>
STRATA_INLINE void add_tap(V* sums, V x, const V* gradient) {
  if constexpr (constexpr int p = depthwise_pixel(g, Pixels, Cell, KX); p >= 0)
    sums[KX] = simd::fma(x, gradient[p], sums[KX]);
}
template <class V, ConvGeometry g, int Pixels, int Width, int Cell, int... KX>
STRATA_INLINE void add_cell(V* sums, const typename V::value_type* x, const V* gradient,
                            std::integer_sequence<int, KX...>) {
  const V cell = read<V, Width>(x + Cell * g.groups);
  (add_tap<V, g, Pixels, Cell, KX>(sums, cell, gradient), ...);
}
template <class V, ConvGeometry g, int Pixels, int Width, int... Cell>
STRATA_INLINE void add_row(V* sums, const typename V::value_type* x, const V* gradient,
                           std::integer_sequence<int, Cell...>) {
  (add_cell<V, g, Pixels, Width, Cell>(sums, x, gradient, Indices<g.kernel_width>{}), ...);
}
/// Neighbouring pixels of a row, for the rows KY of the kernel.
template <class V, ConvGeometry g, int Pixels, int Width, int... KY>
STRATA_INLINE void add_pixels(V* sums, const typename V::value_type* x, const typename V::value_type* gradient,
                              std::integer_sequence<int, KY...>) {
  simd::Array<V, Pixels> pixels;
  read_each<V, Width>(pixels, gradient, g.groups, Indices<Pixels>{});
  (add_row<V, g, Pixels, Width>(sums + KY * g.kernel_width, x + KY * g.dilation_height * g.row, pixels,
                                Indices<depthwise_span(g, Pixels)>{}),
   ...);
}

/// One vector of channels of a band of rows, for some rows of the kernel, whose sums stay in registers.
template <class V, ConvGeometry g, int Width, int KernelRows>
STRATA_NOINLINE void depthwise_gradient_rows(int rows, const typename V::value_type* x,
                                             const typename V::value_type* gradient,
                                             typename V::value_type* weights) {
  constexpr int most = simd::register_count >= 32 ? 8 : 4;
  constexpr int tiles = (g.out_width + most - 1) / most;
  constexpr int pixels = g.out_width / tiles;
  constexpr int rest = g.out_width % pixels;
  constexpr int x_step = pixels * g.stride_width * g.groups;
  constexpr Indices<KernelRows * g.kernel_width> taps;
  V sums[taps.size()];
  read_each<V, Width>(sums, weights, g.groups, taps);
  for (int y = 0; y < rows; ++y, x += g.stride_height * g.row, gradient += g.out_row) {
    for (int tile = 0; tile < g.out_width / pixels; ++tile)
      add_pixels<V, g, pixels, Width>(sums, x + tile * x_step, gradient + tile * pixels * g.groups,
                                      Indices<KernelRows>{});
    if constexpr (rest > 0)
      add_pixels<V, g, rest, Width>(sums, x + g.out_width / pixels * x_step,
                                    gradient + (g.out_width - rest) * g.groups, Indices<KernelRows>{});
  }
  write_each<V, Width>(sums, weights, g.groups, taps);
}

/// Cuts the rows of the kernel, so that their sums leave registers for the pixels.
template <class V, ConvGeometry g, int Width>
void depthwise_gradient(int rows, const typename V::value_type* x, const typename V::value_type* gradient,
                        typename V::value_type* weights) {
  constexpr int most = std::max(1, (simd::register_count >= 32 ? 23 : 11) / g.kernel_width);
  constexpr int blocks = (g.kernel_height + most - 1) / most;
  constexpr int kernel_rows = (g.kernel_height + blocks - 1) / blocks;
  constexpr int last = g.kernel_height - (g.kernel_height - 1) / kernel_rows * kernel_rows;
  int ky = 0;
  for (; ky + kernel_rows < g.kernel_height; ky += kernel_rows)
    depthwise_gradient_rows<V, g, Width, kernel_rows>(rows, x + ky * g.dilation_height * g.row, gradient,
                                                      weights + ky * g.kernel_width * g.groups);
  depthwise_gradient_rows<V, g, Width, last>(rows, x + ky * g.dilation_height * g.row, gradient,
                                             weights + ky * g.kernel_width * g.groups);
}

/// f.operator()<lanes used>(first channel) for each vector of channels.
template <class V, ConvGeometry g, class F>
void for_each_vector(F f) {
  constexpr int lanes = simd::lanes<V>;
  constexpr int last = g.groups % lanes;
  for (int c = 0; c + lanes <= g.groups; c += lanes) f.template operator()<lanes>(c);
  if constexpr (last != 0) f.template operator()<last>(g.groups - last);
}

}  // namespace detail

/// Convolves one image, as `convolve` does. `weights` are as Keras stores them:
/// (kernel_height, kernel_width, channels).
template <class V, ConvGeometry g, class Epilogue>
void depthwise_convolve(const typename V::value_type* x, const typename V::value_type* weights,
                        const typename V::value_type* bias, typename V::value_type* out,
                        const typename V::value_type* residual = nullptr) {
  static_assert(is_depthwise(g));
  for (int y = 0; y < g.out_height; ++y, x += g.stride_height * g.row, out += g.out_row) {
    const auto* const terms = detail::residual_at<Epilogue>(residual, y, 0, 0);
    detail::for_each_vector<V, g>([&]<int Width>(int c) {
      detail::depthwise_row<V, g, Width, Epilogue>(x + c, weights + c, bias != nullptr ? bias + c : nullptr, out + c,
                                                   detail::residual_at<Epilogue>(terms, 0, 0, c));
    });
  }
}

/// Adds one image's part to `weights` (kernel_height, kernel_width, channels), as `accumulate_weight_gradient` does.
template <class V, ConvGeometry g>
void accumulate_depthwise_gradient(const typename V::value_type* x, const typename V::value_type* gradient,
                                   typename V::value_type* weights) {
  static_assert(is_depthwise(g));
  constexpr int bytes = static_cast<int>(sizeof(typename V::value_type)) * (g.out_row + g.stride_height * g.row);
  constexpr int band = detail::even_part(g.out_height, std::max(1, 40 * 1024 / bytes));
  for (int y = 0; y < g.out_height; y += band)
    detail::for_each_vector<V, g>([&]<int Width>(int c) {
      detail::depthwise_gradient<V, g, Width>(std::min(band, g.out_height - y), x + y * g.stride_height * g.row + c,
                                              gradient + y * g.out_row + c, weights + c);
    });
}

}  // namespace strata::kernels
