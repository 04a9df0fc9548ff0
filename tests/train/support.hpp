/// @file
/// What the tests of training share.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/random.hpp>
#include <strata/data/dataset.hpp>

namespace strata::train_test {

/// Normal numbers times `scale`.
template <class T = float>
std::vector<T> normal(std::size_t size, std::uint64_t seed, double scale = 1) {
  std::vector<T> values(size);
  for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<T>(scale * Random(Seed{seed}).normal(i));
  return values;
}

inline std::vector<int> labels(std::size_t size, int classes, std::uint64_t seed) {
  std::vector<int> values(size);
  for (std::size_t i = 0; i < size; ++i)
    values[i] = static_cast<int>(Random(Seed{seed}).below(i, static_cast<std::uint64_t>(classes)));
  return values;
}

/// Rows that sum to 1.
template <class T = float>
std::vector<T> distributions(std::size_t rows, int classes, std::uint64_t seed) {
  std::vector<T> values = normal<T>(rows * static_cast<std::size_t>(classes), seed);
  for (std::size_t row = 0; row < rows; ++row) {
    T* p = values.data() + row * static_cast<std::size_t>(classes);
    T sum = 0;
    for (int k = 0; k < classes; ++k) sum += p[k] = std::exp(p[k]);
    for (int k = 0; k < classes; ++k) p[k] /= sum;
  }
  return values;
}

/// The largest |a - b| / (1 + |b|).
template <class A, class B>
double difference(const A& a, const B& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double x = static_cast<double>(a.data()[i]), y = static_cast<double>(b.data()[i]);
    const double error = std::abs(x - y) / (1 + std::abs(y));
    if (!(error <= largest)) largest = error;  // NaN too
  }
  return largest;
}

/// Points of a plane; the label says whether one lies in the unit circle.
inline Dataset circle(std::size_t size, std::uint64_t seed) {
  Samples samples{.shape = {2}};
  samples.inputs = normal(2 * size, seed);
  for (std::size_t i = 0; i < size; ++i)
    samples.labels.push_back(std::hypot(samples.inputs[2 * i], samples.inputs[2 * i + 1]) < 1.0f);
  return Dataset(std::move(samples));
}

template <class T>
std::vector<std::remove_const_t<T>> copy(std::span<T> values) {
  return {values.begin(), values.end()};
}

}  // namespace strata::train_test
