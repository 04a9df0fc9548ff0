// What LayerNormalization and GroupNormalization share: each set of elements of a sample is brought to mean 0 and
// variance 1, then scaled and shifted per channel. Training and inference do the same.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::detail {

/// Of a sample: set i has `rows` runs of `length` channels, a pixel apart, the first at element i length.
struct NormalizedSets {
  std::size_t count, rows;
  int length;
};

/// `Derived::sets(in)` are the sets of one sample; `Derived::config` has epsilon, center and scale.
template <class Derived>
struct Normalization {
  static constexpr Needs backward_needs{.output = false};
  static constexpr bool makes_probabilities = false;

  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    Parameters list;
    if (scaling<>) list.add({"gamma", {in.channels()}, {Initializer::ones}});
    if (centering<>) list.add({"beta", {in.channels()}, {Initializer::zeros}});
    return list;
  }

  template <class Call>
  static void forward(const Call& call) {
    each_set<Call>(call.batch, [&](std::size_t first, std::size_t channel) {
      Sets<Call>::normalize(call.input + first, call.output + first, gamma(call.parameters, channel),
                            beta(call.parameters, channel));
    });
  }
  template <class Call>
  static void backward(const Call& call) {
    each_set<Call>(call.batch, [&](std::size_t first, std::size_t channel) {
      Sets<Call>::differentiate(call.input + first, call.output_gradient + first,
                                call.input_gradient == nullptr ? nullptr : call.input_gradient + first,
                                gamma(call.parameters, channel), gamma(call.parameter_gradients, channel),
                                beta(call.parameter_gradients, channel));
    });
  }

 private:
  template <class Layer = Derived>
  static constexpr bool scaling = Layer::config.scale == Scaling::on;
  template <class Layer = Derived>
  static constexpr bool centering = Layer::config.center == Centering::on;

  /// Of parameters, or of their gradients; nullptr where there is none.
  template <class T>
  static T* gamma(T* const* parameters, std::size_t channel) {
    return scaling<> ? parameters[0] + channel : nullptr;
  }
  template <class T>
  static T* beta(T* const* parameters, std::size_t channel) {
    return centering<> ? parameters[scaling<>] + channel : nullptr;
  }

  /// f(first element, first channel) of each set of a batch.
  template <class Call, class F>
  static void each_set(std::size_t batch, F f) {
    constexpr Shape in = Call::input_shape;
    constexpr std::size_t count = Derived::sets(in).count, length = static_cast<std::size_t>(Derived::sets(in).length);
    for (std::size_t n = 0; n < batch; ++n)
      for (std::size_t i = 0; i < count; ++i)
        f(n * in.size() + i * length, i * length % static_cast<std::size_t>(in.channels()));
  }

  /// z = (x - mean) / deviation, where the mean may be far from 0: (x - centre) scale + shift.
  template <class V>
  struct Standard {
    V centre, scale, shift;

    STRATA_INLINE V operator()(V x) const { return simd::fma(x - centre, scale, shift); }
  };

  template <class V, NormalizedSets sets, int C, class T = typename V::value_type>
  struct SetsOf {
    /// f(element, channel, Lanes) for each vector of `rows` runs.
    template <class F>
    static STRATA_INLINE void each_vector(std::size_t rows, F f) {
      for (std::size_t r = 0; r < rows; ++r)
        kernels::for_each_channel_vector<V, sets.length>(
            [&](int c, auto lanes) STRATA_INLINE_LAMBDA { f(r * C + static_cast<std::size_t>(c), c, lanes); });
    }

    /// What `add(sums, element, channel, Lanes)` sums up over a set, of its mean share each; in double after a few
    /// hundred vectors.
    template <std::size_t N, class Add>
    static STRATA_INLINE std::array<double, N> means(Add add) {
      constexpr std::size_t part = 1 + 256 * static_cast<std::size_t>(simd::lanes<V>) / sets.length;
      std::array<double, N> means{};
      for (std::size_t row = 0; row < sets.rows; row += part) {
        V sums[N];
        std::fill_n(sums, N, V(T(0)));
        each_vector((std::min)(part, sets.rows - row), [&](std::size_t i, int c, auto lanes) STRATA_INLINE_LAMBDA {
          add(sums, row * C + i, c, lanes);
        });
        for (std::size_t s = 0; s < N; ++s)
          means[s] += static_cast<double>(simd::reduce_add(sums[s])) / static_cast<double>(sets.rows * sets.length);
      }
      return means;
    }

    /// In two passes: about the first element, which gives the mean all digits that the deviation has, then about that.
    static STRATA_INLINE Standard<V> standard(const T* x) {
      const V start(*x);
      const double from_start = means<1>([&](V* sums, std::size_t i, int, auto lanes) STRATA_INLINE_LAMBDA {
        sums[0] = sums[0] + lanes.keep(lanes.load(x + i) - start, T(0));
      })[0];
      const kernels::Mean<T> mean(static_cast<double>(*x) + from_start);
      const V centre(mean.centre);
      const auto [rest, square] = means<2>([&](V* sums, std::size_t i, int, auto lanes) STRATA_INLINE_LAMBDA {
        const V distance = lanes.keep(lanes.load(x + i) - centre, T(0));
        sums[0] = sums[0] + distance;
        sums[1] = simd::fma(distance, distance, sums[1]);
      });
      const double scale = 1 / std::sqrt((std::max)(square - rest * rest, 0.0) + Derived::config.epsilon.value);
      return {centre, V(static_cast<T>(scale)), V(static_cast<T>(-rest * scale))};
    }

    static STRATA_INLINE V scaled(V gradient, const T* gamma, int c, auto lanes) {
      if constexpr (scaling<>) return gradient * lanes.load(gamma + c);
      else return gradient;
    }

    static STRATA_NOINLINE void normalize(const T* x, T* y, const T* gamma, const T* beta) {
      const Standard<V> standard = SetsOf::standard(x);
      each_vector(sets.rows, [&](std::size_t i, int c, auto lanes) STRATA_INLINE_LAMBDA {
        V z = standard(lanes.load(x + i));
        if constexpr (scaling<> && centering<>) z = simd::fma(z, lanes.load(gamma + c), lanes.load(beta + c));
        else if constexpr (scaling<>) z = z * lanes.load(gamma + c);
        else if constexpr (centering<>) z = z + lanes.load(beta + c);
        lanes.store(y + i, z);
      });
    }

    /// With z the normalised x and g = gamma dy: dx = (g - mean(g) - z mean(g z)) / deviation.
    static STRATA_NOINLINE void differentiate(const T* x, const T* dy, T* dx, const T* gamma, T* d_gamma, T* d_beta) {
      const Standard<V> standard = SetsOf::standard(x);
      const auto [mean, product] = means<2>([&](V* sums, std::size_t i, int c, auto lanes) STRATA_INLINE_LAMBDA {
        const V z = standard(lanes.load(x + i)), gradient = lanes.load(dy + i);
        const V g = scaled(gradient, gamma, c, lanes);
        sums[0] = sums[0] + g;
        sums[1] = sums[1] + lanes.keep(g * z, T(0));
        if constexpr (scaling<>) lanes.store(d_gamma + c, simd::fma(gradient, z, lanes.load(d_gamma + c)));
        if constexpr (centering<>) lanes.store(d_beta + c, V(gradient + lanes.load(d_beta + c)));
      });
      if (dx == nullptr) return;
      const V mean_g(static_cast<T>(mean)), mean_gz(static_cast<T>(product));
      each_vector(sets.rows, [&](std::size_t i, int c, auto lanes) STRATA_INLINE_LAMBDA {
        const V g = scaled(lanes.load(dy + i), gamma, c, lanes);
        lanes.store(dx + i, V((g - simd::fma(standard(lanes.load(x + i)), mean_gz, mean_g)) * standard.scale));
      });
    }
  };
  template <class Call, class Layer = Derived>
  using Sets = SetsOf<typename Call::Vector, Layer::sets(Call::input_shape), Call::input_shape.channels()>;
};

}  // namespace strata::detail
