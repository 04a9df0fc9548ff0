// How Winograd's convolution is cut: sizes, where numbers lie in the transformed domain, and what each thread does.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/part.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

/// Sizes in cells, steps in elements. The input has its padding around it: output pixel (y, x) is made of the input
/// cells (y .. y + 2, x .. x + 2).
struct WinogradGeometry {
  int tile;  ///< m: 2 or 4
  int out_height, out_width;
  int in_channels, out_channels;
  int row;      ///< input elements from one row to the next
  int out_row;  ///< output elements from one row to the next
  int in_gap = 0, out_gap = 0;  ///< elements of other images between one pixel's and the next's

  constexpr int in_pixel() const { return in_channels + in_gap; }
  constexpr int out_pixel() const { return out_channels + out_gap; }
  constexpr int points() const { return tile + 2; }
  constexpr int positions() const { return points() * points(); }
  constexpr int tile_columns() const { return (out_width + tile - 1) / tile; }
  constexpr int tile_rows() const { return (out_height + tile - 1) / tile; }
  constexpr int tiles() const { return tile_rows() * tile_columns(); }

  friend constexpr bool operator==(const WinogradGeometry&, const WinogradGeometry&) = default;
};

/// A 3x3 convolution of stride 1 in Winograd's terms.
constexpr WinogradGeometry winograd_geometry(const ConvGeometry& g, int tile) {
  return {.tile = tile,
          .out_height = g.out_height,
          .out_width = g.out_width,
          .in_channels = g.in_channels,
          .out_channels = g.out_channels,
          .row = g.row,
          .out_row = g.out_row,
          .in_gap = g.in_gap,
          .out_gap = g.out_gap};
}

/// True where a tile is no larger than the image.
constexpr bool winograd_fits(const WinogradGeometry& g) { return g.out_height >= g.tile && g.out_width >= g.tile; }

/// How the work is cut, and where numbers lie in the transformed domain, in elements: input
/// [position][tile][in_channels], weights [position][block][in_channels][block channels], products
/// [position][tile][out_channels]. Channels are padded to whole vectors. A position's products take the place of the
/// input of the position before, so that a band of both stays in the first-level cache.
template <class V>
struct WinogradPlan {
  static constexpr int lanes = simd::lanes<V>;
  static constexpr int cache = 512 << 10;  ///< bytes of weights, half of a band's, that stay in the second-level cache

  int vectors;               ///< of output channels
  ConvTile block;            ///< register tile: vectors of output channels times tiles
  int last;                  ///< vectors of the last block of output channels
  int band;                  ///< tiles at a time
  int x_tile, product_tile;  ///< from tile to tile
  int position;              ///< from position to position, input and products
  int weights_position;      ///< from position to position, weights

  constexpr explicit WinogradPlan(const WinogradGeometry& g)
      : vectors((g.out_channels + lanes - 1) / lanes),
        block(conv_tile(vectors, simd::register_count, lanes)),
        last(0),
        band(0),
        x_tile((g.in_channels + lanes - 1) / lanes * lanes),
        product_tile(vectors * lanes),
        position(0),
        weights_position(odd_lines(g.in_channels * product_tile)) {
    constexpr int element = static_cast<int>(sizeof(typename V::value_type));
    const int tiles = g.tiles();
    if (simd::register_count >= 32 && tiles < 6 && vectors >= 8) block = {4, tiles};
    if (simd::register_count < 32 && tiles == 4 && vectors >= 3) block = {3, 4};
    const int blocks = equal_tiles(tiles, block.pixels);
    block.pixels = (tiles + blocks - 1) / blocks;
    last = (vectors - 1) % block.vectors + 1;
    band = block.pixels;
    const int channels = (std::max)(x_tile, product_tile);
    band *= tiles_at_once(1LL * element * weights(g), element * g.positions() * band * channels, blocks);
    position = odd_lines(band * channels);
  }

