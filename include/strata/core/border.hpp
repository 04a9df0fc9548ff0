// Room around an image in memory: for the padding of convolutions, and for images that lie side by side in one.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/shape.hpp>

namespace strata {

/// Cells on each side of an image; in each of its pixels, the channels of other images before and after its own.
struct Border {
  int top = 0, left = 0, bottom = 0, right = 0;
  int front = 0, back = 0;

  constexpr bool covers(Border other) const {
    return top >= other.top && left >= other.left && bottom >= other.bottom && right >= other.right;
  }
  /// This one inside of another: a part of an image whose own border is `outer`.
  constexpr Border within(Border outer) const {
    return {top + outer.top, left + outer.left, bottom + outer.bottom, right + outer.right, front + outer.front,
            back + outer.back};
  }
  /// What is left to add where `inner` is there.
  constexpr Border beyond(Border inner) const {
    const auto rest = [](int wanted, int there) { return (std::max)(0, wanted - there); };
    return {rest(top, inner.top), rest(left, inner.left), rest(bottom, inner.bottom), rest(right, inner.right)};
  }
  /// An image among others: its channels are a slice of a wider one's.
  constexpr bool is_slice() const { return front + back > 0; }
  friend constexpr bool operator==(const Border&, const Border&) = default;
};

constexpr Border (max)(Border a, Border b) {
  return {(std::max)(a.top, b.top),     (std::max)(a.left, b.left),   (std::max)(a.bottom, b.bottom),
          (std::max)(a.right, b.right), (std::max)(a.front, b.front), (std::max)(a.back, b.back)};
}

/// Elements from one pixel of the image to the next.
constexpr int pixel_of(Shape shape, Border border) { return border.front + shape.channels() + border.back; }
/// Elements from one row of the image to the next.
constexpr int row_of(Shape shape, Border border) {
  return (border.left + shape.width() + border.right) * pixel_of(shape, border);
}
/// Elements of the image with its border.
constexpr std::size_t bordered_size(Shape shape, Border border) {
  if (border == Border{}) return shape.size();
  return static_cast<std::size_t>(border.top + shape.height() + border.bottom) *
         static_cast<std::size_t>(row_of(shape, border));
}
/// The image with its border, as one that has none.
constexpr Shape bordered(Shape shape, Border border) {
  const auto extent = [](long long before, int size, int after) { return size_or_too_many(before + size + after); };
  return {extent(border.top, shape.height(), border.bottom), extent(border.left, shape.width(), border.right),
          extent(border.front, shape.channels(), border.back)};
}
/// Elements before the image's first cell.
constexpr std::size_t border_offset(Shape shape, Border border) {
  return static_cast<std::size_t>(border.top * row_of(shape, border) + border.left * pixel_of(shape, border) +
                                  border.front);
}

}  // namespace strata
