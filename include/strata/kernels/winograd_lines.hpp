// Winograd's convolution along rows only, F(4, 3), for images of so few channels that transforming both axes costs more
// than it saves: out = A^T sum over kernel rows and channels of (G w) * (B^T x). Half the products of direct sums.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/core/part.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/kernels/winograd.hpp>

namespace strata::kernels {

/// Whether it can compute a convolution, where a vector holds all channels of a pixel.
constexpr bool lines_fit(const ConvGeometry& g) {
  return g.kernel_width == 3 && g.stride_height == 1 && g.stride_width == 1 && g.dilation_height == 1 &&
         g.dilation_width == 1 && g.groups == 1 && g.joined == 1 && g.out_spread == 1 && g.out_columns == 0 &&
         g.out_width >= 4 && g.largest_tile >= 4;
}

/// How the work is cut, and where numbers lie, in elements: transformed lines of input [position][tile][4 pixels, of
/// which the first counts][in_channels], weights [block][position][kernel row][in_channels][block channels].
template <class V>
struct LinesPlan {
  static constexpr int lanes = simd::lanes<V>;
  static constexpr int tile = 4, positions = 6;

  ConvBlocks<V> blocks;
  int together;       ///< tiles whose input one vector holds
  int tiles;          ///< in a row; those of the last vector may overlap the ones before
  int pixels;         ///< tiles of a register tile
  int step;           ///< from tile to tile
  int position;       ///< from position to position
  int block_weights;  ///< from block to block

