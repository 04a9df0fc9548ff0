// LogSoftmax: y[c] = x[c] - log(sum of e^x over the last axis).
//
// The largest x is subtracted first, so no input overflows. Keras: Activation('log_softmax'). ONNX: LogSoftmax.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/layers/over_channels.hpp>

namespace strata {

struct LogSoftmax : detail::OverChannels<LogSoftmax> {
  static constexpr Schema schema{.spelling = "LogSoftmax", .keras = "Activation", .onnx = "LogSoftmax",
                                 .activation = "log_softmax"};
  static void onnx(auto& out) { out(schema.onnx).with("axis", 1); }
  static constexpr const char* class_name = schema.keras;
  static constexpr bool makes_probabilities = false;

 private:
  friend detail::OverChannels<LogSoftmax>;

  template <class V, int C, class T>
  static STRATA_NOINLINE void forward_rows(std::size_t rows, const T* x, T* y) {
    constexpr T least = -std::numeric_limits<T>::infinity();
    for (; rows > 0; --rows, x += C, y += C) {
      V largest(least), sum(T(0));
      kernels::for_each_channel_vector<V, C>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
        largest = (simd::max)(largest, lanes.keep(lanes.load(x + c), least));
      });
      const V shift(simd::reduce_max(largest));
      kernels::for_each_channel_vector<V, C>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
        sum = sum + lanes.keep(simd::exp(V(lanes.load(x + c) - shift)), T(0));
      });
      const V logarithm(std::log(simd::reduce_add(sum)));
      kernels::for_each_channel_vector<V, C>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
        lanes.store(y + c, V((lanes.load(x + c) - shift) - logarithm));
      });
    }
  }

  /// dx = dy - e^y sum of dy.
  template <class V, int C, class T>
  static STRATA_NOINLINE void backward_rows(std::size_t rows, const T* y, const T* dy, T* dx) {
    for (; rows > 0; --rows, y += C, dy += C, dx += C) {
      V sum(T(0));
      kernels::for_each_channel_vector<V, C>(
          [&](int c, auto lanes) STRATA_INLINE_LAMBDA { sum = sum + lanes.load(dy + c); });
      const V total(simd::reduce_add(sum));
      kernels::for_each_channel_vector<V, C>([&](int c, auto lanes) STRATA_INLINE_LAMBDA {
        lanes.store(dx + c, V(simd::neg_fma(simd::exp(V(lanes.load(y + c))), total, lanes.load(dy + c))));
      });
    }
  }
};

}  // namespace strata
