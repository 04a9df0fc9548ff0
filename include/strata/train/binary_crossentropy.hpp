// Cross-entropy of independent yes-or-no outputs.
#pragma once

#include <strata/train/loss.hpp>
#include <strata/train/metrics.hpp>

namespace strata {

/// loss = -t log p - (1 - t) log(1 - p), mean over all outputs (Keras `BinaryCrossentropy`). Targets: (batch, shape),
/// floats in [0, 1] or integers 0 and 1.
struct BinaryCrossentropy {
  static constexpr Schema schema{.spelling = "BinaryCrossentropy", .keras = "BinaryCrossentropy", .aggregate = true};
  bool from_logits = false;
  double label_smoothing = 0;  ///< t becomes t (1 - smoothing) + smoothing / 2

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("from_logits", c.from_logits...), f("label_smoothing", c.label_smoothing...);
  }

  static constexpr Link link = Link::sigmoid;
  using metric = BinaryAccuracy;
  static constexpr std::size_t targets_per_sample(Shape output) { return output.size(); }
  static void check_targets(std::span<const int> labels, Shape) { detail::check_labels(labels, 2); }
  void validate() const { detail::require_smoothing("BinaryCrossentropy", label_smoothing); }

  template <class V, class T = typename V::value_type, class Target>
  requires(std::same_as<Target, int> ||
           std::same_as<Target, T>) double evaluate(const T* predictions, std::span<const Target> targets, T* gradient,
                                                    std::size_t, Shape) const {
    const std::size_t size = targets.size();
    const double weight = 1.0 / static_cast<double>(size);
    const double kept = 1 - label_smoothing, added = label_smoothing / 2;
    if (from_logits)
      // log(1 + e^z) - t z
      return weight * detail::sum_over<V>(size, [&](std::size_t i, int n) STRATA_INLINE_LAMBDA {
               const V z = simd::load_partial<V>(predictions + i, n);
               const V t =
                   detail::load_targets<V>(targets.data() + i, n) * V(static_cast<T>(kept)) + V(static_cast<T>(added));
               if (gradient != nullptr)
                 simd::store_partial(gradient + i, (simd::sigmoid(z) - t) * V(static_cast<T>(weight)), n);
               return V(simd::softplus(z) - t * z);
             });

    constexpr double low = detail::probability_epsilon, high = 1 - detail::probability_epsilon;
    double total = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double t = static_cast<double>(targets[i]) * kept + added;
      const double given = static_cast<double>(predictions[i]), p = std::clamp(given, low, high);
      total -= t * std::log(p) + (1 - t) * std::log(1 - p);
      if (gradient != nullptr)
        gradient[i] = static_cast<T>(given >= low && given <= high ? weight * ((1 - t) / (1 - p) - t / p) : 0.0);
    }
    return total * weight;
  }
};

}  // namespace strata
