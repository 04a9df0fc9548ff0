// Depthwise convolution on NHWC images: as many groups as channels, one filter each. No channel mixes with another, so
// lanes are channels and nothing is broadcast; a tile is a few pixels of a row, and each vector it reads serves every
// window that it lies in.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

constexpr bool is_depthwise(const ConvGeometry& g) { return g.in_channels == 1 && g.out_channels == 1; }

namespace detail {

/// Kernels up to 5x5 are unrolled as a whole: their taps find room in the registers, or nearly so.
constexpr bool unrolled(const ConvGeometry& g) { return g.taps() <= 25; }

}  // namespace detail

/// Whether a part of the work is some rows: of a wide image.
constexpr bool depthwise_by_rows(const ConvGeometry& g) { return detail::unrolled(g) && g.out_width >= 32; }

namespace detail {

/// sums[sum] += x[cell] * factors[factor], where `first` is the cell's first product, for which it is read.
struct DepthwiseProduct {
  int cell, sum, factor;
  bool first = true;
};

/// The products of `Taps` neighbouring taps in the windows of `Pixels` neighbouring pixels, cell by cell. For the
/// gradient by the weights a tap has a sum and a pixel is a factor, else the other way round.
template <int Stride, int Dilation, int Pixels, int Taps, bool Gradient>
inline constexpr auto depthwise_products = [] {
  std::array<DepthwiseProduct, std::size_t{Pixels * Taps}> products{};
  for (int i = 0; i < Pixels * Taps; ++i) {
    const int pixel = i / Taps, tap = i % Taps;
    products[static_cast<std::size_t>(i)] = {pixel * Stride + tap * Dilation, Gradient ? tap : pixel,
                                             Gradient ? pixel : tap};
  }
  std::sort(products.begin(), products.end(), [](const DepthwiseProduct& a, const DepthwiseProduct& b) {
    return a.cell != b.cell ? a.cell < b.cell : Gradient ? a.sum < b.sum : a.factor < b.factor;
  });
  for (std::size_t i = 1; i < products.size(); ++i) products[i].first = products[i].cell != products[i - 1].cell;
  return products;
}();

template <class V, const auto& products, int Pixel, int Width, int I>
STRATA_INLINE void multiply_cell(V& cell, V* sums, const typename V::value_type* x, const V* factors) {
  constexpr DepthwiseProduct product = products[static_cast<std::size_t>(I)];
  if constexpr (product.first) cell = read<V, Width>(x + product.cell * Pixel);
  sums[product.sum] = simd::fma(cell, factors[product.factor], sums[product.sum]);
}
template <class V, const auto& products, int Pixel, int Width, int... I>
STRATA_INLINE void multiply_cells(V* sums, const typename V::value_type* x, const V* factors,
                                  std::integer_sequence<int, I...>) {
  V cell;
  (multiply_cell<V, products, Pixel, Width, I>(cell, sums, x, factors), ...);
}
/// Neighbouring taps of a row of the kernel in the windows of neighbouring pixels.
template <class V, ConvGeometry g, int Pixels, int Taps, int Width, bool Gradient = false>
STRATA_INLINE void multiply_row(V* sums, const typename V::value_type* x, const V* factors) {
  multiply_cells<V, depthwise_products<g.stride_width, g.dilation_width, Pixels, Taps, Gradient>, g.in_pixel(), Width>(
      sums, x, factors, Indices<Pixels * Taps>{});
}

template <class V, int Width, int... I>
STRATA_INLINE void read_each(V* vectors, const typename V::value_type* p, int step, std::integer_sequence<int, I...>) {
  ((vectors[I] = read<V, Width>(p + I * step)), ...);
}
template <class V, int Width, int... I>
STRATA_INLINE void write_each(const V* vectors, typename V::value_type* p, int step, std::integer_sequence<int, I...>) {
  (write<V, Width>(p + I * step, vectors[I]), ...);
}

/// The taps of one vector of channels, in registers; all of a tile's products are one straight line.
template <class V, ConvGeometry g, int Width>
struct UnrolledTaps {
  using T = typename V::value_type;
  simd::Array<V, g.taps()> taps;