  constexpr explicit LinesPlan(const ConvGeometry& g)
      : blocks(g.out_channels),
        together(g.in_gap == 0 ? (std::min)((lanes - g.in_channels) / (tile * g.in_channels) + 1, g.out_width / tile)
                               : 1),
        tiles((g.out_width + tile * together - 1) / (tile * together) * together),
        pixels(conv_tile(blocks.size, simd::register_count, lanes).pixels),
        step(tile * g.in_channels),
        position(((tiles - 1) * step + lanes) / lanes * lanes + lanes),
        block_weights(positions * g.kernel_height * g.in_channels * blocks.size * lanes) {
    const int across = equal_tiles(tiles, pixels);
    pixels = (tiles + across - 1) / across;
  }
  /// The first pixel of a tile.
  constexpr int column(const ConvGeometry& g, int at) const {
    return (std::min)(at / together * together * tile, g.out_width - together * tile) + at % together * tile;
  }
  /// Where the weight (position `at`, ky, in, out) is.
  constexpr int weight_index(const ConvGeometry& g, int at, int ky, int in, int out) const {
    const int width = blocks.size * lanes, block = out / width;
    return block * block_weights + ((at * g.kernel_height + ky) * g.in_channels + in) *
                                       (block < blocks.full ? width : blocks.last * lanes) + out % width;
  }
};

/// Elements of transformed weights.
template <class V>
constexpr std::size_t lines_weights_size(const ConvGeometry& g) {
  const LinesPlan<V> plan(g);
  return static_cast<std::size_t>(plan.positions * g.kernel_height * g.in_channels) *
         static_cast<std::size_t>(plan.blocks.vectors * plan.lanes);
}

/// Elements of scratch memory: the transformed lines under a row of windows.
template <class V>
constexpr std::size_t lines_scratch_size(const ConvGeometry& g) {
  const LinesPlan<V> plan(g);
  return static_cast<std::size_t>(g.kernel_height * plan.positions) * static_cast<std::size_t>(plan.position);
}

namespace detail {

/// B^T x of the tiles that one vector holds, into every position.
template <class V, ConvGeometry g, int... I>
STRATA_INLINE void transform_line_vector(const typename V::value_type* x, typename V::value_type* out,
                                         std::integer_sequence<int, I...>) {
  constexpr LinesPlan<V> plan(g);
  constexpr int width = (plan.together - 1) * plan.step + g.in_channels;
  const V pixels[] = {read<V, width>(x + I * g.in_pixel())...};
  transform_row<V, InputLine<plan.tile>, plan.position>(pixels, out, Indices<plan.positions / 2 + 1>{});
}
/// A row of input. What vectors leave between tiles is not read.
template <class V, ConvGeometry g>
STRATA_NOINLINE void transform_line(const typename V::value_type* x, typename V::value_type* out) {
  constexpr LinesPlan<V> plan(g);
  for (int tile = 0; tile < plan.tiles; tile += plan.together)
    transform_line_vector<V, g>(x + plan.column(g, tile) * g.in_pixel(), out + tile * plan.step,
                                Indices<plan.positions>{});
}

/// The products of one position: a register tile of NV vectors of output channels times tiles. Kernel row ky meets the
/// line `(first + ky) % kernel_height`.
template <class V, ConvGeometry g, int NV, int... I>
STRATA_INLINE void multiply_lines(const typename V::value_type* lines, int first, const typename V::value_type* weights,
                                  typename V::value_type* products, std::integer_sequence<int, I...> tile) {
  using T = typename V::value_type;
  constexpr LinesPlan<V> plan(g);
  constexpr ConvGeometry pointwise = pointwise_geometry(plan.step);
  constexpr int size = sizeof...(I), splits = size >= 8 ? 1 : size >= 4 ? 2 : 4, width = NV * plan.lanes;
  simd::Array<V, size * splits> sums;
  fill(sums, V(T(0)), Indices<size * splits>{});
  const T* unused = nullptr;
  [&]<int... ky>(std::integer_sequence<int, ky...>) STRATA_INLINE_LAMBDA {
    (multiply_run<V, pointwise, Patch{1, plan.pixels}, NV, splits, width, plan.lanes, g.in_channels, Upcoming{}>(
         sums,
         lines + (first + ky < g.kernel_height ? first + ky : first + ky - g.kernel_height) * plan.positions *
                     plan.position,
         weights + ky * g.in_channels * width, unused),
     ...);
  }(Indices<g.kernel_height>{});
  merge<V, size, splits>(sums, tile);
  (simd::store(products + I * plan.lanes, sums[I]), ...);
}

/// One tile and one vector of channels from its direct sums, by weights made of the transformed ones: those of a line
/// that are 0 come back as 0.
template <class V, ConvGeometry g, class Epilogue, int Width>
STRATA_NOINLINE void line_directly(const typename V::value_type* x, const typename V::value_type* weights,
                                   int weights_step, V bias, typename V::value_type* out,
                                   const typename V::value_type* residual) {
  using Line = Interpolation<4>;
  constexpr int position = g.kernel_height * g.in_channels;
  V y[]{constant<V>(0), constant<V>(0), constant<V>(0), constant<V>(0)};
  for (int ky = 0; ky < g.kernel_height; ++ky)
    for (int in = 0; in < g.in_channels; ++in) {
      V transformed[6], w[3];
      for (int p = 0; p < 6; ++p)
        transformed[p] = simd::load<V>(weights + (p * position + ky * g.in_channels + in) * weights_step);
      Line::original_weights(transformed, w, 1);
      for (int pixel = 0; pixel < 4; ++pixel)
        for (int kx = 0; kx < 3; ++kx)
          y[pixel] = simd::fma(simd::broadcast<V>(x[ky * g.row + (pixel + kx) * g.in_pixel() + in]), w[kx], y[pixel]);
    }
  finish_pixels<V, winograd_geometry(g, 4), Epilogue, Width>(y, bias, out, residual, Indices<4>{});
}

/// epilogue(bias + A^T products) of a tile and NV vectors of channels. An input that is not finite, or so large that
/// squares overflow, spoils the whole tile, which is then computed again.
template <class V, ConvGeometry g, class Epilogue, int NV, int LastWidth, int... I>
STRATA_INLINE void finish_line(const typename V::value_type* products, int products_step,
                               const typename V::value_type* x, const typename V::value_type* weights,
                               const typename V::value_type* bias, typename V::value_type* out,
                               const typename V::value_type* residual, std::integer_sequence<int, I...>) {
  constexpr int lanes = simd::lanes<V>;
  const auto vector = [&]<int v>(std::integral_constant<int, v>) STRATA_INLINE_LAMBDA {
    constexpr int width = v + 1 == NV ? LastWidth : lanes;
    const V b = bias != nullptr ? read<V, width>(bias + v * lanes) : constant<V>(0);
    const auto* const r = residual_at<Epilogue>(residual, 0, 0, v * lanes);
    const V t[] = {simd::load<V>(products + I * products_step + v * lanes)...};
    V squares = constant<V>(0);
    transform_output_row<V, winograd_geometry(g, 4), Epilogue, width>(t, b, out + v * lanes, r, squares);
    if (is_spoilt(squares)) [[unlikely]]
      line_directly<V, g, Epilogue, width>(x, weights + v * lanes, NV * lanes, b, out + v * lanes, r);
  };
  [&]<int... v>(std::integer_sequence<int, v...>) STRATA_INLINE_LAMBDA {
    (vector(std::integral_constant<int, v>{}), ...);
  }(Indices<NV>{});
}

/// A row of output, and a block of NV vectors of its channels from `c` on.
template <class V, ConvGeometry g, class Epilogue, int NV, int LastWidth>
STRATA_NOINLINE void convolve_line(const typename V::value_type* lines, int first, const typename V::value_type* x,
                                   const typename V::value_type* weights, const typename V::value_type* bias, int c,
                                   typename V::value_type* out, const typename V::value_type* residual) {
  constexpr LinesPlan<V> plan(g);
  constexpr int size = plan.pixels * NV, step = size * plan.lanes;
  constexpr int position_weights = g.kernel_height * g.in_channels * NV * plan.lanes;
  if (bias != nullptr) bias += c;
  simd::Array<typename V::value_type, plan.positions * step> products;
  for (int tile = 0; tile < plan.tiles; tile += plan.pixels) {
    const int begin = (std::min)(tile, plan.tiles - plan.pixels);
    for (int p = 0; p < plan.positions; ++p)
      multiply_lines<V, g, NV>(lines + p * plan.position + begin * plan.step, first, weights + p * position_weights,
                               products + p * step, Indices<size>{});
    for (int t = 0; t < plan.pixels; ++t) {
      const int column = plan.column(g, begin + t);
      finish_line<V, g, Epilogue, NV, LastWidth>(products + t * NV * plan.lanes, step, x + column * g.in_pixel(),
                                                 weights, bias, out + column * g.out_step() + c,
                                                 residual_at<Epilogue>(residual, 0, column, c),
                                                 Indices<plan.positions>{});
    }
  }
}

}  // namespace detail

/// Convolves one image: out = epilogue(bias + x * weights). `bias` may be null; `out` must not overlap `residual`.
template <class V, ConvGeometry g, class Epilogue, class Part = strata::detail::Whole>
void convolve_lines(const typename V::value_type* x, const typename V::value_type* weights,
                    const typename V::value_type* bias, typename V::value_type* out,
                    const typename V::value_type* residual, typename V::value_type* scratch, Part part = {}) {
  static_assert(lines_fit(g) && g.in_channels <= simd::lanes<V>);
  constexpr LinesPlan<V> plan(g);
  constexpr int line = plan.positions * plan.position, width = plan.blocks.size * plan.lanes, full = plan.blocks.full;
  const auto rows = part.template tasks<g.out_height>();
  int next = rows.begin;  // row of input that is not yet transformed
  for (int y = rows.begin; y < rows.end; ++y) {
    for (; next < y + g.kernel_height; ++next)
      detail::transform_line<V, g>(x + next * g.row, scratch + next % g.kernel_height * line);
    const auto* const window = x + y * g.row;
    const auto* const terms = detail::residual_at<Epilogue>(residual, y, 0, 0);
    auto* const row = out + y * g.out_row;
    for (int b = 0; b < full; ++b)
      detail::convolve_line<V, g, Epilogue, plan.blocks.size, plan.lanes>(
          scratch, y % g.kernel_height, window, weights + b * plan.block_weights, bias, b * width, row, terms);
    detail::convolve_line<V, g, Epilogue, plan.blocks.last, plan.blocks.last_width>(
        scratch, y % g.kernel_height, window, weights + full * plan.block_weights, bias, full * width, row, terms);
  }
}

/// Transforms weights given by `weight(ky, kx, in, out)`, in double precision.
template <class V, ConvGeometry g, class Weight>
void lines_pack(Weight&& weight, typename V::value_type* packed) {
  using T = typename V::value_type;
  using D = simd::Vector<std::common_type_t<double, T>>;
  constexpr LinesPlan<V> plan(g);
  std::fill_n(packed, lines_weights_size<V>(g), T(0));
  for (int ky = 0; ky < g.kernel_height; ++ky)
    for (int in = 0; in < g.in_channels; ++in)
      for (int out = 0; out < g.out_channels; ++out) {
        D w[3], u[plan.positions];
        for (int kx = 0; kx < 3; ++kx) w[kx] = detail::constant<D>(static_cast<double>(weight(ky, kx, in, out)));
        detail::Interpolation<plan.tile>::weights(w, u, 1);
        for (int p = 0; p < plan.positions; ++p) {
          double lanes[simd::lanes<D>];
          simd::store(lanes, u[p]);
          packed[plan.weight_index(g, p, ky, in, out)] = static_cast<T>(lanes[0]);
        }
      }
}

}  // namespace strata::kernels
