// SpatialDropout2D: drops whole channels of an image in training and scales the others by 1 / (1 - rate) (Tompson et
// al. 2015, arXiv 1411.4280); nothing at inference.
//
//     SpatialDropout2D<0.2>      the share of channels to drop
//
// Keras: SpatialDropout2D.
#pragma once

#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

struct SpatialDropout2DConfig {
  static constexpr Schema schema{.spelling = "SpatialDropout2D<>", .keras = "SpatialDropout2D", .arguments = 1};
  Number rate = -1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("rate", c.rate...);
  }
};

template <Number Rate>
struct SpatialDropout2D : Dropout<Rate> {
  static constexpr const char* class_name = SpatialDropout2DConfig::schema.keras;
  static constexpr SpatialDropout2DConfig config{.rate = Rate};

  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::image_problem("SpatialDropout2D needs an image", in)) return problem;
    return Dropout<Rate>::check(in);
  }

  template <class Call>
  static void forward_training(const Call& call) {
    drop(call, call.input, call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient != nullptr) drop(call, call.output_gradient, call.input_gradient);
  }

 private:
  template <class Call, class T>
  static void drop(const Call& call, const T* x, T* y) {
    constexpr std::size_t channels = static_cast<std::size_t>(Call::input_shape.channels());
    constexpr std::size_t positions = Call::input_shape.positions();
    constexpr T keep = static_cast<T>(1 / (1 - Rate));
    for (std::size_t n = 0; n < call.batch; ++n)
      for (std::size_t c = 0; c < channels; ++c) {
        const T factor = call.random.uniform((call.first + n) * channels + c) < Rate ? T(0) : keep;
        for (std::size_t p = 0; p < positions; ++p) {
          const std::size_t i = (n * positions + p) * channels + c;
          y[i] = factor * x[i];
        }
      }
  }
};

}  // namespace strata
