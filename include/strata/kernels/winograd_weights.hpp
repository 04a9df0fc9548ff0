// The gradient of a 3x3 convolution by its weights through Winograd's transformed domain: G^T (sum over tiles of
// (B^T x B) * (A dy A^T)) G. The sums of all images are added up there and transformed back once a step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/vector.hpp>
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
    band = std::clamp(cache / tile_bytes, 8, 8 * g.tiles());
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
         static_cast<std::size_t>(g.tile * g.tile * g.out_channels);
}

namespace detail {

/// A dy A^T for `count` tiles from tile `first` on. Pixels that an earlier tile has as well count as 0.
template <class V, WinogradGeometry g>
STRATA_NOINLINE void transform_gradients(const typename V::value_type* gradient, std::size_t gradient_step,
                                         std::size_t first, int count, typename V::value_type* out,
                                         typename V::value_type* masked) {
  constexpr WinogradGradientPlan<V> plan(g);
  constexpr int row = g.tile * g.out_channels;  // of the masked tile
  constexpr TransformSteps steps{g.out_row, g.out_channels, plan.gradient_position};
  constexpr TransformSteps masked_steps{row, g.out_channels, plan.gradient_position};
  for (int tile = 0; tile < count; ++tile, out += plan.gradient_tile) {
    const TilePlace<g> place(first + static_cast<std::size_t>(tile));
    const auto* const dy = gradient + place.image * gradient_step + place.y * g.out_row + place.x * g.out_channels;
    if (place.above + place.left > 0) {
      for (int y = 0; y < g.tile; ++y) {
        const int skipped = (y < place.above ? g.tile : place.left) * g.out_channels;
        std::fill_n(masked + y * row, skipped, typename V::value_type(0));
        std::copy(dy + y * g.out_row + skipped, dy + y * g.out_row + row, masked + y * row + skipped);
      }
      transform_tile<V, GradientLine<g.tile>, masked_steps, g.out_channels>(masked, out);
    } else {
      transform_tile<V, GradientLine<g.tile>, steps, g.out_channels>(dy, out);
    }
  }
}

/// sums[position][in][out] += sum over `count` tiles of x[position][tile][in] * gradient[position][tile][out].
template <class V, WinogradGeometry g, class Part>
STRATA_NOINLINE void multiply_gradients(const typename V::value_type* x, const typename V::value_type* gradient,
                                        int count, typename V::value_type* sums, Part part) {
  constexpr WinogradGradientPlan<V> plan(g);
  constexpr TapRuns channels{g.in_channels, 0};
  constexpr int products = OuterBlocks(plan.gradient_tile, simd::lanes<V>).tiles(channels, 1);
  const OuterPixels tiles{1, 1, static_cast<std::size_t>(count), 0, 0, 0, plan.x_tile, 0, plan.gradient_tile};
  for (int position = 0; position < g.positions(); ++position)
    outer_product_blocks<V, channels, 1, plan.gradient_tile, plan.gradient_tile>(
        x + position * plan.x_position, gradient + position * plan.gradient_position, tiles,
        sums + position * plan.sums_position, part, position * products, g.positions() * products);
}

/// w += G^T u G for the vector of output channels from `out` on.
template <class V, WinogradGeometry g, int Width, int... I>
STRATA_INLINE void transform_sums(const typename V::value_type* sums, typename V::value_type* weights,
                                  std::integer_sequence<int, I...>) {
  constexpr int n = g.points(), position = WinogradGradientPlan<V>(g).sums_position;
  constexpr int tap = g.in_channels * g.out_channels;
  simd::Array<V, 3 * n> t;  // [x][position y]
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

/// Adds the part of `batch` images, which begin `x_step` and `gradient_step` elements apart, to `sums`. `gradient` is
/// by the output and lies like it. The more tiles there are, the less often the sums pass through memory. Threads share
/// the sums; each transforms all tiles.
template <class V, WinogradGeometry g, class Part = strata::detail::Whole>
void winograd_accumulate(const typename V::value_type* x, const typename V::value_type* gradient,
                         typename V::value_type* sums, typename V::value_type* scratch, std::size_t batch = 1,
                         std::size_t x_step = 0, std::size_t gradient_step = 0, Part part = {}) {
  static_assert(winograd_fits(g));
  constexpr WinogradGradientPlan<V> plan(g);
  auto* gradients = scratch + g.positions() * plan.x_position;
  auto* masked = gradients + g.positions() * plan.gradient_position;
  const std::size_t tiles = batch * static_cast<std::size_t>(g.tiles());
  for (std::size_t first = 0; first < tiles; first += plan.band) {
    const int count = static_cast<int>(std::min<std::size_t>(tiles - first, plan.band));
    detail::transform_inputs<V, g, plan.x_tile, plan.x_position>(x, x_step, first, count, scratch);
    detail::transform_gradients<V, g>(gradient, gradient_step, first, count, gradients, masked);
    detail::multiply_gradients<V, g>(scratch, gradients, count, sums, part);
  }
}

/// Adds what `sums` stand for to `weights` in Keras' layout (3, 3, in_channels, out_channels).
template <class V, WinogradGeometry g, class Part = strata::detail::Whole>
STRATA_NOINLINE void winograd_weight_gradient(const typename V::value_type* sums, typename V::value_type* weights,
                                              Part part = {}) {
  constexpr WinogradGradientPlan<V> plan(g);
  constexpr int lanes = simd::lanes<V>, full = g.out_channels / lanes, rest = g.out_channels % lanes;
  constexpr detail::Indices<g.points()> line;
  const auto inputs = part.template tasks<g.in_channels>();
  for (int in = inputs.begin; in < inputs.end; ++in) {
    const auto* const s = sums + in * plan.gradient_tile;
    auto* const w = weights + in * g.out_channels;
    for (int v = 0; v < full; ++v) detail::transform_sums<V, g, lanes>(s + v * lanes, w + v * lanes, line);
    if constexpr (rest > 0) detail::transform_sums<V, g, rest>(s + full * lanes, w + full * lanes, line);
  }
}

}  // namespace strata::kernels
