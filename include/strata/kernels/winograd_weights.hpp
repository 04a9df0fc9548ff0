// The gradient of a 3x3 convolution by its weights through Winograd's transformed domain: G^T (sum over tiles of
// (B^T x B) * (A dy A^T)) G. The sums of all images are added up there and transformed back once a step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/simd.hpp>
#include <strata/kernels/winograd.hpp>

namespace strata::kernels {

/// How the gradient is cut, and where numbers lie, in elements: input and gradient [position][tile][channels], sums
/// [position][in_channels][out_channels], all channels padded to whole vectors.
template <class V>
struct WinogradGradientPlan {
  static constexpr int lanes = simd::lanes<V>;
  static constexpr int cache = 640 << 10;  ///< bytes of a band, which stays in the second-level cache

  int x_tile, gradient_tile;  ///< from tile to tile
  int band;                   ///< tiles at a time
  int x_position, gradient_position, sums_position;  ///< from position to position

  constexpr explicit WinogradGradientPlan(const WinogradGeometry& g)
      : x_tile(WinogradPlan<V>(g).x_tile),
        gradient_tile(WinogradPlan<V>(g).product_tile),
        band(0),
        x_position(0),
        gradient_position(0),
        sums_position((g.in_channels * gradient_tile / lanes | 1) * lanes) {
    const int tile_bytes = g.positions() * (x_tile + gradient_tile) * static_cast<int>(sizeof(typename V::value_type));
    const int most = std::max(cache / tile_bytes, 8);
    const int bands = (g.tiles() + most - 1) / most;
    band = (g.tiles() + bands - 1) / bands;
    // Odd numbers of vectors keep positions out of each other's cache sets.
    x_position = (band * x_tile / lanes | 1) * lanes;
    gradient_position = (band * gradient_tile / lanes | 1) * lanes;
  }
};

/// Elements of the sums, which the caller sets to 0 at the beginning of a step.
template <class V>
constexpr std::size_t winograd_gradient_size(const WinogradGeometry& g) {
  return static_cast<std::size_t>(g.positions()) * static_cast<std::size_t>(WinogradGradientPlan<V>(g).sums_position);
}

/// Elements of scratch memory of `winograd_accumulate`.
template <class V>
constexpr std::size_t winograd_gradient_scratch_size(const WinogradGeometry& g) {
  const WinogradGradientPlan<V> plan(g);
  return static_cast<std::size_t>(g.positions()) *
             static_cast<std::size_t>(plan.x_position + plan.gradient_position) +
         static_cast<std::size_t>(g.tile * g.tile * plan.gradient_tile);
}

namespace detail {

/// Column of a tile's gradient times A: t[row][column].
template <class V, int Tile, int Width, int Columns, int... I>
STRATA_INLINE void transform_gradient_column(const typename V::value_type* gradient, int row, V* t,
                                             std::integer_sequence<int, I...>) {
  const V column[] = {read<V, Width>(gradient + I * row)...};
  V points[Columns];
  Interpolation<Tile>::gradient(column, points);
  for (int i = 0; i < Columns; ++i) t[i * Tile] = points[i];
}
/// A dy A^T of one tile and one vector of channels, `Step` from position to position.
template <class V, WinogradGeometry g, int Step, int Width, int... I>
STRATA_INLINE void transform_gradient(const typename V::value_type* gradient, int row, typename V::value_type* out,
                                      std::integer_sequence<int, I...> line) {
  constexpr int n = g.points();
  V t[n * g.tile], u[n];
  (transform_gradient_column<V, g.tile, Width, n>(gradient + I * g.out_channels, row, t + I, line), ...);
  for (int y = 0; y < n; ++y) {
    Interpolation<g.tile>::gradient(t + y * g.tile, u);
    write_strided<Step>(u, out + y * n * Step, Indices<n>{});
  }
}

/// `count` tiles from tile `first` on into the transformed domain. Pixels that an earlier tile has too count as 0.
template <class V, WinogradGeometry g>
STRATA_NOINLINE void transform_gradients(const typename V::value_type* gradient, int first, int count,
                                         typename V::value_type* out, typename V::value_type* masked) {
  constexpr WinogradGradientPlan<V> plan(g);
  constexpr int lanes = simd::lanes<V>, full = g.out_channels / lanes, rest = g.out_channels % lanes;
  constexpr Indices<g.tile> line;
  for (int tile = first; tile < first + count; ++tile, out += plan.gradient_tile) {
    const TilePlace<g> place(static_cast<std::size_t>(tile));
    const int above = tile / g.tile_columns() * g.tile - place.y, left = tile % g.tile_columns() * g.tile - place.x;
    const auto* dy = gradient + place.y * g.out_row + place.x * g.out_channels;
    int row = g.out_row;
    if (above + left > 0) {
      constexpr int masked_row = g.tile * g.out_channels;
      std::fill_n(masked, g.tile * masked_row, typename V::value_type(0));
      for (int y = above; y < g.tile; ++y)
        std::copy_n(dy + y * row + left * g.out_channels, (g.tile - left) * g.out_channels,
                    masked + y * masked_row + left * g.out_channels);
      dy = masked;
      row = masked_row;
    }
    for (int v = 0; v < full; ++v)
      transform_gradient<V, g, plan.gradient_position, lanes>(dy + v * lanes, row, out + v * lanes, line);
    if constexpr (rest > 0)
      transform_gradient<V, g, plan.gradient_position, rest>(dy + full * lanes, row, out + full * lanes, line);
  }
}

/// sums[position][in][out] += sum over `count` tiles of x[position][tile][in] * gradient[position][tile][out].
template <class V, WinogradGeometry g>
STRATA_NOINLINE void multiply_gradients(const typename V::value_type* x, const typename V::value_type* gradient,
                                        int count, typename V::value_type* sums) {
  constexpr WinogradGradientPlan<V> plan(g);
  constexpr int lanes = simd::lanes<V>, vectors = plan.gradient_tile / lanes;
  constexpr int block = vectors >= 2 ? 2 : 1, full = vectors / block;
  for (int position = 0; position < g.positions(); ++position) {
    for (int b = 0; b < full; ++b)
      outer_product_run<V, g.in_channels, block, lanes>(x, 0, plan.x_tile, gradient + b * block * lanes, 0,
                                                        plan.gradient_tile, 1, count, sums + b * block * lanes,
                                                        plan.gradient_tile);
    if constexpr (vectors % block > 0)
      outer_product_run<V, g.in_channels, 1, lanes>(x, 0, plan.x_tile, gradient + full * block * lanes, 0,
                                                    plan.gradient_tile, 1, count, sums + full * block * lanes,
                                                    plan.gradient_tile);
    x += plan.x_position;
    gradient += plan.gradient_position;
    sums += plan.sums_position;
  }
}

/// w += G^T u G for the vector of output channels from `out` on.
template <class V, WinogradGeometry g, int Width, int... I>
STRATA_INLINE void transform_sums(const typename V::value_type* sums, typename V::value_type* weights,
                                  std::integer_sequence<int, I...>) {
  constexpr int n = g.points(), position = WinogradGradientPlan<V>(g).sums_position;
  constexpr int tap = g.in_channels * g.out_channels;
  V t[3 * n];  // [x][position y]
  for (int y = 0; y < n; ++y) {
    const V line[] = {simd::load<V>(sums + (y * n + I) * position)...};
    Interpolation<g.tile>::weight_gradient(line, t + y, n);
  }
  for (int x = 0; x < 3; ++x) {
    V w[3];
    Interpolation<g.tile>::weight_gradient(t + x * n, w, 1);
    for (int y = 0; y < 3; ++y) {
      auto* p = weights + (y * 3 + x) * tap;
      write<V, Width>(p, read<V, Width>(p) + w[y]);
    }
  }
}

}  // namespace detail

/// Adds one image's part to `sums`. `gradient` is by the output, `g.out_row` elements from row to row.
template <class V, WinogradGeometry g>
void winograd_accumulate(const typename V::value_type* x, const typename V::value_type* gradient,
                         typename V::value_type* sums, typename V::value_type* scratch) {
  static_assert(winograd_fits(g));
  constexpr WinogradGradientPlan<V> plan(g);
  auto* gradients = scratch + g.positions() * plan.x_position;
  auto* masked = gradients + g.positions() * plan.gradient_position;
  for (int first = 0; first < g.tiles(); first += plan.band) {
    const int count = std::min(plan.band, g.tiles() - first);
    detail::transform_inputs<V, g, plan.x_tile, plan.x_position>(x, 0, static_cast<std::size_t>(first), count, scratch);
    detail::transform_gradients<V, g>(gradient, first, count, gradients, masked);
    detail::multiply_gradients<V, g>(scratch, gradients, count, sums);
  }
}

/// Adds what `sums` stand for to `weights` in Keras' layout (3, 3, in_channels, out_channels).
template <class V, WinogradGeometry g>
STRATA_NOINLINE void winograd_weight_gradient(const typename V::value_type* sums, typename V::value_type* weights) {
  constexpr WinogradGradientPlan<V> plan(g);
  constexpr int lanes = simd::lanes<V>, full = g.out_channels / lanes, rest = g.out_channels % lanes;
  constexpr detail::Indices<g.points()> line;
  for (int in = 0; in < g.in_channels; ++in, sums += plan.gradient_tile, weights += g.out_channels) {
    for (int v = 0; v < full; ++v)
      detail::transform_sums<V, g, lanes>(sums + v * lanes, weights + v * lanes, line);
    if constexpr (rest > 0) detail::transform_sums<V, g, rest>(sums + full * lanes, weights + full * lanes, line);
  }
}

}  // namespace strata::kernels
