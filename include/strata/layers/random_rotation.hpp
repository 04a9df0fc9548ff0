// RandomRotation: in training, turns each image about its middle by a random angle; nothing at inference.
// y[p] is x at p turned by the angle, between cells bilinear.
//
//     RandomRotation<0.1>                          from -0.1 to 0.1 of a full turn; positive is counter-clockwise
//     RandomRotation<Factor{0, 0.25}>              up to a quarter turn, counter-clockwise only
//     RandomRotation<0.1, FillMode::nearest>       the image's edge goes on beyond it
//
// Default: FillMode::reflect. Keras: RandomRotation (interpolation='bilinear', fill_value=0).
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/random_transform.hpp>

namespace strata {

struct RandomRotationConfig {
  static constexpr Schema schema{.spelling = "RandomRotation<>", .keras = "RandomRotation", .arguments = 1,
                                 .fixed = R"({"fill_value": 0.0, "interpolation": "bilinear"})"};
  Factor factor = 0;
  FillMode fill_mode = FillMode::reflect;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("factor", c.factor...), f("fill_mode", c.fill_mode...);
  }
};

template <Factor Turns, auto... Given>
struct RandomRotation : detail::RandomTransform<RandomRotation<Turns, Given...>,
                                                LayerOptions<Given...>::get(FillMode::reflect)> {
  static constexpr const char* class_name = RandomRotationConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(RandomRotationConfig{.factor = Turns});
  using base = detail::RandomTransform<RandomRotation, LayerOptions<Given...>::get(FillMode::reflect)>;

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<RandomRotationConfig>()) return problem;
    if (const Problem problem = detail::factor_problem("the factor of a RandomRotation is not a range", Turns))
      return problem;
    return base::check(in);
  }

  /// The middle stays where it is.
  static detail::CellMap cell_map(Shape in, Random random, std::size_t sample) {
    const double angle = 2 * std::numbers::pi * Turns.at(random.uniform(sample));
    const double cosine = std::cos(angle), sine = std::sin(angle);
    const double row = (in.height() - 1) / 2.0, column = (in.width() - 1) / 2.0;
    return {.y = row - cosine * row - sine * column, .yy = cosine, .yx = sine,
            .x = column + sine * row - cosine * column, .xy = -sine, .xx = cosine};
  }
};

}  // namespace strata
