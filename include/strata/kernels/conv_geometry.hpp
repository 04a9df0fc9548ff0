// The geometry of a direct convolution on NHWC images, and its register tile.
#pragma once

namespace strata::kernels {

/// Sizes in cells, steps in elements. The input already has its padding around it: window (y, x) begins at
/// y * stride_height * row + x * stride_width * pixel.
struct ConvGeometry {
  int out_height, out_width;
  int kernel_height, kernel_width;
  int stride_height, stride_width;
  int dilation_height, dilation_width;
  int groups;
  int in_channels, out_channels;  ///< of one group
  int row;                        ///< input elements from one row to the next
  int out_row;                    ///< output elements likewise: out_width * out_step(), or more inside a border
  int out_spread = 1;             ///< only every so manyth pixel of the output's rows is written
  int in_gap = 0, out_gap = 0;    ///< elements of other images between one pixel's and the next's
  int largest_tile = 4;           ///< of Winograd's convolution, where that is faster; 0: direct sums only
  int joined = 1;                 ///< neighbours that are computed as one pixel: see join_pixels
  int out_columns = 0;            ///< pixels in a row of output and residual, where out_width counts those of all rows

  constexpr int in_pixel() const { return in_channels * groups + in_gap; }
  constexpr int out_pixel() const { return out_channels * groups; }  ///< without the gap
  constexpr int out_step() const { return (out_pixel() + joined * out_gap) * out_spread; }
  constexpr int taps() const { return kernel_height * kernel_width * in_channels; }

  friend constexpr bool operator==(const ConvGeometry&, const ConvGeometry&) = default;
};

/// The same convolution with `count` neighbours as one pixel of so many times the channels, which fill vectors that a
/// pixel's few channels would not. Its kernel covers the windows of all; outside of a neighbour's own its weights are
/// zeros.
constexpr ConvGeometry join_pixels(ConvGeometry g, int count) {
  g.out_width /= count;
  g.out_channels *= count;
  g.kernel_width += (count - 1) * g.stride_width;
  g.stride_width *= count;
  g.joined = count;
  return g;
}

/// The same with all pixels in one row, which tiles fill better, if they need no rows: pointwise, of an input without a
/// border. `apart`: what an epilogue adds has rows of its own, as the output may have.
constexpr ConvGeometry join_rows(ConvGeometry g, bool apart = false) {
  const bool pointwise = g.kernel_height * g.kernel_width == 1 && g.stride_height * g.stride_width == 1;
  if (!pointwise || g.row != g.out_width * g.in_pixel()) return g;
  if (apart || g.out_row != g.out_width * g.out_step()) g.out_columns = g.out_width;
  else g.out_row *= g.out_height;
  g.row *= g.out_height;
  g.out_width *= g.out_height;
  g.out_height = 1;
  return g;
}

/// A register tile: `vectors` of output channels times `pixels`.
struct ConvTile {
  int vectors, pixels;
};

/// Two accumulators per FMA port and cycle of latency are needed, and fewer loads than FMAs. Measured shares of the FMA
/// peak: AVX-512 2x8 93 to 99 %, 1x16 92 %; AVX2 2x6 97 to 99 %, where 4x3, whose weights leave no register free, has
/// 85 % and, with weights beyond the first-level cache, 70 %.
constexpr ConvTile conv_tile(int channel_vectors, int registers, int lanes) {
  if (registers >= 32 && lanes >= 8) return channel_vectors >= 2 ? ConvTile{2, 8} : ConvTile{1, 16};
  if (registers >= 32 && channel_vectors >= 4) return {4, 6};
  if (registers >= 32) return channel_vectors >= 2 ? ConvTile{2, 8} : ConvTile{1, 16};
  return channel_vectors >= 2 ? ConvTile{2, 6} : ConvTile{1, 8};
}

/// Into how many equal tiles of at most `most` pixels a row of `size` is cut; the last may overlap the one before. A
/// few more tiles are better than wide ones that overlap much: one tile more is taken for a pixel's work.
constexpr int equal_tiles(int size, int most) {
  const auto cost = [&](int tiles) { return tiles * ((size + tiles - 1) / tiles + 1); };
  const int fewest = (size + most - 1) / most;
  int best = fewest;
  for (int more = fewest + 1; 4 * more <= 5 * fewest; ++more)
    if (cost(more) < cost(best)) best = more;
  return best;
}

namespace detail {

/// `rows` x `columns` output pixels.
struct Patch {
  int rows, columns;

  constexpr int count() const { return rows * columns; }
  /// Where a pixel is in an image, from the first one, in elements.
  constexpr int offset(int pixel, int row, int column) const {
    return pixel / columns * row + pixel % columns * column;
  }
};

}  // namespace detail

}  // namespace strata::kernels
