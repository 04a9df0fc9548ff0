// Cross-entropy over the classes of the last axis, from labels or from one-hot rows.
#pragma once

#include <strata/train/loss.hpp>
#include <strata/train/metrics.hpp>

namespace strata {

namespace detail {

/// Softmax losses choose between classes.
constexpr Problem check_classes(Shape output) {
  if (output.channels() < 2)
    return {"a softmax over one class is always 1", Text("an output of at least 2 classes in the last axis"),
            "use BinaryCrossentropy or at least two classes"};
  return {};
}

/// The largest of n values. NaN are left to the sum that follows.
template <class V, class T>
T row_max(const T* values, int n) {
  V largest(values[0]);
  int i = 0;
  for (; i + simd::lanes<V> <= n; i += simd::lanes<V>) largest = (simd::max)(simd::load<V>(values + i), largest);
  if (i < n)
    largest =
        (simd::max)(simd::select(first_lanes<V>(n - i), simd::load_partial<V>(values + i, n - i), largest), largest);
  return simd::reduce_max(largest);
}

/// The sum of e^(values - offset); the terms go into `terms` unless null.
template <class V, class T>
T row_exp_sum(const T* values, T offset, T* terms, int n) {
  V sum(0);
  int i = 0;
  for (; i + simd::lanes<V> <= n; i += simd::lanes<V>) {
    const V term = simd::exp(simd::load<V>(values + i) - V(offset));
    if (terms != nullptr) simd::store(terms + i, term);
    sum += term;
  }
  if (i < n) {
    const V term = simd::exp(simd::load_partial<V>(values + i, n - i) - V(offset));
    if (terms != nullptr) simd::store_partial(terms + i, term, n - i);
    sum += simd::select(first_lanes<V>(n - i), term, V(0));
  }
  return simd::reduce_add(sum);
}

template <class V, class T>
void row_scale(T* values, T factor, int n) {
  int i = 0;
  for (; i + simd::lanes<V> <= n; i += simd::lanes<V>) simd::store(values + i, simd::load<V>(values + i) * V(factor));
  if (i < n) simd::store_partial(values + i, simd::load_partial<V>(values + i, n - i) * V(factor), n - i);
}

/// Keras clips probabilities before a logarithm; a clipped one has no gradient.
inline double clipped(double p) { return std::clamp(p, probability_epsilon, 1 - probability_epsilon); }

}  // namespace detail

/// loss = -log p[label] (Keras `SparseCategoricalCrossentropy`): one label for each position of the output; a network
/// whose output is 32x32x10 wants 32 * 32 labels a sample, each in [0, 10). Of probabilities, as in Keras, p is first
/// clipped to [1e-7, 1 - 1e-7], then divided by its sum; NaN where one is not finite.
struct SparseCategoricalCrossentropy {
  static constexpr Schema schema{
      .spelling = "SparseCategoricalCrossentropy", .keras = "SparseCategoricalCrossentropy", .aggregate = true};
  bool from_logits = false;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("from_logits", c.from_logits...);
  }

  static constexpr Link link = Link::softmax;
  using metric = SparseCategoricalAccuracy;
  static constexpr Problem check(Shape output) { return detail::check_classes(output); }
  static constexpr std::size_t targets_per_sample(Shape output) { return output.positions(); }
  static void check_targets(std::span<const int> labels, Shape output) {
    detail::check_labels(labels, output.channels());
  }

  template <class V, class T = typename V::value_type>
  double evaluate(const T* predictions, std::span<const int> labels, T* gradient, std::size_t, Shape shape) const {
    const int classes = shape.channels();
    const double weight = 1.0 / static_cast<double>(labels.size());
    double total = 0;
    for (std::size_t row = 0; row < labels.size(); ++row) {
      const T* z = predictions + row * static_cast<std::size_t>(classes);
      T* const slope = gradient == nullptr ? nullptr : gradient + row * static_cast<std::size_t>(classes);
      const int label = labels[row];
      if (!from_logits) {
        total += row_from_probabilities(z, slope, classes, weight, label);
        continue;
      }
      const T largest = detail::row_max<V>(z, classes);
      const T sum = detail::row_exp_sum<V>(z, largest, slope, classes);
      total += std::log(static_cast<double>(sum)) + (static_cast<double>(largest) - static_cast<double>(z[label]));
      if (slope == nullptr) continue;
      detail::row_scale<V>(slope, static_cast<T>(weight / static_cast<double>(sum)), classes);
      slope[label] -= static_cast<T>(weight);
    }
    return total * weight;
  }

