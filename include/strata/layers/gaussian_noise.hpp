// GaussianNoise: adds normal noise in training, nothing at inference.
//
//     GaussianNoise<0.1>         the standard deviation
//
// Keras: GaussianNoise.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/flatten.hpp>

namespace strata {

struct GaussianNoiseConfig {
  static constexpr Schema schema{.spelling = "GaussianNoise<>", .keras = "GaussianNoise", .arguments = 1};
  Number stddev = -1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("stddev", c.stddev...);
  }
};

template <Number Deviation>
struct GaussianNoise : Flatten {  // at inference, and backward, a copy
  static constexpr const char* class_name = GaussianNoiseConfig::schema.keras;
  static constexpr GaussianNoiseConfig config{.stddev = Deviation};
  static constexpr Kind training_kind = Kind::other;

  static constexpr Problem check(Shape) {
    return detail::number_problem("the deviation of a GaussianNoise is negative", Deviation, 0, "0 or more",
                                  "give the standard deviation of the noise");
  }
  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Call>
  static void forward_training(const Call& call) {
    constexpr std::size_t size = Call::input_shape.size();
    for (std::size_t i = 0; i < call.batch * size; ++i)
      call.output[i] =
          static_cast<typename Call::Scalar>(call.input[i] + Deviation * call.random.normal(call.first * size + i));
  }
};

}  // namespace strata
