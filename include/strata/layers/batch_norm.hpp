// BatchNorm: y = gamma (x - mean) / sqrt(variance + epsilon) + beta, per channel (Ioffe & Szegedy, arXiv 1502.03167).
//
//     BatchNorm                                      Keras' defaults
//     BatchNormWith<Momentum{0.9}, Epsilon{1e-5}>    options in any order
//
// In training, mean and biased variance are those of the batch over all axes but the last, and move the averages
// (moving = momentum moving + (1 - momentum) batch) that inference uses; there the layer folds into the one before it.
// Defaults: momentum 0.99, epsilon 1e-3. Keras: BatchNormalization (as Keras 3: the biased variance moves the average).
// ONNX: BatchNormalization.
#pragma once

#include <array>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/kernels/map.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

/// Keras `momentum`: moving = momentum moving + (1 - momentum) batch.
struct Momentum {
  double value;
  constexpr Momentum(double v) : value(v) {}
};
/// Keras `epsilon`: added to the variance.
struct Epsilon {
  double value;
  constexpr Epsilon(double v) : value(v) {}
};

template <auto... Given>
struct BatchNormWith {
  static constexpr const char* class_name = "BatchNormalization";
  static constexpr Kind kind = Kind::affine;
  static constexpr Needs backward_needs{.output = false};
  static constexpr double momentum = LayerOptions<Given...>::get(Momentum{0.99}).value;
  static constexpr double epsilon = LayerOptions<Given...>::get(Epsilon{1e-3}).value;

  static constexpr Problem check(Shape) {
    if (!(momentum >= 0 && momentum <= 1))
      return {"the momentum is not between 0 and 1", "Momentum{0} to Momentum{1}",
              "momentum is the share of the old average, as in Keras; in PyTorch it is one minus that",
              detail::decimal(momentum)};
    if (!(epsilon > 0))
      return {"the epsilon is not positive", "a positive Epsilon", "give a small positive Epsilon",
              detail::decimal(epsilon)};
    return LayerOptions<Given...>::template check<Momentum, Epsilon>("Momentum or Epsilon");
  }
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    const Shape channels{in.channels()};
    return {{"gamma", channels, {Initializer::ones}},
            {"beta", channels, {Initializer::zeros}},
            {"moving_mean", channels, {Initializer::zeros}, false},
            {"moving_variance", channels, {Initializer::ones}, false}};
  }
  /// Mean and variance of the batch.
  static constexpr std::size_t saved_size(Shape in, std::size_t) { return 2 * channels(in); }
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return 2 * channels(in);
  }
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    return 3 * channels(in);
  }

  /// Inference is y = scale[c] x + shift[c].
  template <class T>
  static void affine(Shape in, const T* const* parameters, T* scale, T* shift) {
    using V = simd::Vector<T>;
    const T *gamma = parameters[0], *beta = parameters[1], *mean = parameters[2], *variance = parameters[3];
    const auto offset = [](V start, V centre, V factor) { return simd::neg_fma(centre, factor, start); };
    kernels::map<V>(channels(in), scaled<V>, scale, gamma, variance);
    kernels::map<V>(channels(in), offset, shift, beta, mean, scale);
  }

  template <class Call>
  static void forward(const Call& call) {
    constexpr Shape in = Call::input_shape;
    typename Call::Scalar *scale = call.scratch, *shift = scale + channels(in);
    affine(in, call.parameters, scale, shift);
    kernels::map_affine<typename Call::Vector, in.channels()>(call.batch * in.positions(), call.input, call.output,
                                                              scale, shift);
  }

  template <class Call>
  static void forward_training(const Call& call) {
    constexpr Shape in = Call::input_shape;
    forward_rows<typename Call::Vector, in.channels()>(call.batch * in.positions(), call.input, call.output,
                                                       call.parameters, call.saved, call.scratch);
  }

  template <class Call>
  static void backward(const Call& call) {
    constexpr Shape in = Call::input_shape;
    backward_rows<typename Call::Vector, in.channels()>(call.batch * in.positions(), call.input, call.output_gradient,
                                                        call.input_gradient, call.parameters[0], call.saved,
                                                        call.parameter_gradients, call.scratch);
  }

  template <class Call>
  static void update_state(const Call& call) {
    constexpr std::size_t C = channels(Call::input_shape);
    for (std::size_t i = 0; i < 2; ++i) {
      auto *moving = call.parameters[2 + i];
      const auto *batch = call.saved + i * C;
      for (std::size_t c = 0; c < C; ++c)
        moving[c] = static_cast<typename Call::Scalar>(momentum * moving[c] + (1 - momentum) * batch[c]);
    }
  }

 private:
  static constexpr std::size_t channels(Shape in) { return static_cast<std::size_t>(in.channels()); }

  /// x / sqrt(variance + epsilon).
  template <class V>
  static V scaled(V x, V variance) {
    return x / simd::sqrt(variance + V(static_cast<typename V::value_type>(epsilon)));
  }

  /// Algorithm 1 of the paper.
  template <class V, int C, class T>
  static STRATA_NOINLINE void forward_rows(std::size_t rows, const T* x, T* y, const T* const* parameters, T* saved,
                                           T* scale) {
    const T *gamma = parameters[0], *beta = parameters[1];
    T *mean = saved, *variance = saved + C;
    kernels::channel_moments<V, C>(rows, x, mean, variance);
    kernels::map<V>(C, scaled<V>, scale, gamma, variance);
    const auto normalise = [](V v, V centre, V factor, V offset) STRATA_INLINE_LAMBDA {
      return simd::fma(v - centre, factor, offset);
    };
    kernels::map_rows<V, C>(rows, normalise, y, std::array{x}, std::array<const T*, 3>{mean, scale, beta});
  }

  /// §3 of the paper, gathered to dx = a dy + b (x - mean) + c.
  template <class V, int C, class T>
  static STRATA_NOINLINE void backward_rows(std::size_t rows, const T* x, const T* dy, T* dx, const T* gamma,
                                            const T* saved, T* const* gradients, T* scratch) {
    const T *mean = saved, *variance = saved + C;
    T *d_gamma = gradients[0], *d_beta = gradients[1];
    kernels::channel_sums<V, C, kernels::GradientSums>(rows, std::array{dy, x}, std::array{mean},
                                                       std::array{d_beta, d_gamma});
    kernels::map<V>(C, scaled<V>, d_gamma, d_gamma, variance);
    if (dx == nullptr) return;
    T *a = scratch, *b = scratch + C, *c = scratch + 2 * C;
    const V share(-1 / static_cast<T>(rows));
    kernels::map<V>(C, scaled<V>, a, gamma, variance);
    kernels::map<V>(C, [=](V factor, V sum, V v) { return scaled(factor * sum * share, v); }, b, a, d_gamma, variance);
    kernels::map<V>(C, [=](V factor, V sum) { return factor * sum * share; }, c, a, d_beta);
    const auto gradient = [](V g, V v, V centre, V from_g, V from_v, V offset) STRATA_INLINE_LAMBDA {
      return simd::fma(from_g, g, simd::fma(from_v, v - centre, offset));
    };
    kernels::map_rows<V, C>(rows, gradient, dx, std::array{dy, x}, std::array<const T*, 4>{mean, a, b, c});
  }
};

using BatchNorm = BatchNormWith<>;

}  // namespace strata
