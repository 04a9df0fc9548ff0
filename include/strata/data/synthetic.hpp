// Images to train on where no files are at hand: drawn, not loaded.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/random.hpp>
#include <strata/core/text.hpp>
#include <strata/data/dataset.hpp>

namespace strata {

namespace detail::synthetic {

// Everything is integer arithmetic, so that every compiler and machine draws the same bytes.
inline constexpr int side = 32;   // pixels
inline constexpr int pixel = 64;  // units of length in a pixel
inline constexpr int one = 1024;  // unit of cosines and sines
inline constexpr std::array class_names{"disc", "ring",    "square",    "triangle",     "cross",
                                        "rows", "columns", "diagonals", "checkerboard", "dots"};
enum Class { disc, ring, square, triangle, cross, rows, columns, diagonals, checkerboard, dots };

using Colour = std::array<int, 3>;
using Canvas = std::array<Colour, side * side>;

/// Numbers drawn one after another.
class Dice {
 public:
  explicit Dice(const Random& random) : random_(random) {}
  std::uint64_t bits() { return random_.bits(counter_++); }
  /// Uniform in {low, …, high}.
  int from(int low, int high) {
    return low + static_cast<int>(random_.below(counter_++, static_cast<std::uint64_t>(high - low + 1)));
  }
  Colour colour() { return {from(0, 255), from(0, 255), from(0, 255)}; }

 private:
  Random random_;
  std::uint64_t counter_ = 0;
};

/// A rotation by 2 atan(t / one), without calling a cosine.
struct Turn {
  int cosine, sine;  // in units of 1 / one

  explicit Turn(int t)
      : cosine((one * one - t * t) / ((one * one + t * t) / one)), sine(2 * t * one / ((one * one + t * t) / one)) {}
};

struct Figure {
  Class kind;
  Colour colour;
  int x, y;  // of the centre, units
  Turn turn;
  int radius;  // units; textures fill a disc
  int period;  // of a texture, units
  int phase;   // of a texture, units

  /// About how far (u, v) lies outside, in units; negative inside.
  int distance(int u, int v) const {
    const auto from_circle = [](int a, int b, int r) { return (a * a + b * b - r * r) / (2 * r); };
    const auto from_box = [](int a, int b, int half_width, int half_height) {
      return (std::max)(std::abs(a) - half_width, std::abs(b) - half_height);
    };
    // The offset of a from the middle of its period, and the distance from stripes half a period wide.
    const auto wrap = [this](int a) { return ((a + phase) % period + period) % period - period / 2; };
    const auto from_stripes = [&](int a) { return std::abs(wrap(a)) - period / 4; };
    const int patch = from_circle(u, v, radius);
    switch (kind) {
      case disc:
        return patch;
      case ring:
        return std::abs(from_circle(u, v, radius * 3 / 4)) - radius / 4;
      case square:
        return from_box(u, v, radius, radius);
      case triangle:
        return (std::max)(v - radius / 2, std::abs(u) * 7 / 8 - v / 2 - radius / 2);
      case cross:
        return (std::min)(from_box(u, v, radius, radius / 4), from_box(u, v, radius / 4, radius));
      case rows:
      case diagonals:
        return (std::max)(patch, from_stripes(v));
      case columns:
        return (std::max)(patch, from_stripes(u));
      case checkerboard: {
        const int a = from_stripes(u), b = from_stripes(v);
        return (std::max)(patch, (std::max)((std::min)(a, b), -(std::max)(a, b)));
      }
      case dots:
        return (std::max)(patch, from_circle(wrap(u), wrap(v), period / 3));
    }
    return 0;
  }

