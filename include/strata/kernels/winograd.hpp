// Winograd's convolution F(m x m, 3x3) on NHWC images, m = 2 or 4, stride 1: out = A^T ((G w G^T) * (B^T x B)) A.
// A tile of m x m output pixels takes (m + 2)^2 products a pair of channels instead of 9 m^2: 2.25 or 4 times fewer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/core/part.hpp>
#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/transpose.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/kernels/winograd_plan.hpp>
#include <strata/kernels/winograd_transform.hpp>

namespace strata::kernels {

namespace detail {

/// The place of a tile; tiles are counted through a batch of images. The last tile of a row or column is shifted back
/// where the size is no multiple, and overlaps the one before by `left` columns or `above` rows.
template <WinogradGeometry g>
struct TilePlace {
  std::size_t image;
  int y, x, above, left;

  STRATA_INLINE explicit TilePlace(std::size_t tile) : image(tile / g.tiles()) {
    const int index = static_cast<int>(tile % g.tiles());
    const int top = index / g.tile_columns() * g.tile, start = index % g.tile_columns() * g.tile;
    y = (std::min)(top, g.out_height - g.tile);
    x = (std::min)(start, g.out_width - g.tile);
    above = top - y;
    left = start - x;
  }
};

/// B^T x B for `count` tiles from tile `first` on.
template <class V, WinogradGeometry g, int TileStep, int PositionStep>
STRATA_NOINLINE void transform_inputs(const typename V::value_type* x, std::size_t x_step, std::size_t first, int count,
                                      typename V::value_type* out) {
  constexpr TransformSteps steps{g.row, g.in_pixel(), PositionStep};
  for (int tile = 0; tile < count; ++tile, out += TileStep) {
    const TilePlace<g> place(first + static_cast<std::size_t>(tile));
    transform_tile<V, InputLine<g.tile>, steps, g.in_channels>(
        x + place.image * x_step + place.y * g.row + place.x * g.in_pixel(), out);
  }
}

/// A 1x1 convolution as far as a register tile asks: pixels `step` elements apart.
constexpr ConvGeometry pointwise_geometry(int step) {
  ConvGeometry g{};
  g.stride_width = g.groups = 1;
  g.in_channels = step;
  return g;
}

/// One register tile of products, NV vectors of output channels times `block.pixels` tiles: a 1x1 convolution.
template <class V, WinogradGeometry g, int NV, int... I>
STRATA_INLINE void multiply_block(const typename V::value_type* x, const typename V::value_type* weights,
                                  typename V::value_type* products, const typename V::value_type*& next,
                                  std::integer_sequence<int, I...> tile) {
  constexpr WinogradPlan<V> plan(g);
  constexpr ConvGeometry pointwise = pointwise_geometry(plan.x_tile);
  constexpr int tiles = ((std::min)(plan.band, g.tiles()) + plan.block.pixels - 1) / plan.block.pixels;
  constexpr Upcoming upcoming = winograd_weights_size<V>(g) * sizeof(*weights) > plan.cache
                                    ? Upcoming(tiles, g.in_channels, static_cast<int>(NV * sizeof(V)))
                                    : Upcoming{};
  constexpr int size = sizeof...(I), splits = size >= 8 ? 1 : size >= 4 ? 2 : 4, lanes = simd::lanes<V>;
  simd::Array<V, size * splits> sums;
  fill(sums, V(typename V::value_type(0)), Indices<size * splits>{});
  multiply_run<V, pointwise, Patch{1, plan.block.pixels}, NV, splits, NV * lanes, lanes, g.in_channels, upcoming>(
      sums, x, weights, next);
  merge<V, size, splits>(sums, tile);
  (simd::store(products + I / NV * plan.product_tile + I % NV * lanes, sums[I]), ...);
}

/// Products of a band of `count` tiles, at least `block.pixels`, and some blocks of output channels, whose weights are
/// asked for in the order in which these are read; the last register tile may overlap the one before.
template <class V, WinogradGeometry g, class Blocks>
STRATA_NOINLINE void multiply_band(const typename V::value_type* x, const typename V::value_type* weights, int count,
                                   typename V::value_type* products, Blocks blocks) {
  constexpr WinogradPlan<V> plan(g);
  constexpr int pixels = plan.block.pixels, width = plan.block.vectors * plan.lanes, full = plan.full_blocks();
  for (int position = 0; position < g.positions(); ++position) {
    const auto* const w = weights + position * plan.weights_position;
    const auto block = [&]<int Vectors>(int b, std::integral_constant<int, Vectors>) STRATA_INLINE_LAMBDA {
      const auto* const own = w + b * width * g.in_channels;
      const auto* next = b + 1 < blocks.end ? own + Vectors * plan.lanes * g.in_channels
                                            : w + plan.weights_position + blocks.begin * width * g.in_channels;
      for (int tile = 0; tile < count; tile += pixels) {
        const int t = (std::min)(tile, count - pixels);
        multiply_block<V, g, Vectors>(x + t * plan.x_tile, own, products + t * plan.product_tile + b * width, next,
                                      Indices<Vectors * pixels>{});
      }
    };
    for (int b = blocks.begin; b < (std::min)(blocks.end, full); ++b)
      block(b, std::integral_constant<int, plan.block.vectors>{});
    if (blocks.end > full) block(full, std::integral_constant<int, plan.last>{});
    x += plan.position;
    products += plan.position;
  }
}

/// Column of a tile's products, transformed to the even or odd rows of output: t[row][column].
template <class V, WinogradGeometry g, int Parity, int... I>
STRATA_INLINE void transform_output_column(const typename V::value_type* products, V* t,
                                           std::integer_sequence<int, I...>) {
  constexpr int step = g.points() * WinogradPlan<V>(g).position;
  const V column[] = {simd::load<V>(products + I * step)...};
  Interpolation<g.tile>::template output<Parity>(column, t, g.points());
}

/// epilogue(bias + y) for pixels side by side.
template <class V, WinogradGeometry g, class Epilogue, int Width, int... I>
STRATA_INLINE void finish_pixels(V* y, V bias, typename V::value_type* out, const typename V::value_type* residual,
                                 std::integer_sequence<int, I...>) {
  if constexpr (has_residual<Epilogue>)
    ((y[I] = Epilogue::apply(y[I] + bias, read<V, Width>(residual + I * Epilogue::residual_pixel))), ...);
  else
    ((y[I] = Epilogue::apply(y[I] + bias)), ...);
  (write<V, Width>(out + I * g.out_pixel(), y[I]), ...);
}
/// `squares` gets those of the first and the last pixel: each product is part of one of them.
template <class V, WinogradGeometry g, class Epilogue, int Width>
STRATA_INLINE void transform_output_row(const V* t, V bias, typename V::value_type* out,
                                        const typename V::value_type* residual, V& squares) {
  simd::Array<V, g.tile> y;
  Interpolation<g.tile>::template output<0>(t, y, 2);
  Interpolation<g.tile>::template output<1>(t, y + 1, 2);
  squares = simd::fma(y[0], y[0], simd::fma(y[g.tile - 1], y[g.tile - 1], squares));
  finish_pixels<V, g, Epilogue, Width>(y, bias, out, residual, Indices<g.tile>{});
}
/// The even or the odd rows of output.
template <class V, WinogradGeometry g, class Epilogue, int Width, int Parity, int... I>
STRATA_INLINE void transform_output_rows(const typename V::value_type* products, V bias, typename V::value_type* out,
                                         const typename V::value_type* residual, V& squares,
                                         std::integer_sequence<int, I...> line) {
  constexpr int n = g.points(), step = WinogradPlan<V>(g).position;
  simd::Array<V, g.tile / 2 * n> t;
  (transform_output_column<V, g, Parity>(products + I * step, t + I, line), ...);
  transform_output_row<V, g, Epilogue, Width>(t, bias, out + Parity * g.out_row,
                                              residual_at<Epilogue>(residual, Parity, 0, 0), squares);
  if constexpr (g.tile == 4)
    transform_output_row<V, g, Epilogue, Width>(t + n, bias, out + (Parity + 2) * g.out_row,
                                                residual_at<Epilogue>(residual, Parity + 2, 0, 0), squares);
}
/// One tile and the vector of channels from `c` on.
template <class V, WinogradGeometry g, class Epilogue, int Width>
STRATA_INLINE void transform_output(const typename V::value_type* products, const typename V::value_type* bias, int c,
                                    typename V::value_type* out, const typename V::value_type* residual, V& squares) {
  const V b = bias != nullptr ? read<V, Width>(bias + c) : V(typename V::value_type(0));
  const auto* r = residual_at<Epilogue>(residual, 0, 0, c);
  constexpr Indices<g.points()> line;
  transform_output_rows<V, g, Epilogue, Width, 0>(products + c, b, out + c, r, squares, line);
  transform_output_rows<V, g, Epilogue, Width, 1>(products + c, b, out + c, r, squares, line);
}

/// The direct sums of the tile whose input begins at `x` and the channels [begin, end), whole vectors, by weights made
/// of the transformed ones.
template <class V, int Tile>
STRATA_NOINLINE void sum_directly(const WinogradGeometry& g, const typename V::value_type* x,
                                  const typename V::value_type* weights, int begin, int end,
                                  typename V::value_type* sums) {
  const WinogradPlan<V> plan(g);
  for (int out = begin; out < end; out += plan.lanes) {
    simd::Array<V, Tile * Tile> y;
    V w[9];
    fill(y, constant<V>(0), Indices<Tile * Tile>{});
    for (int in = 0; in < g.in_channels; ++in) {
      original_weights<V, Tile>(weights + plan.weight_index(g, 0, in, out), plan.weights_position, w,
                                Indices<Tile + 2>{});
      for (int pixel = 0; pixel < Tile * Tile; ++pixel)
        for (int tap = 0; tap < 9; ++tap) {
          const int row = pixel / Tile + tap / 3, column = pixel % Tile + tap % 3;
          y[pixel] = simd::fma(simd::broadcast<V>(x[row * g.row + column * g.in_pixel() + in]), w[tap], y[pixel]);
        }
    }
    for (int pixel = 0; pixel < Tile * Tile; ++pixel) simd::store(sums + pixel * plan.position + out, y[pixel]);
  }
}

/// The channels [begin, end) of one tile by direct sums, which take the place of its products.
template <class V, WinogradGeometry g, class Epilogue>
STRATA_NOINLINE void convolve_directly(const typename V::value_type* x, const typename V::value_type* weights,
                                       int begin, int end, typename V::value_type* sums,
                                       const typename V::value_type* bias, typename V::value_type* out,
                                       const typename V::value_type* residual) {
  constexpr int lanes = simd::lanes<V>, rest = g.out_channels % lanes;
  sum_directly<V, g.tile>(g, x, weights, begin, end, sums);
  for (int pixel = 0; pixel < g.tile * g.tile; ++pixel, sums += WinogradPlan<V>(g).position) {
    const int row = pixel / g.tile, column = pixel % g.tile;
    const auto finish = [&]<int Width>(int c) {
      V y = simd::load<V>(sums + c);
      finish_pixels<V, g, Epilogue, Width>(&y, bias != nullptr ? read<V, Width>(bias + c) : constant<V>(0),
                                           out + row * g.out_row + column * g.out_pixel() + c,
                                           residual_at<Epilogue>(residual, row, column, c), Indices<1>{});
    };
    int c = begin;
    for (; c + lanes <= end; c += lanes) finish.template operator()<lanes>(c);
    if constexpr (rest > 0)
      if (c < end) finish.template operator()<rest>(c);
  }
}

/// epilogue(bias + A^T products A) for `count` tiles from tile `first` on and some blocks of output channels. An input
/// that is not finite, or so large that squares overflow, spoils a whole tile: such a block is computed again, and the
/// input reaches the outputs that see it only.
template <class V, WinogradGeometry g, class Epilogue, class Blocks>
STRATA_NOINLINE void transform_outputs(typename V::value_type* products, std::size_t first, int count, Blocks blocks,
                                       const typename V::value_type* x, std::size_t x_step,
                                       const typename V::value_type* weights, const typename V::value_type* bias,
                                       typename V::value_type* out, std::size_t out_step,
                                       const typename V::value_type* residual, std::size_t residual_step) {
  constexpr WinogradPlan<V> plan(g);
  constexpr int lanes = simd::lanes<V>, rest = g.out_channels % lanes, width = plan.block.vectors * lanes;
  for (int tile = 0; tile < count; ++tile, products += plan.product_tile) {
    const TilePlace<g> place(first + static_cast<std::size_t>(tile));
    auto* y = out + place.image * out_step + place.y * g.out_row + place.x * g.out_pixel();
    const auto* r = residual_at<Epilogue>(residual, place.y, place.x, 0);
    if constexpr (has_residual<Epilogue>) r += place.image * residual_step;
    for (int block = blocks.begin; block < blocks.end; ++block) {
      const int begin = block * width, end = (std::min)(begin + width, g.out_channels);
      V squares = constant<V>(0);
      int c = begin;
      for (; c + lanes <= end; c += lanes) transform_output<V, g, Epilogue, lanes>(products, bias, c, y, r, squares);
      if constexpr (rest > 0)
        if (c < end) transform_output<V, g, Epilogue, rest>(products, bias, c, y, r, squares);
      if (is_spoilt(squares)) [[unlikely]]
        convolve_directly<V, g, Epilogue>(x + place.image * x_step + place.y * g.row + place.x * g.in_pixel(), weights,
                                          begin, end, products, bias, y, r);
    }
  }
}

}  // namespace detail

/// Convolves `batch` images, which begin `x_step`, `out_step` and `residual_step` elements apart: out = epilogue(bias +
/// x * weights). Tiles of all images share the weights. `bias` may be null; `out` must not overlap `residual`.
template <class V, WinogradGeometry g, class Epilogue, class Part = strata::detail::Whole>
void winograd_convolve(const typename V::value_type* x, const typename V::value_type* weights,
                       const typename V::value_type* bias, typename V::value_type* out,
                       const typename V::value_type* residual, typename V::value_type* scratch, std::size_t batch = 1,
                       std::size_t x_step = 0, std::size_t out_step = 0, std::size_t residual_step = 0,
                       Part part = {}) {
  static_assert(winograd_fits(g));
  constexpr WinogradPlan<V> plan(g);
  constexpr std::size_t least = static_cast<std::size_t>(plan.block.pixels);
  auto* transformed = scratch + plan.position;
  const std::size_t tiles = batch * static_cast<std::size_t>(g.tiles());
  const auto work = detail::winograd_work<V, g>(batch, part);
  if (work.blocks.begin == work.blocks.end) return;
  for (std::size_t tile = work.begin; tile < work.end; tile += plan.band) {
    const std::size_t first = (std::min)(tile, tiles - least);  // a whole register tile at least
    const int count = static_cast<int>(std::clamp<std::size_t>(work.end - first, least, plan.band));
    const int others = static_cast<int>(tile - first);
    detail::transform_inputs<V, g, plan.x_tile, plan.position>(x, x_step, first, count, transformed);
    detail::multiply_band<V, g>(transformed, weights, count, scratch, work.blocks);
    detail::transform_outputs<V, g, Epilogue>(scratch + others * plan.product_tile, tile,
                                              (std::min)(count - others, static_cast<int>(work.end - tile)),
                                              work.blocks, x, x_step, weights, bias, out, out_step, residual,
                                              residual_step);
  }
}

/// Transforms weights given by `weight(ky, kx, in, out)`, in double precision.
template <class V, WinogradGeometry g, class Weight>
void winograd_pack(Weight&& weight, typename V::value_type* packed) {
  using D = simd::Vector<std::common_type_t<double, typename V::value_type>>;
  constexpr WinogradPlan<V> plan(g);
  constexpr int lanes = simd::lanes<D>;
  for (int in = 0; in < g.in_channels; ++in)
    for (int out = 0; out < plan.vectors * plan.lanes; out += lanes) {
      simd::Array<double, 9 * lanes> values = {};
      for (int k = 0; k < 9; ++k)
        for (int i = 0; i < lanes && out + i < g.out_channels; ++i)
          values[k * lanes + i] = static_cast<double>(weight(k / 3, k % 3, in, out + i));
      D w[9];
        simd::Array<D, g.positions()> u;
      detail::read_block<D, lanes>(w, values, detail::Indices<9>{});
      detail::transform_weights<D, g.tile>(w, u, detail::Indices<g.points()>{});
      for (int position = 0; position < g.positions(); ++position) {
        simd::store(values, u[position]);
        for (int i = 0; i < lanes; ++i)
          packed[plan.weight_index(g, position, in, out + i)] = static_cast<typename V::value_type>(values[i]);
      }
    }
}

namespace detail {

/// The weights w, `Step` from tap to tap, transformed into place.
template <class V, WinogradGeometry g, int Width, int Step, int... Tap>
STRATA_INLINE void prepare_vector(const typename V::value_type* w, typename V::value_type* packed,
                                  std::integer_sequence<int, Tap...>) {
  constexpr int step = WinogradPlan<V>(g).weights_position;
  const V taps[] = {read<V, Width>(w + Tap * Step)...};
  simd::Array<V, g.positions()> u;
  transform_weights<V, g.tile>(taps, u, Indices<g.points()>{});
  write_positions<step>(u, packed, Indices<g.positions()>{});
}

/// One vector of output channels, of some input channels.
template <class V, WinogradGeometry g, int Width, class Tasks>
STRATA_NOINLINE void prepare_channels(const typename V::value_type* keras, bool turned, int out,
                                      typename V::value_type* packed, Tasks inputs) {
  constexpr WinogradPlan<V> plan(g);
  constexpr int tap = g.in_channels * g.out_channels, lanes = simd::lanes<V>, block = 16;
  constexpr Indices<9> taps;
  if (!turned) {
    for (int in = inputs.begin; in < inputs.end; ++in)
      prepare_vector<V, g, Width, tap>(keras + in * g.out_channels + out, packed + plan.weight_index(g, 0, in, out),
                                       taps);
    return;
  }
  simd::Array<typename V::value_type, 9 * block * lanes> columns;  // [tap][in][out] of a few input channels
  for (int first = inputs.begin; first < inputs.end; first += block) {
    const int count = (std::min)(block, inputs.end - first);
    for (int k = 0; k < 9; ++k)
      transpose(Width, count, keras + (8 - k) * tap + out * g.in_channels + first, g.in_channels,
                columns + k * block * lanes, lanes);
    for (int i = 0; i < count; ++i)
      prepare_vector<V, g, Width, block * lanes>(columns + i * lanes, packed + plan.weight_index(g, 0, first + i, out),
                                                 taps);
  }
}

}  // namespace detail

/// Transforms weights in Keras' layout (3, 3, in, out), fast enough for every step of training. `turned` is for the
/// gradient by the input: `keras` is (3, 3, g.out_channels, g.in_channels) then, and its kernel turned by 180 degrees.
template <class V, WinogradGeometry g, class Part = strata::detail::Whole>
void winograd_prepare(const typename V::value_type* keras, bool turned, typename V::value_type* packed,
                      Part part = {}) {
  for_each_channel_vector<V, g.out_channels>([&](int first, auto lanes) {
    constexpr int vectors = channel_vectors<V, g.out_channels>;
    detail::prepare_channels<V, g, lanes.count>(
        keras, turned, first, packed,
        part.template tasks<g.in_channels>(first / simd::lanes<V> * g.in_channels, vectors * g.in_channels));
  });
}

}  // namespace strata::kernels