  explicit STRATA_INLINE UnrolledTaps(const T* weights) {
    read_each<V, Width>(taps, weights, g.groups, Indices<g.taps()>{});
  }
  template <int Pixels>
  STRATA_INLINE void multiply(V* sums, const T* x) const {
    multiply_rows<Pixels>(sums, x, Indices<g.kernel_height>{});
  }

 private:
  template <int Pixels, int... KY>
  STRATA_INLINE void multiply_rows(V* sums, const T* x, std::integer_sequence<int, KY...>) const {
    (multiply_row<V, g, Pixels, g.kernel_width, Width>(sums, x + KY * g.dilation_height * g.row,
                                                       taps + KY * g.kernel_width),
     ...);
  }
};

/// The same for larger kernels: in memory, a few at a time. Side by side the taps do not fight for a set of the cache;
/// those too many for the stack stay where they are.
template <class V, ConvGeometry g, int Width>
struct LoopedTaps {
  using T = typename V::value_type;
  static constexpr bool copied = g.taps() <= 1024;
  static constexpr int step = copied ? simd::lanes<V> : g.groups;
  alignas(V) simd::Array<T, copied ? g.taps() * step : 1> copy;
  const T* taps;

  explicit STRATA_INLINE LoopedTaps(const T* weights) : taps(copied ? copy : weights) {
    if constexpr (copied)
      for (int i = 0; i < g.taps(); ++i) simd::store(copy + i * step, read<V, Width>(weights + i * g.groups));
  }
  template <int Pixels>
  STRATA_INLINE void multiply(V* sums, const T* x) const {
    constexpr int part = even_part(g.kernel_width, simd::register_count >= 32 ? 8 : 4);
    constexpr int parts = g.kernel_width / part, rest = g.kernel_width % part;
    constexpr int x_step = part * g.dilation_width * g.in_pixel();
    const T* row = taps;
    for (int ky = 0; ky < g.kernel_height; ++ky, x += g.dilation_height * g.row, row += g.kernel_width * step) {
      for (int i = 0; i < parts; ++i) multiply_part<Pixels, part>(sums, x + i * x_step, row + i * part * step);
      if constexpr (rest > 0) multiply_part<Pixels, rest>(sums, x + parts * x_step, row + parts * part * step);
    }
  }

 private:
  template <int Pixels, int Taps>
  static STRATA_INLINE void multiply_part(V* sums, const T* x, const T* taps) {
    simd::Array<V, Taps> part;
    read_each<V, copied ? simd::lanes<V> : Width>(part, taps, step, Indices<Taps>{});
    multiply_row<V, g, Pixels, Taps, Width>(sums, x, part);
  }
};

/// Rows of output of one vector of channels at once: all for a large kernel, whose many rows and taps are kept in the
/// cache; for a small one those of nine rows of input, which come from the second-level cache once, not for each row of
/// the kernel. Pixels so far apart that they fight for a few sets of the first-level cache would not stay there.
constexpr int rows_at_once(const ConvGeometry& g) {
  if (!unrolled(g)) return g.out_height;
  const int reach = (g.kernel_height - 1) * g.dilation_height + 1, crowded = 512;
  return g.groups % crowded == 0 ? 1 : (std::max)(0, 9 - reach) / g.stride_height + 1;
}

/// One vector of channels of some rows: bias + convolution, epilogue, store, in equal tiles of a row; the last may
/// overlap the one before.
template <class V, ConvGeometry g, int Width, class Epilogue>
STRATA_NOINLINE void depthwise_rows(int rows, const typename V::value_type* x, const typename V::value_type* weights,
                                    const typename V::value_type* bias, typename V::value_type* out,
                                    const typename V::value_type* residual) {
  constexpr int tiles = (g.out_width + 7) / 8;
  constexpr int pixels = (g.out_width + tiles - 1) / tiles;
  const std::conditional_t<unrolled(g), UnrolledTaps<V, g, Width>, LoopedTaps<V, g, Width>> taps(weights);
  const V start = bias != nullptr ? read<V, Width>(bias) : V(typename V::value_type(0));
  for (int y = 0; y < rows; ++y, x += g.stride_height * g.row, out += g.out_row)
    for (int tile = 0; tile < tiles; ++tile) {
      const int column = (std::min)(tile * pixels, g.out_width - pixels);
      simd::Array<V, pixels> sums;
      fill(sums, start, Indices<pixels>{});
      taps.template multiply<pixels>(sums, x + column * g.stride_width * g.in_pixel());
      finish<V, g, Patch{1, pixels}, 1, Width, Epilogue>(sums, out + column * g.out_step(),
                                                         residual_at<Epilogue>(residual, y, column, 0),
                                                         Indices<pixels>{});
    }
}

/// A part of a kernel whose sums leave registers for the pixels.
struct KernelPart {
  int rows, columns;

