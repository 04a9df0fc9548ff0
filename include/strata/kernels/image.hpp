// Copies of an image with zeros around it or between its cells: how convolutions meet padding and strides.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/border.hpp>
#include <strata/core/inline.hpp>
#include <strata/core/part.hpp>
#include <strata/core/shape.hpp>

namespace strata::kernels {

/// An image of height x width cells of `channels` elements, laid into a larger one of zeros: cell (y, x) goes to
/// (top + y * spread_height, left + x * spread_width).
struct Placement {
  int height, width, channels;
  int out_height, out_width;
  int top = 0, left = 0;
  int spread_height = 1, spread_width = 1;
  int gap = 0;  ///< elements of other images between one pixel's and the next's, in the image

  constexpr std::size_t size() const {
    return static_cast<std::size_t>(out_height) * static_cast<std::size_t>(out_width) *
           static_cast<std::size_t>(channels);
  }
  /// Nothing to add: the image itself will do.
  constexpr bool trivial() const { return height == out_height && width == out_width; }

  friend constexpr bool operator==(const Placement&, const Placement&) = default;
};

/// Writes every cell of `out`, zeros included.
template <Placement p, class T>
STRATA_NOINLINE void place_image(const T* image, T* out) {
  constexpr int out_row = p.out_width * p.channels;
  constexpr int pixel = p.channels + p.gap, row = p.width * pixel;
  int done = 0;  // rows of `out` written
  for (int y = 0; y < p.height; ++y, image += row) {
    const int target = p.top + y * p.spread_height;
    T* line = std::fill_n(out + done * out_row, (target - done) * out_row, T(0));
    line = std::fill_n(line, p.left * p.channels, T(0));
    if constexpr (p.spread_width == 1 && p.gap == 0) {
      line = std::copy_n(image, row, line);
    } else {
      for (int x = 0; x < p.width; ++x) {
        line = std::copy_n(image + x * pixel, p.channels, line);
        if (x + 1 < p.width) line = std::fill_n(line, (p.spread_width - 1) * p.channels, T(0));
      }
    }
    std::fill(line, out + (target + 1) * out_row, T(0));
    done = target + 1;
  }
  std::fill(out + done * out_row, out + p.out_height * out_row, T(0));
}

/// The first cell of the image in a placed one.
template <Placement p, class T>
constexpr T* image_in(T* placed) {
  return placed + (p.top * p.out_width + p.left) * p.channels;
}

/// Zeros in the border of an image that is no slice of another; `image` is its first cell.
template <Shape shape, Border border, class T>
STRATA_NOINLINE void clear_border(T* image) {
  constexpr int row = row_of(shape, border);
  constexpr int width = shape.width() * pixel_of(shape, border), left = border.left * pixel_of(shape, border);
  T* const begin = image - border_offset(shape, border);
  std::fill_n(begin, border.top * row + left, T(0));
  for (int y = 0; y + 1 < shape.height(); ++y) std::fill_n(image + y * row + width, row - width, T(0));
  std::fill(image + (shape.height() - 1) * row + width, begin + bordered_size(shape, border), T(0));
}

/// Runs of pixels that are contiguous in several images of one shape with these borders: the whole batch where none has
/// a border, pixel by pixel where one is a slice, else row by row.
template <Shape shape, Border... borders>
struct ImageRuns {
  static constexpr bool whole = ((borders == Border{}) && ...);
  static constexpr bool sliced = (borders.is_slice() || ...);
  static constexpr std::size_t height = static_cast<std::size_t>(shape.height());
  static constexpr std::size_t row = sliced ? static_cast<std::size_t>(shape.width()) : 1;  ///< runs

  static constexpr std::size_t count(std::size_t batch) { return whole ? 1 : batch * height * row; }
  static constexpr std::size_t pixels(std::size_t batch) {
    return whole ? batch * shape.positions() : static_cast<std::size_t>(shape.width()) / row;
  }
  /// Elements from the first cell of the first image.
  template <Border border>
  static constexpr std::size_t offset(std::size_t run) {
    return run / row / height * bordered_size(shape, border) +
           run / row % height * static_cast<std::size_t>(row_of(shape, border)) +
           run % row * static_cast<std::size_t>(pixel_of(shape, border));
  }

  /// A run, or some pixels of it.
  struct Run {
    std::size_t index, first, pixels;

    template <Border border>
    constexpr std::size_t offset() const {
      return ImageRuns::offset<border>(index) + first * static_cast<std::size_t>(shape.channels());
    }
  };
  /// f(Run) for all. Threads share runs, or the pixels of a single one.
  template <class Part, class F>
  static STRATA_INLINE void each(std::size_t batch, Part part, F f) {
    const auto runs = whole ? strata::detail::Whole::share(1) : part.share(count(batch));
    const auto own = whole ? part.share(pixels(batch)) : strata::detail::Whole::share(pixels(batch));
    for (std::size_t run = runs.begin; run < runs.end; ++run) f(Run{run, own.begin, own.size()});
  }
};

}  // namespace strata::kernels
