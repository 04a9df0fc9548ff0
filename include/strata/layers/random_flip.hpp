// RandomFlipLayer: in training, mirrors each image with probability 1/2 for each direction; nothing at inference.
//
//     RandomFlipLayer<>               left and right, and top and bottom
//     RandomFlipLayer<Horizontal>     left and right only; Vertical: top and bottom
//
// Default: both directions. Keras: RandomFlip; that name is here the step of an Augmentation (data/augmentation.hpp).
#pragma once

#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/layers/random_transform.hpp>

namespace strata {

/// Keras `mode`.
enum class FlipMode { horizontal, vertical, horizontal_and_vertical };
/// Keras `mode='horizontal'`: left and right.
inline constexpr FlipMode Horizontal = FlipMode::horizontal;
/// Keras `mode='vertical'`: top and bottom.
inline constexpr FlipMode Vertical = FlipMode::vertical;
constexpr auto choices(FlipMode) {
  return Choices<3>{"Horizontal or Vertical",
                    {"Horizontal", "Vertical", "FlipMode::horizontal_and_vertical"},
                    {"horizontal", "vertical", "horizontal_and_vertical"}};
}

struct RandomFlipConfig {
  static constexpr Schema schema{.spelling = "RandomFlipLayer<>", .keras = "RandomFlip", .arguments = 1};
  FlipMode mode = FlipMode::horizontal_and_vertical;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("mode", c.mode...);
  }
};

template <FlipMode Mode = FlipMode::horizontal_and_vertical>
struct RandomFlipLayer : detail::RandomTransform<RandomFlipLayer<Mode>> {
  static constexpr const char* class_name = RandomFlipConfig::schema.keras;
  static constexpr RandomFlipConfig config{.mode = Mode};

  static detail::CellMap cell_map(Shape in, Random random, std::size_t sample) {
    detail::CellMap map{.y = 0, .yy = 1, .yx = 0, .x = 0, .xy = 0, .xx = 1};
    if (Mode != FlipMode::horizontal && random.uniform(2 * sample) < 0.5) map.y = in.height() - 1, map.yy = -1;
    if (Mode != FlipMode::vertical && random.uniform(2 * sample + 1) < 0.5) map.x = in.width() - 1, map.xx = -1;
    return map;
  }
};

}  // namespace strata
