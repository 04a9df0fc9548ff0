// What a convolution takes, direct or by Winograd, in vector multiply-adds: how the fastest is chosen.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/machine.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/kernels/winograd_lines.hpp>
#include <strata/kernels/winograd_plan.hpp>

namespace strata::kernels {

/// What happens around a convolution: `samples` images share what it does to its weights, which are where the network's
/// are, or further away if they do not fit there.
struct ConvTraffic {
  int samples = 1;
  strata::detail::Home home = strata::detail::Home::second_cache;
};

namespace detail {

/// Weights from beyond the second-level cache come slowly (28 GB/s, while a core does 5.6 multiply-adds a nanosecond):
/// once if they fit into it, otherwise `passes` times.
template <class V>
constexpr double weights_cost(std::size_t weights, int passes, ConvTraffic traffic) {
  using strata::detail::machine, strata::detail::Home;
  const std::size_t bytes = weights * sizeof(typename V::value_type);
  const Home home = (std::max)(traffic.home, machine.home_of(bytes));
  if (home == Home::second_cache) return 0;
  const double cost = home == Home::memory ? machine.memory_cost : machine.third_cache_cost;
  return cost * static_cast<double>(bytes) * (bytes > machine.second_cache ? passes : 1) / traffic.samples;
}

}  // namespace detail

/// Vector multiply-adds an image: register tiles at full speed, which may overlap.
template <class V>
constexpr double direct_cost(const ConvGeometry& g, ConvTraffic traffic = {}) {
  const ConvBlocks<V> blocks(g.out_channels);
  const detail::ConvTiles<V> tiles(g, blocks.size);
  const double pixels = static_cast<double>(g.out_height) * (tiles.across * tiles.patch.columns);
  return pixels * g.groups * g.taps() * blocks.vectors +
         detail::weights_cost<V>(packed_weights_size<V>(g), traffic.samples, traffic);
}

/// How many neighbours to join: where that saves a fifth, else 1. A tile stays in one row, so that a part of the work
/// can still be any rows, and all their channels are one block.
template <class V>
constexpr int fastest_join(const ConvGeometry& g) {
  int fastest = 1;
  if (g.groups > 1 || g.dilation_width > 1 || g.out_spread > 1 || g.largest_tile == 0) return fastest;
  double least = 0.8 * direct_cost<V>(g);
  for (int count = 2; count <= g.out_width && count * g.out_channels <= 2 * simd::lanes<V>; ++count) {
    const ConvGeometry joined = join_pixels(g, count);
    const detail::ConvTiles<V> tiles(joined, ConvBlocks<V>(joined.out_channels).size);
    if (g.out_width % count != 0 || tiles.patch.rows > 1) continue;
    const double cost = direct_cost<V>(joined);
    if (cost >= least) continue;
    fastest = count;
    least = cost;
  }
  return fastest;
}

/// Vector multiply-adds an image, fitted to 15 layers of 1 to 512 channels: register tiles reach 85 % of full speed and
/// take two steps to begin and end; to very few tiles the weights come too slowly. A transform is limited by the cache
/// or, where vectors are short, by its own arithmetic.
template <class V>
constexpr double winograd_cost(const WinogradGeometry& g, ConvTraffic traffic = {}) {
  const WinogradPlan<V> plan(g);
  const int blocks = (g.tiles() + plan.block.pixels - 1) / plan.block.pixels;
  const double bytes = static_cast<double>(sizeof(V));
  const double tiles = blocks * std::max<double>(plan.block.pixels, bytes / 16);
  const double products = 1.15 * (g.in_channels + 2) * plan.vectors * tiles;
  const double transform = g.tile == 4 ? (std::max)(bytes / 8, 4.0) : (std::max)(bytes / 12, 2.0);
  const double transforms = transform * g.tiles() * (plan.x_tile + plan.product_tile) / plan.lanes;
  const int sweeps = (traffic.samples * g.tiles() + plan.band - 1) / plan.band;
  return g.positions() * (products + transforms) +
         detail::weights_cost<V>(winograd_weights_size<V>(g), sweeps, traffic);
}

/// The same of Winograd's convolution along rows, fitted to 14 layers of 1 to 7 channels. All channels share what is
/// done to the input.
template <class V>
constexpr double lines_cost(const ConvGeometry& g) {
  const LinesPlan<V> plan(g);
  const int tiles = (plan.tiles + plan.pixels - 1) / plan.pixels * plan.pixels;
  const double products = plan.positions * g.kernel_height * g.in_channels + 10 + sizeof(V) / 8.0;
  return 1.0 * g.out_height * tiles * (products * plan.blocks.vectors + 24.0 / plan.together);
}

/// Whether that is to be thought of: of few channels, where both axes are not.
constexpr bool lines_possible(const ConvGeometry& g) { return g.in_channels < 8 && lines_fit(g); }

/// Whether it is the fastest way: where it saves a tenth of the direct sums, whose neighbours may be joined. Short
/// vectors have no instruction for a part of a vector, which nearly each one that it reads is.
template <class V>
constexpr bool lines_are_fastest(const ConvGeometry& g, int joined) {
  if (!lines_possible(g) || simd::lanes<V> < 8) return false;
  return lines_cost<V>(g) < 0.9 * direct_cost<V>(join_pixels(g, joined));
}

/// Whether Winograd's convolution is to be thought of. Of images there is little to gain at best.
constexpr bool winograd_possible(const ConvGeometry& g, int tile) {
  return g.kernel_height == 3 && g.kernel_width == 3 && g.stride_height == 1 && g.stride_width == 1 &&
         g.dilation_height == 1 && g.dilation_width == 1 && g.groups == 1 && g.in_channels >= 8 &&
         tile <= g.largest_tile && winograd_fits(winograd_geometry(g, tile));
}

/// The tile of the fastest convolution: 4, 2, or 0 for the direct one.
template <class V>
constexpr int fastest_winograd_tile(const ConvGeometry& g, ConvTraffic traffic = {}) {
  int fastest = 0;
  double least = direct_cost<V>(g, traffic);
  for (const int tile : {2, 4}) {
    const WinogradGeometry w = winograd_geometry(g, tile);
    if (!winograd_possible(g, tile) || winograd_cost<V>(w, traffic) >= least) continue;
    fastest = tile;
    least = winograd_cost<V>(w, traffic);
  }
  return fastest;
}

}  // namespace strata::kernels