  /// Paints over the canvas, with soft edges one pixel wide.
  void draw(Canvas& canvas) const {
    const int reach = radius * 3 / 2 + pixel;
    const auto first = [&](int centre) { return std::clamp((centre - reach) / pixel, 0, side); };
    const auto last = [&](int centre) { return std::clamp((centre + reach) / pixel + 1, 0, side); };
    for (int row = first(y); row < last(y); ++row) {
      for (int column = first(x); column < last(x); ++column) {
        const int right = column * pixel + pixel / 2 - x, down = row * pixel + pixel / 2 - y;
        const int u = (right * turn.cosine + down * turn.sine) / one,
                  v = (down * turn.cosine - right * turn.sine) / one;
        const int cover = std::clamp(pixel / 2 - distance(u, v), 0, pixel);
        Colour& below = canvas[static_cast<std::size_t>(row * side + column)];
        for (std::size_t c = 0; c < 3; ++c) below[c] += (colour[c] - below[c]) * cover / pixel;
      }
    }
  }
};

/// The figure that an image of this class is about. Its colour stands out from `background` in every channel.
inline Figure subject(Class kind, const Colour& background, Dice& dice) {
  const bool texture = kind >= rows;
  const auto colour = [&](int below) { return below + dice.from(70, 110); };
  const auto turn = [&] {
    if (kind < rows) return dice.from(-one, one);
    if (kind == diagonals) return (dice.from(0, 1) == 0 ? 1 : -1) * dice.from(300, 550);
    return dice.from(-110, 110);  // up to 12 degrees
  };
  return {.kind = kind,
          .colour = {colour(background[0]), colour(background[1]), colour(background[2])},
          .x = dice.from(23 * pixel / 2, 41 * pixel / 2),
          .y = dice.from(23 * pixel / 2, 41 * pixel / 2),
          .turn = Turn(turn()),
          .radius = texture ? dice.from(10 * pixel, 20 * pixel) : dice.from(8 * pixel, 12 * pixel),
          .period = dice.from(4 * pixel, 8 * pixel),
          .phase = dice.from(0, 8 * pixel)};
}

/// A small shape anywhere, to lead astray.
inline Figure clutter(Dice& dice) {
  return {.kind = static_cast<Class>(dice.from(disc, cross)),
          .colour = dice.colour(),
          .x = dice.from(0, side * pixel),
          .y = dice.from(0, side * pixel),
          .turn = Turn(dice.from(-one, one)),
          .radius = dice.from(pixel * 3 / 2, 4 * pixel),
          .period = pixel,
          .phase = 0};
}

/// Writes side x side x 3 bytes.
inline void draw(Class kind, Dice dice, std::uint8_t* bytes) {
  const Colour background{dice.from(0, 150), dice.from(0, 150), dice.from(0, 150)};
  const Colour slope_right{dice.from(-3, 3), dice.from(-3, 3), dice.from(-3, 3)};
  const Colour slope_down{dice.from(-3, 3), dice.from(-3, 3), dice.from(-3, 3)};
  Canvas canvas;
  for (int i = 0; i < side * side; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      canvas[static_cast<std::size_t>(i)][c] =
          background[c] + slope_right[c] * (i % side - side / 2) + slope_down[c] * (i / side - side / 2);
  subject(kind, background, dice).draw(canvas);
  for (int count = dice.from(0, 2); count > 0; --count) clutter(dice).draw(canvas);
  const int noise = dice.from(2, 8);
  for (const Colour& colour : canvas) {
    std::uint64_t bits = dice.bits();
    for (int value : colour) {
      const int error = static_cast<int>(bits & 0xFFFF) * (2 * noise + 1) / 0x10000 - noise;
      *bytes++ = static_cast<std::uint8_t>(std::clamp(value + error, 0, 255));
      bits >>= 16;
    }
  }
}

}  // namespace detail::synthetic

/// `count` labelled images of shape (32, 32, 3) with inputs from 0 to 1: ten classes of shapes and textures in random
/// colours, places, sizes and rotations, with clutter and noise. Image i follows from the seed and i alone and has the
/// label i % 10, so `synthetic_images(n, seed)` is the beginning of every larger set; take another seed to test on.
/// A softmax of the pixels gets about 40 % right after 10 epochs of 8,000 images, two 3x3 convolutions of 32 filters
/// with BatchNorm and Sigmoid, a pooling and a Dense<10> about 80 % after 5 and rising (Adam, batches of 64). Throws
/// InvalidArgument where `count` is 0 or too large for memory.
inline Dataset synthetic_images(std::size_t count, Seed seed = {}) {
  using namespace detail::synthetic;
  constexpr std::size_t size = side * side * 3;
  if (count > (std::numeric_limits<std::ptrdiff_t>::max)() / size)
    detail::raise<InvalidArgument>(
        Text() << "synthetic_images: expected a number of images that memory can hold, received " << count
        << "; ask for 10000 or so");
  Samples samples{.shape = {side, side, 3}};
  samples.bytes.resize(count * size);
  samples.labels.resize(count);
  samples.class_names.assign(class_names.begin(), class_names.end());
  const Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    samples.labels[i] = static_cast<int>(i % class_names.size());
    draw(static_cast<Class>(samples.labels[i]), Dice(random.split(i)), samples.bytes.data() + i * size);
  }
  return Dataset(std::move(samples));
}

}  // namespace strata