  /// How many of an image's `blocks` register tiles make a band, where one takes so many bytes and so do the weights.
  /// Weights that do not stay in the second-level cache are read once a band: as large a one as stays there is best, of
  /// eight images at most; or a larger one, from beyond that cache, where its transformed numbers, which are written
  /// and read twice, are fewer than the weights that it saves.
  static constexpr int tiles_at_once(long long weights, int tile_bytes, int blocks) {
    if (weights <= cache) return 1;
    const auto readings = [&](int tiles) { return weights * ((blocks + tiles - 1) / tiles); };
    const int cached = std::clamp(2 * cache / tile_bytes, 1, 8 * blocks);
    const int larger = std::clamp(16 * cache / tile_bytes, 1, blocks);
    return readings(larger) + 4LL * tile_bytes * blocks < readings(cached) ? (std::max)(cached, larger) : cached;
  }

  /// An odd number of vectors keeps positions out of each other's cache sets.
  static constexpr int odd_lines(int elements) { return (elements / lanes | 1) * lanes; }
  constexpr int weights(const WinogradGeometry& g) const { return g.positions() * weights_position; }
  constexpr int full_blocks() const { return (vectors - last) / block.vectors; }
  constexpr int blocks() const { return full_blocks() + 1; }
  /// Where the weight (position `at`, in, out) is.
  constexpr int weight_index(const WinogradGeometry& g, int at, int in, int out) const {
    const int width = block.vectors * lanes, first = out / width;
    return at * weights_position + first * width * g.in_channels +
           in * (first < full_blocks() ? width : last * lanes) + out % width;
  }
};

/// Elements of transformed weights.
template <class V>
constexpr std::size_t winograd_weights_size(const WinogradGeometry& g) {
  return static_cast<std::size_t>(WinogradPlan<V>(g).weights(g));
}

/// Elements of scratch memory, for any batch.
template <class V>
constexpr std::size_t winograd_scratch_size(const WinogradGeometry& g) {
  return static_cast<std::size_t>(g.positions() + 1) * static_cast<std::size_t>(WinogradPlan<V>(g).position);
}

namespace detail {

/// What a thread does: tiles, and blocks of output channels.
template <class Blocks>
struct WinogradWork {
  std::size_t begin, end;
  Blocks blocks;
};

template <class V, WinogradGeometry g>
constexpr auto winograd_work(std::size_t batch, strata::detail::Whole part) {
  const auto blocks = part.tasks<WinogradPlan<V>(g).blocks()>();
  return WinogradWork<decltype(blocks)>{0, batch * static_cast<std::size_t>(g.tiles()), blocks};
}
/// Threads share rows of tiles, of which the last two of an image may overlap, or blocks, whichever is fairer, or moves
/// less: with blocks each thread transforms the whole input, which it writes and reads, with rows it reads all weights.
template <class V, WinogradGeometry g>
constexpr auto winograd_work(std::size_t batch, strata::detail::Part part) {
  constexpr int blocks = WinogradPlan<V>(g).blocks();
  constexpr std::size_t tiles = g.tiles(), columns = g.tile_columns();
  constexpr std::size_t rows = (std::max)(1, g.out_height % g.tile == 0 ? g.tile_rows() : g.tile_rows() - 1);
  constexpr std::size_t transformed = std::size_t{g.positions()} * tiles * std::size_t{g.in_channels};
  const std::size_t all_rows = batch * rows, threads = static_cast<std::size_t>(part.of);
  const bool heavy = winograd_weights_size<V>(g) > 2 * batch * transformed;
  const auto most = [&](std::size_t tasks) { return (tasks + threads - 1) / threads; };
  const std::size_t by_blocks = most(std::size_t{blocks}) * all_rows, by_rows = most(all_rows) * std::size_t{blocks};
  WinogradWork<strata::detail::Part::Tasks> work{0, batch * tiles, {0, blocks}};
  if (by_blocks < by_rows || (heavy && by_blocks == by_rows)) {
    work.blocks = part.tasks<blocks>();
  } else {
    const strata::detail::Share own = part.share(all_rows);
    const auto first_tile = [](std::size_t row) { return row / rows * tiles + row % rows * columns; };
    work.begin = first_tile(own.begin);
    work.end = own.size() == 0 ? work.begin : first_tile(own.end);
  }
  return work;
}

}  // namespace detail
}  // namespace strata::kernels
