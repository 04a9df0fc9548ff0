// What a loss is, and the pieces that losses share.
//
// A loss is a plain aggregate with
//
//   template <class V> double evaluate(predictions, targets, gradient, batch, shape) const
//       The mean loss over batch and positions. predictions: (batch, shape), V::value_type. targets: a span of int
//       (sparse) or of V::value_type; the overloads that exist say what it takes. gradient: null, or where to write the
//       derivative of that mean by each prediction; never the predictions' own memory.
//   static constexpr std::size_t targets_per_sample(Shape)
//
// and may have
//
//   static constexpr Problem check(Shape)           why it cannot follow such an output
//   static void check_targets(targets, Shape)       throws InvalidArgument, before anything changes
//   void validate() const                           throws InvalidArgument where one of its options is out of range
//   static constexpr Link link; bool from_logits    after a layer with this link it is trained on the layer's input,
//                                                   with from_logits = true: stable, and the gradient is exact
//   using metric = …                                what `fit` and `evaluate` report beside it
//
// A network that ends in probabilities under `from_logits = true`, or in logits without it, is refused: trainable.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include <strata/core/error.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/schema.hpp>
#include <strata/core/text.hpp>
#include <strata/kernels/math.hpp>
#include <strata/train/require.hpp>

namespace strata {

/// Whether a loss takes targets of type `Target` for predictions of V's element type.
template <class Loss, class V, class Target>
concept LossFor = requires(const Loss& loss, const typename V::value_type* predictions, std::span<const Target> targets,
                           typename V::value_type* gradient, std::size_t batch, Shape shape) {
  { loss.template evaluate<V>(predictions, targets, gradient, batch, shape) } -> std::convertible_to<double>;
};

namespace detail {

/// Keras `backend.epsilon()`: probabilities are kept in [1e-7, 1 - 1e-7] before a logarithm.
inline constexpr double probability_epsilon = 1e-7;

inline void require_smoothing(const char* loss, double smoothing) {
  require(smoothing >= 0 && smoothing <= 1, loss, "label_smoothing", "from 0 to 1", smoothing);
}

/// Labels in [0, classes), one for each row of the predictions.
inline void check_labels(std::span<const int> labels, int classes) {
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      detail::raise<InvalidArgument>(
          Text() << "label " << i << " of the batch: expected a class from 0 to " << classes - 1 << ", received "
          << labels[i] << "; count classes from 0, and give the network's last axis one element a class");
}

/// True in the first n lanes.
template <class V>
STRATA_INLINE simd::Mask<V> first_lanes(int n) {
  using T = typename V::value_type;
  alignas(64) static constexpr T index[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  static_assert(simd::lanes<V> <= 16);
  return simd::load<V>(index) < V(static_cast<T>(n));
}

/// The sum of `term(i, n)` over vectors of elements i, …, i + n - 1: float sums of at most 4096 elements, then double.
template <class V, class Term>
double sum_over(std::size_t size, Term&& term) {
  constexpr std::size_t lanes = static_cast<std::size_t>(simd::lanes<V>);
  double total = 0;
  for (std::size_t block = 0; block < size; block += 4096) {
    const std::size_t end = (std::min)(size, block + 4096);
    V sum(0);
    std::size_t i = block;
    for (; i + lanes <= end; i += lanes) sum += term(i, simd::lanes<V>);
    if (const int rest = static_cast<int>(end - i); rest > 0)
      sum += simd::select(first_lanes<V>(rest), V(term(i, rest)), V(0));
    total += static_cast<double>(simd::reduce_add(sum));
  }
  return total;
}

/// Targets as a vector: integers are converted.
template <class V>
STRATA_INLINE V load_targets(const typename V::value_type* targets, int n) {
  return simd::load_partial<V>(targets, n);
}
template <class V>
STRATA_INLINE V load_targets(const int* targets, int n) {
  typename V::value_type values[simd::lanes<V>] = {};
  for (int i = 0; i < n; ++i) values[i] = static_cast<typename V::value_type>(targets[i]);
  return simd::load<V>(values);
}

}  // namespace detail
}  // namespace strata
