// Random changes to training images: where a batch is gathered, each image is placed anew.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/random.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/text.hpp>

namespace strata {

/// How an image is read: output(y, x) = image(y + down, (mirrored ? width - 1 - x : x) + right), 0 outside the image.
struct Placement {
  int down = 0;   ///< pixels
  int right = 0;  ///< pixels
  bool mirrored = false;

  friend constexpr bool operator==(const Placement&, const Placement&) = default;
};

/// Mirrors every second image left to right (Keras `RandomFlip("horizontal")`).
struct RandomFlip {
  constexpr void operator()(Placement& placement, const Random& random) const {
    placement.mirrored ^= random.below(0, 2) == 1;
  }
};

/// Pads with `padding` zero pixels on each side and crops to the original size at a random place: a shift by up to
/// `padding` pixels (He et al. 2015, "Deep residual learning", section 4.2).
struct RandomCrop {
  int padding = 4;

  void operator()(Placement& placement, const Random& random) const {
    if (padding < 0)
      detail::raise<InvalidArgument>(
          Text() << "RandomCrop: expected a padding of 0 or more pixels, received " << padding
          << "; use 4 for images of 32x32");
    const auto shift = [&](std::uint64_t counter) {
      const std::uint64_t choices = 2 * static_cast<std::uint64_t>(padding) + 1;
      return static_cast<int>(static_cast<std::int64_t>(random.below(counter, choices)) - padding);
    };
    placement.down += shift(0);
    placement.right += shift(1);
  }
};

/// Steps applied one after another: `Augmentation{RandomFlip{}, RandomCrop{.padding = 4}}`. A step is anything that can
/// be called with `(Placement&, const Random&)`; its `Random` is its own for that epoch and sample.
class Augmentation {
 public:
  template <class... Steps>
  requires(std::invocable<const Steps&, Placement&, const Random&>&&...) Augmentation(Steps... steps)
      : steps_{std::move(steps)...} {}

  bool empty() const { return steps_.empty(); }

  /// Where one sample goes; `random` is that sample's in that epoch.
  Placement draw(const Random& random) const {
    Placement placement;
    for (std::size_t i = 0; i < steps_.size(); ++i) steps_[i](placement, random.split(i));
    return placement;
  }

 private:
  std::vector<std::function<void(Placement&, const Random&)>> steps_;
};

namespace detail {

/// Writes the image (height, width, channels) read as `placement` says, each value divided by `divisor`. A sample that
/// is not an image keeps its place.
template <class T>
void place(const T* image, const Shape& shape, const Placement& placement, float divisor, float* output) {
  const auto convert = [divisor](T value) { return static_cast<float>(value) / divisor; };
  if (placement == Placement{}) {
    std::transform(image, image + shape.size(), output, convert);
    return;
  }
  const std::ptrdiff_t height = shape.height(), width = shape.width(), channels = shape.channels();
  const std::ptrdiff_t down = placement.down, right = placement.right;
  // The columns of the crop, before it is mirrored, that lie inside the image.
  const std::ptrdiff_t first = std::clamp<std::ptrdiff_t>(-right, 0, width);
  const std::ptrdiff_t last = std::clamp<std::ptrdiff_t>(width - right, 0, width);
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    float* row = output + y * width * channels;
    std::fill_n(row, width * channels, 0.0f);
    if (y + down < 0 || y + down >= height) continue;
    const T* source = image + ((y + down) * width + right) * channels;
    if (placement.mirrored) {
      for (std::ptrdiff_t x = first; x < last; ++x)
        std::transform(source + x * channels, source + (x + 1) * channels, row + (width - 1 - x) * channels, convert);
    } else {
      std::transform(source + first * channels, source + last * channels, row + first * channels, convert);
    }
  }
}

}  // namespace detail

}  // namespace strata
