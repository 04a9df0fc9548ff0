// RandomTranslation: in training, moves each image down by a random share of its height and right by one of its width;
// nothing at inference. y[row, column] = x[row - h height, column - w width], between cells bilinear.
//
//     RandomTranslation<0.2, 0.1>                            up to a fifth up or down, a tenth left or right
//     RandomTranslation<Factor{0, 0.2}, 0>                   downwards only
//     RandomTranslation<0.2, 0.2, FillMode::constant>        zeros come in
//
// Default: FillMode::reflect. Keras: RandomTranslation (interpolation='bilinear', fill_value=0).
#pragma once

#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/random_transform.hpp>

namespace strata {

struct RandomTranslationConfig {
  static constexpr Schema schema{.spelling = "RandomTranslation<>", .keras = "RandomTranslation", .arguments = 2,
                                 .fixed = R"({"fill_value": 0.0, "interpolation": "bilinear"})"};
  Factor height_factor = 0;
  Factor width_factor = 0;
  FillMode fill_mode = FillMode::reflect;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("height_factor", c.height_factor...), f("width_factor", c.width_factor...), f("fill_mode", c.fill_mode...);
  }
};

template <Factor Height, Factor Width, auto... Given>
struct RandomTranslation : detail::RandomTransform<RandomTranslation<Height, Width, Given...>,
                                                   LayerOptions<Given...>::get(FillMode::reflect)> {
  static constexpr const char* class_name = RandomTranslationConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(RandomTranslationConfig{.height_factor = Height, .width_factor = Width});
  using base = detail::RandomTransform<RandomTranslation, LayerOptions<Given...>::get(FillMode::reflect)>;

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<RandomTranslationConfig>()) return problem;
    for (const Factor factor : {Height, Width})
      if (const Problem problem = detail::factor_problem("the factor of a RandomTranslation is not a range", factor))
        return problem;
    return base::check(in);
  }

  static detail::CellMap cell_map(Shape in, Random random, std::size_t sample) {
    return {.y = -Height.at(random.uniform(2 * sample)) * in.height(), .yy = 1, .yx = 0,
            .x = -Width.at(random.uniform(2 * sample + 1)) * in.width(), .xy = 0, .xx = 1};
  }
};

}  // namespace strata
