// Metrics: how good the predictions are, in numbers for people.
//
// A metric has `name`, as it stands in the logs, and
//
//   double operator()(std::span<const T> predictions, std::span<const Target> targets, Shape shape) const
//
// the mean over a batch; predictions: (batch, shape). `fit` averages it over the batches of an epoch, weighted by size.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

#include <strata/core/shape.hpp>

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

}  // namespace detail

/// The share of positions whose largest output is that of the label (Keras `SparseCategoricalAccuracy`).
struct SparseCategoricalAccuracy {
  static constexpr std::string_view name = "accuracy";

  template <class T>
  double operator()(std::span<const T> predictions, std::span<const int> labels, Shape shape) const {
    return detail::share_of_rows(predictions, shape, [&](std::size_t row, const T* values, int classes) {
      return detail::largest(values, classes) == labels[row];
    });
  }
};

/// The share of positions whose label is among the `k` largest outputs (Keras `SparseTopKCategoricalAccuracy`).
struct SparseTopKCategoricalAccuracy {
  static constexpr std::string_view name = "sparse_top_k_categorical_accuracy";
  int k = 5;

  template <class T>
  double operator()(std::span<const T> predictions, std::span<const int> labels, Shape shape) const {
    return detail::share_of_rows(predictions, shape, [&](std::size_t row, const T* values, int classes) {
      const T wanted = values[labels[row]];
      return std::count_if(values, values + classes, [&](T value) { return value > wanted; }) < k;
    });
  }
};

/// As SparseCategoricalAccuracy, for one-hot targets (Keras `CategoricalAccuracy`).
struct CategoricalAccuracy {
  static constexpr std::string_view name = "accuracy";

  template <std::floating_point T>
  double operator()(std::span<const T> predictions, std::span<const T> targets, Shape shape) const {
    return detail::share_of_rows(predictions, shape, [&](std::size_t row, const T* values, int classes) {
      return detail::largest(values, classes) ==
             detail::largest(targets.data() + row * static_cast<std::size_t>(classes), classes);
    });
  }
};

/// The share of outputs on the target's side of the threshold (Keras `BinaryAccuracy`).
struct BinaryAccuracy {
  static constexpr std::string_view name = "accuracy";
  double threshold = 0.5;

  template <class T, class Target>
  double operator()(std::span<const T> predictions, std::span<const Target> targets, Shape) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < predictions.size(); ++i)
      count += (static_cast<double>(predictions[i]) > threshold) == (static_cast<double>(targets[i]) > 0.5);
    return static_cast<double>(count) / static_cast<double>(predictions.size());
  }
};

/// mean |prediction - target| (Keras `MeanAbsoluteError`).
struct MeanAbsoluteError {
  static constexpr std::string_view name = "mean_absolute_error";

  template <class T, class Target>
  double operator()(std::span<const T> predictions, std::span<const Target> targets, Shape) const {
    double sum = 0;
    for (std::size_t i = 0; i < predictions.size(); ++i)
      sum += std::abs(static_cast<double>(predictions[i]) - static_cast<double>(targets[i]));
    return sum / static_cast<double>(predictions.size());
  }
};

}  // namespace strata
