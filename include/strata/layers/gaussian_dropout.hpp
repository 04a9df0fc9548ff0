// GaussianDropout: in training, times normal noise of mean 1 and variance Rate / (1 - Rate) (Srivastava et al. 2014);
// nothing at inference.
//
//     GaussianDropout<0.5>
//
// Keras: GaussianDropout.
#pragma once

#include <cmath>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/layers/dropout.hpp>

namespace strata {

struct GaussianDropoutConfig {
  static constexpr Schema schema{.spelling = "GaussianDropout<>", .keras = "GaussianDropout", .arguments = 1};
  Number rate = -1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("rate", c.rate...);
  }
};

template <Number Rate>
struct GaussianDropout : Dropout<Rate> {  // with its rate: GaussianDropout<0.5>
  static constexpr const char* class_name = GaussianDropoutConfig::schema.keras;
  static constexpr GaussianDropoutConfig config{.rate = Rate};

  template <class Call>
  static void forward_training(const Call& call) {
    scale(call, call.input, call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient != nullptr) scale(call, call.output_gradient, call.input_gradient);
  }

 private:
  template <class Call, class T>
  static void scale(const Call& call, const T* x, T* y) {
    constexpr std::size_t size = Call::input_shape.size();
    const double deviation = std::sqrt(Rate / (1 - Rate));
    for (std::size_t i = 0; i < call.batch * size; ++i)
      y[i] = static_cast<T>(x[i] * (1 + deviation * call.random.normal(call.first * size + i)));
  }
};

}  // namespace strata