  constexpr explicit KernelPart(int height, int width) : rows(height), columns(width) {}
  constexpr explicit KernelPart(const ConvGeometry& g) : columns(even_part(g.kernel_width, most)) {
    rows = even_part(g.kernel_height, columns == g.kernel_width ? (std::max)(1, most / columns) : 1);
  }

 private:
  static constexpr int most = simd::register_count >= 32 ? 23 : 11;
};

/// Neighbouring pixels of a row, for a part of the kernel.
template <class V, ConvGeometry g, int Pixels, int Width, int Columns, int... KY>
STRATA_INLINE void add_pixels(V* sums, const typename V::value_type* x, const typename V::value_type* gradient,
                              std::integer_sequence<int, KY...>) {
  simd::Array<V, Pixels> pixels;
  read_each<V, Width>(pixels, gradient, g.groups, Indices<Pixels>{});
  (multiply_row<V, g, Pixels, Columns, Width, true>(sums + KY * Columns, x + KY * g.dilation_height * g.row, pixels),
   ...);
}

/// One vector of channels of a band of rows, for a part of the kernel.
template <class V, ConvGeometry g, int Width, KernelPart part>
STRATA_NOINLINE void depthwise_gradient_part(int rows, const typename V::value_type* x,
                                             const typename V::value_type* gradient,
                                             typename V::value_type* weights) {
  constexpr int most = simd::register_count >= 32 ? 8 : 4;
  constexpr int tiles = (g.out_width + most - 1) / most;
  constexpr int pixels = g.out_width / tiles;
  constexpr int rest = g.out_width % pixels;
  constexpr int x_step = pixels * g.stride_width * g.groups;
  constexpr Indices<part.rows * part.columns> taps;  // neighbours: several rows are whole ones
  simd::Array<V, static_cast<int>(taps.size())> sums;
  read_each<V, Width>(sums, weights, g.groups, taps);
  for (int y = 0; y < rows; ++y, x += g.stride_height * g.row, gradient += g.out_row) {
    for (int tile = 0; tile < g.out_width / pixels; ++tile)
      add_pixels<V, g, pixels, Width, part.columns>(sums, x + tile * x_step, gradient + tile * pixels * g.groups,
                                                    Indices<part.rows>{});
    if constexpr (rest > 0)
      add_pixels<V, g, rest, Width, part.columns>(sums, x + g.out_width / pixels * x_step,
                                                  gradient + (g.out_width - rest) * g.groups, Indices<part.rows>{});
  }
  write_each<V, Width>(sums, weights, g.groups, taps);
}

/// `Rows` rows of the kernel.
template <class V, ConvGeometry g, int Width, int Rows>
STRATA_INLINE void depthwise_gradient_rows(int rows, const typename V::value_type* x,
                                           const typename V::value_type* gradient, typename V::value_type* weights) {
  constexpr int part = KernelPart(g).columns;
  constexpr int parts = g.kernel_width / part, rest = g.kernel_width % part;
  constexpr int x_step = part * g.dilation_width * g.groups, step = part * g.groups;
  for (int i = 0; i < parts; ++i)
    depthwise_gradient_part<V, g, Width, KernelPart(Rows, part)>(rows, x + i * x_step, gradient, weights + i * step);
  if constexpr (rest > 0)
    depthwise_gradient_part<V, g, Width, KernelPart(Rows, rest)>(rows, x + parts * x_step, gradient,
                                                                 weights + parts * step);
}
/// All of them.
template <class V, ConvGeometry g, int Width>
void depthwise_gradient(int rows, const typename V::value_type* x, const typename V::value_type* gradient,
                        typename V::value_type* weights) {
  constexpr int part = KernelPart(g).rows;
  constexpr int parts = g.kernel_height / part, rest = g.kernel_height % part;
  constexpr int x_step = part * g.dilation_height * g.row, step = part * g.kernel_width * g.groups;
  for (int i = 0; i < parts; ++i)
    depthwise_gradient_rows<V, g, Width, part>(rows, x + i * x_step, gradient, weights + i * step);
  if constexpr (rest > 0)
    depthwise_gradient_rows<V, g, Width, rest>(rows, x + parts * x_step, gradient, weights + parts * step);
}

}  // namespace detail

