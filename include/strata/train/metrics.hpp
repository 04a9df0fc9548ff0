// Metrics: how good the predictions are, in numbers for people.
//
// A metric has `name`, as it stands in the logs, and
//
//   double operator()(std::span<const T> predictions, std::span<const Target> targets, Shape shape) const
//
// the mean over a batch; predictions: (batch, shape). `fit` averages it over the batches of an epoch, weighted by size.
// It may have
//
//   static constexpr Monitor direction    whether it should rise (max) or fall (min), for EarlyStopping and
//                                         ModelCheckpoint
//   bool from_logits                      as the loss: `fit` and `evaluate` set it where the loss' is set
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>

#include <strata/core/shape.hpp>
#include <strata/train/monitor.hpp>

namespace strata {

namespace detail {

/// The largest of `count` values; the first of equals.
template <class T>
int largest(const T* values, int count) {
  return static_cast<int>(std::max_element(values, values + count) - values);
}

/// The share of rows (positions of samples) for which `right(row, values, classes)` holds.
template <class T, class Right>
double share_of_rows(std::span<const T> predictions, Shape shape, Right&& right) {
  const int classes = shape.channels();
  const std::size_t rows = predictions.size() / static_cast<std::size_t>(classes);
  std::size_t count = 0;
  for (std::size_t row = 0; row < rows; ++row)
    count += right(row, predictions.data() + row * static_cast<std::size_t>(classes), classes);
  return static_cast<double>(count) / static_cast<double>(rows);
}

/// For a loss that names no metric.
struct NoMetric {
  static constexpr std::string_view name = "none";
  template <class Target>
  double operator()(std::span<const float>, std::span<const Target>, Shape) const {
    return std::numeric_limits<double>::quiet_NaN();
  }
};
template <class Loss>
struct metric_of {
  using type = NoMetric;
};
template <class Loss>
  requires requires { typename Loss::metric; }
struct metric_of<Loss> {
  using type = typename Loss::metric;
};

template <class M, class Target>
concept MetricOn = requires(const M& metric, std::span<const float> outputs, std::span<const Target> targets,
                            Shape shape) {
  { metric.name } -> std::convertible_to<std::string_view>;
  { metric(outputs, targets, shape) } -> std::convertible_to<double>;
};
template <class M>
inline constexpr bool is_metric = MetricOn<M, int> || MetricOn<M, float>;

}  // namespace detail

/// The share of positions whose largest output is that of the label (Keras `SparseCategoricalAccuracy`).
struct SparseCategoricalAccuracy {
  static constexpr std::string_view name = "accuracy";
  static constexpr Monitor direction = Monitor::max;

  template <class T>
  double operator()(std::span<const T> predictions, std::span<const int> labels, Shape shape) const {
    return detail::share_of_rows(predictions, shape, [&](std::size_t row, const T* values, int classes) {
      return detail::largest(values, classes) == labels[row];
    });
  }
};

/// The share of positions whose label is among the `k` largest outputs (Keras `SparseTopKCategoricalAccuracy`); none is
/// among outputs that are not all finite (TensorFlow `in_top_k`).
struct SparseTopKCategoricalAccuracy {
  static constexpr std::string_view name = "sparse_top_k_categorical_accuracy";
  static constexpr Monitor direction = Monitor::max;
  int k = 5;

  template <class T>
  double operator()(std::span<const T> predictions, std::span<const int> labels, Shape shape) const {
    return detail::share_of_rows(predictions, shape, [&](std::size_t row, const T* values, int classes) {
      const T wanted = values[labels[row]];
      return std::all_of(values, values + classes, [](T value) { return std::isfinite(value); }) &&
             std::count_if(values, values + classes, [&](T value) { return value > wanted; }) < k;
    });
  }
};

/// As SparseCategoricalAccuracy, for one-hot targets (Keras `CategoricalAccuracy`).
struct CategoricalAccuracy {
  static constexpr std::string_view name = "accuracy";
  static constexpr Monitor direction = Monitor::max;

  template <std::floating_point T>
  double operator()(std::span<const T> predictions, std::span<const T> targets, Shape shape) const {
    return detail::share_of_rows(predictions, shape, [&](std::size_t row, const T* values, int classes) {
      return detail::largest(values, classes) ==
             detail::largest(targets.data() + row * static_cast<std::size_t>(classes), classes);
    });
  }
};

/// The share of outputs that are on the side of the threshold that the target, 0 or 1, says (Keras `BinaryAccuracy`);
/// no other target is ever met. Of logits, a threshold between 0 and 1 is that of their sigmoid.
struct BinaryAccuracy {
  static constexpr std::string_view name = "binary_accuracy";
  static constexpr Monitor direction = Monitor::max;
  double threshold = 0.5;
  bool from_logits = false;

  template <class T, class Target>
  double operator()(std::span<const T> predictions, std::span<const Target> targets, Shape) const {
    const bool sigmoid = from_logits && threshold > 0 && threshold < 1;
    const T limit = static_cast<T>(sigmoid ? std::log(threshold / (1 - threshold)) : threshold);
    std::size_t count = 0;
    for (std::size_t i = 0; i < predictions.size(); ++i)
      count += static_cast<Target>(predictions[i] > limit) == targets[i];
    return static_cast<double>(count) / static_cast<double>(predictions.size());
  }
};

/// mean |prediction - target| (Keras `MeanAbsoluteError`).
struct MeanAbsoluteError {
  static constexpr std::string_view name = "mean_absolute_error";
  static constexpr Monitor direction = Monitor::min;

  template <class T, class Target>
  double operator()(std::span<const T> predictions, std::span<const Target> targets, Shape) const {
    double sum = 0;
    for (std::size_t i = 0; i < predictions.size(); ++i)
      sum += std::abs(static_cast<double>(predictions[i]) - static_cast<double>(targets[i]));
    return sum / static_cast<double>(predictions.size());
  }
};

}  // namespace strata
