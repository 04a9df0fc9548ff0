// The size of a tensor without its batch, in Keras' order: height, width, channels.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <limits>

namespace strata {

/// One tensor (a sample's values, or weights) has fewer elements than this; sizes that would be more end here.
inline constexpr int too_many = (std::numeric_limits<int>::max)();
constexpr int size_or_too_many(long long size) { return size < too_many ? static_cast<int>(size) : too_many; }

/// Up to five extents. An image is `Shape{height, width, channels}`, a feature vector `Shape{features}`,
/// a convolution kernel `Shape{kernel_height, kernel_width, in, out}`. Channels are always the last extent, the width
/// is the one before; all others together are the rows, so that what goes by position or channel knows images only.
struct Shape {
  static constexpr int max_rank = 5;

  std::array<int, max_rank> extents{};
  int rank = 0;

  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<int> list) {
    for (int extent : list) extents[static_cast<std::size_t>(rank++)] = extent;
  }

  constexpr int operator[](int axis) const { return extents[static_cast<std::size_t>(axis)]; }
  // Each case by itself: compilers leave loops and computed indices in inner loops.
  constexpr int height() const {
    return rank == 3 ? extents[0] : rank < 3 ? 1 : extents[0] * extents[1] * (rank == 5 ? extents[2] : 1);
  }
  constexpr int width() const {
    return rank == 3 ? extents[1] : rank == 2 ? extents[0] : rank == 4 ? extents[2] : rank == 5 ? extents[3] : 1;
  }
  constexpr int channels() const { return rank == 0 ? 0 : extents[static_cast<std::size_t>(rank - 1)]; }

  /// Number of elements of one sample.
  constexpr std::size_t size() const {
    if (rank == 0) return 0;
    std::size_t product = 1;
    const int* const data = extents.data();  // not operator[]: compilers count every call
    for (int axis = 0; axis < rank; ++axis) product *= static_cast<std::size_t>(data[axis]);
    return product;
  }
  constexpr bool has_too_many() const {
    long long product = 1;
    for (int axis = 0; axis < rank && product < too_many; ++axis) product *= extents[static_cast<std::size_t>(axis)];
    return product >= too_many;
  }
  /// Number of positions that share a channel: height x width of an image, 1 of a vector.
  constexpr std::size_t positions() const { return rank == 0 ? 0 : size() / static_cast<std::size_t>(channels()); }

  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

/// An image of as many axes as `like`: a sequence (length, channels) is one of a single row.
constexpr Shape image_like(Shape like, int height, int width, int channels) {
  return like.rank == 2 ? Shape{width, channels} : Shape{height, width, channels};
}

}  // namespace strata
