// The loss of regression that outliers pull no harder than by `delta`.
#pragma once

#include <strata/train/loss.hpp>
#include <strata/train/metrics.hpp>

namespace strata {

/// With e = prediction - target: loss = e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2; mean over all outputs
/// (Keras `Huber`; Huber 1964). Targets: (batch, shape).
struct Huber {
  static constexpr Schema schema{.spelling = "Huber", .keras = "Huber", .aggregate = true};
  double delta = 1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("delta", c.delta...);
  }

  using metric = MeanAbsoluteError;
  static constexpr std::size_t targets_per_sample(Shape output) { return output.size(); }
  void validate() const { detail::require(delta > 0 && detail::finite(delta), "Huber", "delta", "above 0", delta); }

  template <class V, class T = typename V::value_type>
  double evaluate(const T* predictions, std::span<const T> targets, T* gradient, std::size_t, Shape) const {
    const double weight = 1.0 / static_cast<double>(targets.size());
    const V bound(static_cast<T>(delta)), scale(static_cast<T>(weight)), half(static_cast<T>(0.5));
    return weight * detail::sum_over<V>(targets.size(), [&](std::size_t i, int n) STRATA_INLINE_LAMBDA {
             const V error = simd::load_partial<V>(predictions + i, n) - simd::load_partial<V>(targets.data() + i, n);
             const V distance = simd::abs(error), square = half * error * error;
             const auto inside = distance <= bound;
             if (gradient != nullptr)
               simd::store_partial(gradient + i, scale * simd::select(inside, error, simd::copysign(bound, error)), n);
             return simd::select(inside, square, V(bound * (distance - half * bound)));
           });
  }
};

}  // namespace strata
