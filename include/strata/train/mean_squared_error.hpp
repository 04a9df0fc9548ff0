// The loss of regression.
#pragma once

#include <strata/train/loss.hpp>
#include <strata/train/metrics.hpp>

namespace strata {

/// loss = (prediction - target)^2, mean over all outputs (Keras `MeanSquaredError`). Targets: (batch, shape).
struct MeanSquaredError {
  static constexpr Schema schema{.spelling = "MeanSquaredError", .keras = "MeanSquaredError", .aggregate = true};
  using metric = MeanAbsoluteError;
  static constexpr std::size_t targets_per_sample(Shape output) { return output.size(); }

  template <class V, class T = typename V::value_type>
  double evaluate(const T* predictions, std::span<const T> targets, T* gradient, std::size_t, Shape) const {
    const double weight = 1.0 / static_cast<double>(targets.size());
    return weight * detail::sum_over<V>(targets.size(), [&](std::size_t i, int n) STRATA_INLINE_LAMBDA {
             const V error = simd::load_partial<V>(predictions + i, n) - simd::load_partial<V>(targets.data() + i, n);
             if (gradient != nullptr) simd::store_partial(gradient + i, error * V(static_cast<T>(2 * weight)), n);
             return V(error * error);
           });
  }
};

}  // namespace strata