/// Convolves one image, as `convolve` does. `weights` are as Keras stores them:
/// (kernel_height, kernel_width, channels). Threads share rows, or vectors of channels of a few rows where there are
/// not many.
template <class V, ConvGeometry g, class Epilogue, class Part = strata::detail::Whole>
void depthwise_convolve(const typename V::value_type* x, const typename V::value_type* weights,
                        const typename V::value_type* bias, typename V::value_type* out,
                        const typename V::value_type* residual = nullptr, Part part = {}) {
  static_assert(is_depthwise(g));
  constexpr int most = detail::rows_at_once(g), vectors = channel_vectors<V, g.groups>;
  const auto convolve_rows = [&](int y, int rows, auto tasks) {
    for_each_channel_vector<V, g.groups>(
        [&](int c, auto lanes) {
          detail::depthwise_rows<V, g, lanes.count, Epilogue>(
              rows, x + y * g.stride_height * g.row + c, weights + c, bias != nullptr ? bias + c : nullptr,
              out + y * g.out_row + c, detail::residual_at<Epilogue>(residual, y, 0, c));
        },
        tasks);
  };
  if constexpr (depthwise_by_rows(g)) {
    const auto own = part.template tasks<g.out_height>();
    for (int y = own.begin; y < own.end; y += most)
      convolve_rows(y, (std::min)(most, own.end - y), strata::detail::Whole::tasks<vectors>());
  } else {
    constexpr int all = (g.out_height + most - 1) / most * vectors;
    for (int y = 0; y < g.out_height; y += most)
      convolve_rows(y, (std::min)(most, g.out_height - y), part.template tasks<vectors>(y / most * vectors, all));
  }
}

/// Adds one image's part to `weights` (kernel_height, kernel_width, channels), as `accumulate_weight_gradient` does.
/// Threads share vectors of channels.
template <class V, ConvGeometry g, class Part = strata::detail::Whole>
void accumulate_depthwise_gradient(const typename V::value_type* x, const typename V::value_type* gradient,
                                   typename V::value_type* weights, Part part = {}) {
  static_assert(is_depthwise(g));
  constexpr int bytes = static_cast<int>(sizeof(typename V::value_type)) * (g.out_row + g.stride_height * g.row);
  constexpr int band = detail::even_part(g.out_height, (std::max)(1, 40 * 1024 / bytes));
  for (int y = 0; y < g.out_height; y += band)
    for_each_channel_vector<V, g.groups>([&](int c, auto lanes) {
      detail::depthwise_gradient<V, g, lanes.count>((std::min)(band, g.out_height - y),
                                                    x + y * g.stride_height * g.row + c,
                                                    gradient + y * g.out_row + c, weights + c);
    }, part.template tasks<channel_vectors<V, g.groups>>());
}

}  // namespace strata::kernels
