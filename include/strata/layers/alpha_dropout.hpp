// AlphaDropout: Dropout for SELU. In training the share Rate becomes SELU's limit at minus infinity, then all is scaled
// and shifted, so that mean 0 and variance 1 stay (Klambauer et al. 2017, arXiv 1706.02515); nothing at inference.
//
//     AlphaDropout<0.1>
//
// Keras: AlphaDropout.
#pragma once

#include <cmath>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/dropout.hpp>

namespace strata {

struct AlphaDropoutConfig {
  static constexpr Schema schema{.spelling = "AlphaDropout<>", .keras = "AlphaDropout", .arguments = 1};
  Number rate = -1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("rate", c.rate...);
  }
};

template <Number Rate>
struct AlphaDropout : Dropout<Rate> {  // with its rate: AlphaDropout<0.1>
  static constexpr const char* class_name = AlphaDropoutConfig::schema.keras;
  static constexpr AlphaDropoutConfig config{.rate = Rate};

  template <class Call>
  static void forward_training(const Call& call) {
    const double shift = -scale() * limit * Rate;
    for (std::size_t i = 0; i < call.batch * Call::input_shape.size(); ++i)
      call.output[i] =
          static_cast<typename Call::Scalar>(scale() * (is_kept(call, i) ? call.input[i] : limit) + shift);
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    for (std::size_t i = 0; i < call.batch * Call::input_shape.size(); ++i)
      call.input_gradient[i] =
          static_cast<typename Call::Scalar>(is_kept(call, i) ? scale() * call.output_gradient[i] : 0);
  }

 private:
  static constexpr double limit = -SELU::alpha * SELU::scale;

  static double scale() { return 1 / std::sqrt((1 - Rate) * (1 + Rate * limit * limit)); }
  template <class Call>
  static bool is_kept(const Call& call, std::size_t i) {
    return call.random.uniform(call.first * Call::input_shape.size() + i) >= Rate;
  }
};

}  // namespace strata