 private:
  /// `weight` is that of the row in the mean.
  template <class T>
  static double row_from_probabilities(const T* p, T* gradient, int classes, double weight, int label) {
    double sum = 0;
    for (int k = 0; k < classes; ++k) {
      if (!std::isfinite(p[k])) return std::numeric_limits<double>::quiet_NaN();
      sum += detail::clipped(static_cast<double>(p[k]));
    }
    for (int k = 0; gradient != nullptr && k < classes; ++k) {
      const double given = static_cast<double>(p[k]), slope = 1 / sum - (k == label ? 1 / given : 0.0);
      gradient[k] = static_cast<T>(given == detail::clipped(given) ? weight * slope : 0.0);
    }
    return std::log(sum) - std::log(detail::clipped(static_cast<double>(p[label])));
  }
};

/// loss = -sum t log p (Keras `CategoricalCrossentropy`); targets: (batch, shape), one-hot or other distributions. Of
/// probabilities, as in Keras, p is first divided by its sum, then clipped to [1e-7, 1 - 1e-7]; NaN where one is not
/// finite. Where targets do not sum to 1, the gradient is that of this formula (Keras' on logits is not).
struct CategoricalCrossentropy {
  static constexpr Schema schema{
      .spelling = "CategoricalCrossentropy", .keras = "CategoricalCrossentropy", .aggregate = true};
  bool from_logits = false;
  double label_smoothing = 0;  ///< t becomes t (1 - smoothing) + smoothing / classes

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("from_logits", c.from_logits...), f("label_smoothing", c.label_smoothing...);
  }

  static constexpr Link link = Link::softmax;
  using metric = CategoricalAccuracy;
  static constexpr Problem check(Shape output) { return detail::check_classes(output); }
  static constexpr std::size_t targets_per_sample(Shape output) { return output.size(); }
  void validate() const { detail::require_smoothing("CategoricalCrossentropy", label_smoothing); }

  template <class V, class T = typename V::value_type>
  double evaluate(const T* predictions, std::span<const T> targets, T* gradient, std::size_t, Shape shape) const {
    const int classes = shape.channels();
    const std::size_t rows = targets.size() / static_cast<std::size_t>(classes);
    const double weight = 1.0 / static_cast<double>(rows);
    double total = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t offset = row * static_cast<std::size_t>(classes);
      const T* z = predictions + offset;
      T* const slope = gradient == nullptr ? nullptr : gradient + offset;
      const auto target = [&](int k) {
        return static_cast<double>(targets[offset + static_cast<std::size_t>(k)]) * (1 - label_smoothing) +
               label_smoothing / classes;
      };
      total += from_logits ? row_from_logits<V>(z, slope, classes, weight, target)
                           : row_from_probabilities(z, slope, classes, weight, target);
    }
    return total * weight;
  }

 private:
  /// `weight` is that of the row in the mean.
  template <class T, class Target>
  static double row_from_probabilities(const T* p, T* gradient, int classes, double weight, const Target& target) {
    double sum = 0, loss = 0, inner = 0;
    for (int k = 0; k < classes; ++k) sum += static_cast<double>(p[k]);
    const auto slope = [&](int k, double q) { return q == detail::clipped(q) ? -target(k) / q : 0.0; };
    for (int k = 0; k < classes; ++k) {
      const double t = target(k), q = static_cast<double>(p[k]) / sum;
      if (!std::isfinite(q)) return std::numeric_limits<double>::quiet_NaN();
      if (t != 0) loss -= t * std::log(detail::clipped(q));
      if (gradient != nullptr) inner += slope(k, q) * q;
    }
    if (gradient != nullptr)
      for (int k = 0; k < classes; ++k)
        gradient[k] = static_cast<T>(weight * (slope(k, static_cast<double>(p[k]) / sum) - inner) / sum);
    return loss;
  }

  template <class V, class T, class Target>
  static double row_from_logits(const T* z, T* gradient, int classes, double weight, const Target& target) {
    const T largest = detail::row_max<V>(z, classes);
    const T sum = detail::row_exp_sum<V>(z, largest, gradient, classes);
    double mass = 0, dot = 0;
    for (int k = 0; k < classes; ++k) {
      mass += target(k);
      dot += target(k) * (static_cast<double>(z[k]) - static_cast<double>(largest));
    }
    if (gradient != nullptr) {
      detail::row_scale<V>(gradient, static_cast<T>(weight * mass / static_cast<double>(sum)), classes);
      for (int k = 0; k < classes; ++k) gradient[k] -= static_cast<T>(weight * target(k));
    }
    return mass * std::log(static_cast<double>(sum)) - dot;
  }
};

}  // namespace strata
