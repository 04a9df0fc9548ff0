// Softmax: y[c] = e^x[c] / sum of e^x over the last axis.
//
//     Dense<10>, Softmax       or       Dense<10, activation<Softmax>>
//
// The largest x is subtracted first, so no input overflows. Keras: Softmax. ONNX: Softmax (axis -1).
#pragma once

#include <cstddef>
#include <iterator>
#include <limits>
#include <numeric>

#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/layers/over_channels.hpp>

namespace strata {

struct Softmax : detail::OverChannels<Softmax> {
  static constexpr Schema schema{.spelling = "Softmax", .keras = "Softmax", .onnx = "Softmax", .activation = "softmax",
                                 .fixed = R"({"axis": -1})"};
  static void onnx(auto& out) { out(schema.onnx).with("axis", 1); }
  static constexpr const char* class_name = schema.keras;
  static constexpr Link link = Link::softmax;
  static constexpr bool makes_probabilities = true;

 private:
  friend detail::OverChannels<Softmax>;

  /// What rounding took from `sum` = a + b (Knuth's TwoSum).
  template <class V>
  static STRATA_INLINE V rounding_error(V a, V b, V sum) {
    const V b_back = sum - a;
    return (a - (sum - b_back)) + (b - b_back);
  }

  /// e^(a + b): the rounding of a sum of 20 alone would cost 8 ulp.
  template <class V>
  static STRATA_INLINE V exp_of_sum(V a, V b) {
    const V sum = a + b, power = simd::exp(sum);
    const V corrected = simd::fma(power, rounding_error(a, b, sum), power);
    return simd::select(power > V(0), corrected, power);  // an a of -infinity has no rounding error
  }

  template <class V, int C, class T>
  static STRATA_NOINLINE void forward_rows(std::size_t rows, const T* x, T* y) {
    constexpr T least = -std::numeric_limits<T>::infinity();
    for (; rows > 0; --rows, x += C, y += C) {
      V largest(least), sum(T(0)), lost(T(0));
      kernels::for_each_channel_vector<V, C>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
        largest = (simd::max)(largest, lanes.keep(lanes.load(x + c), least));
      });
      const V shift(-simd::reduce_max(largest));
      kernels::for_each_channel_vector<V, C>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
        const V power = exp_of_sum(lanes.load(x + c), shift);
        lanes.store(y + c, power);
        const V term = lanes.keep(power, T(0)), before = sum;
        sum = sum + term;
        lost = lost + rounding_error(before, term, sum);
      });
      const V share(static_cast<T>(1 / (total(sum) + total(lost))));
      kernels::for_each_channel_vector<V, C>(
          [&](int c, auto lanes) STRATA_INLINE_LAMBDA { lanes.store(y + c, lanes.load(y + c) * share); });
    }
  }

  template <class V>
  static double total(V v) {
    typename V::value_type values[simd::lanes<V>];
    simd::store(values, v);
    return std::accumulate(std::begin(values), std::end(values), 0.0);
  }

  /// dx = y (dy - sum of y dy).
  template <class V, int C, class T>
  static STRATA_NOINLINE void backward_rows(std::size_t rows, const T* y, const T* dy, T* dx) {
    for (; rows > 0; --rows, y += C, dy += C, dx += C) {
      V products(T(0));
      kernels::for_each_channel_vector<V, C>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
        products = simd::fma(lanes.load(y + c), lanes.load(dy + c), products);
      });
      const V mean(simd::reduce_add(products));
      kernels::for_each_channel_vector<V, C>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
        lanes.store(dx + c, lanes.load(y + c) * (lanes.load(dy + c) - mean));
      });
    }
  }
};

}  // namespace strata
