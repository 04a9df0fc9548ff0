// What LayerNormalization and GroupNormalization share: each set of elements of a sample is brought to mean 0 and
// variance 1, then scaled and shifted per channel. Training and inference do the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/kernels/simd.hpp>

namespace strata::detail {

/// `rows` runs of `length` channels, `step` elements apart, beginning at channel `channel`.
struct NormalizedSet {
  std::size_t first, rows, length, step, channel;
};

/// `Derived::each_set(in, f)` gives the sets of one sample; `Derived::epsilon` is added to the variance.
template <class Derived>
struct Normalization {
  static constexpr Needs backward_needs{.output = false};

  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    return {{"gamma", {in.channels()}, {Initializer::ones}}, {"beta", {in.channels()}, {Initializer::zeros}}};
  }

  template <class Call>
  static void forward(const Call& call) {
    each<Call>(call, [&](const NormalizedSet& set) {
      normalize<typename Call::Vector>(set, call.input, call.output, call.parameters[0], call.parameters[1]);
    });
  }
  template <class Call>
  static void backward(const Call& call) {
    each<Call>(call, [&](const NormalizedSet& set) {
      differentiate<typename Call::Vector>(set, call.input, call.output_gradient, call.input_gradient,
                                           call.parameters[0], call.parameter_gradients[0],
                                           call.parameter_gradients[1]);
    });
  }

 private:
  template <class Call, class F>
  static void each(const Call& call, F f) {
    for (std::size_t n = 0; n < call.batch; ++n)
      Derived::each_set(Call::input_shape, [&](NormalizedSet set) {
        set.first += n * Call::input_shape.size();
        f(set);
      });
  }

  /// f(element, channel, lanes) for each vector of a set.
  template <class V, class F>
  static STRATA_INLINE void each_vector(const NormalizedSet& set, F f) {
    constexpr std::size_t lanes = static_cast<std::size_t>(simd::lanes<V>);
    for (std::size_t r = 0; r < set.rows; ++r)
      for (std::size_t c = 0; c < set.length; c += lanes)
        f(set.first + r * set.step + c, set.channel + c, static_cast<int>(std::min(lanes, set.length - c)));
  }

  struct Moments {
    double mean, inverse_deviation;
  };
  /// In two passes: a mean far from zero costs no digits of the variance. Lanes beyond a run hold 0.
  template <class V, class T>
  static Moments moments(const NormalizedSet& set, const T* x) {
    const double count = static_cast<double>(set.rows * set.length);
    V sum(T(0));
    each_vector<V>(set, [&](std::size_t i, std::size_t, int n) STRATA_INLINE_LAMBDA {
      sum = sum + simd::load_partial<V>(x + i, n);
    });
    const double mean = static_cast<double>(simd::reduce_add(sum)) / count;
    const V centre(static_cast<T>(mean));
    V squares(T(0)), rest(T(0));
    each_vector<V>(set, [&](std::size_t i, std::size_t, int n) STRATA_INLINE_LAMBDA {
      T centred[simd::lanes<V>] = {};
      simd::store_partial(centred, V(simd::load_partial<V>(x + i, n) - centre), n);
      const V d = simd::load<V>(centred);
      rest = rest + d;
      squares = simd::fma(d, d, squares);
    });
    const double shift = static_cast<double>(simd::reduce_add(rest)) / count;
    const double variance = std::max(0.0, static_cast<double>(simd::reduce_add(squares)) / count - shift * shift);
    return {static_cast<double>(static_cast<T>(mean)) + shift, 1 / std::sqrt(variance + Derived::epsilon)};
  }

  template <class V, class T>
  static STRATA_NOINLINE void normalize(const NormalizedSet& set, const T* x, T* y, const T* gamma, const T* beta) {
    const Moments m = moments<V>(set, x);
    const V mean(static_cast<T>(m.mean)), inverse(static_cast<T>(m.inverse_deviation));
    each_vector<V>(set, [&](std::size_t i, std::size_t c, int n) STRATA_INLINE_LAMBDA {
      const V z = (simd::load_partial<V>(x + i, n) - mean) * inverse;
      simd::store_partial(
          y + i, V(simd::fma(z, simd::load_partial<V>(gamma + c, n), simd::load_partial<V>(beta + c, n))), n);
    });
  }

  /// With z the normalised x and g = gamma dy: dx = (g - mean(g) - z mean(g z)) / deviation.
  template <class V, class T>
  static STRATA_NOINLINE void differentiate(const NormalizedSet& set, const T* x, const T* dy, T* dx, const T* gamma,
                                            T* d_gamma, T* d_beta) {
    const Moments m = moments<V>(set, x);
    const V mean(static_cast<T>(m.mean)), inverse(static_cast<T>(m.inverse_deviation));
    V sum(T(0)), products(T(0));
    each_vector<V>(set, [&](std::size_t i, std::size_t c, int n) STRATA_INLINE_LAMBDA {
      const V z = (simd::load_partial<V>(x + i, n) - mean) * inverse, gradient = simd::load_partial<V>(dy + i, n);
      const V g = gradient * simd::load_partial<V>(gamma + c, n);  // 0 in lanes beyond the run
      sum = sum + g;
      products = simd::fma(g, z, products);
      simd::store_partial(d_gamma + c, V(simd::fma(gradient, z, simd::load_partial<V>(d_gamma + c, n))), n);
      simd::store_partial(d_beta + c, V(gradient + simd::load_partial<V>(d_beta + c, n)), n);
    });
    if (dx == nullptr) return;
    const T share = 1 / static_cast<T>(set.rows * set.length);
    const V mean_g(simd::reduce_add(sum) * share), mean_gz(simd::reduce_add(products) * share);
    each_vector<V>(set, [&](std::size_t i, std::size_t c, int n) STRATA_INLINE_LAMBDA {
      const V z = (simd::load_partial<V>(x + i, n) - mean) * inverse;
      const V g = simd::load_partial<V>(dy + i, n) * simd::load_partial<V>(gamma + c, n);
      simd::store_partial(dx + i, V((g - simd::fma(z, mean_gz, mean_g)) * inverse), n);
    });
  }
};

}  // namespace strata::detail
