// BatchNorm: y = gamma (x - mean) / sqrt(variance + epsilon) + beta, per channel (Ioffe & Szegedy, arXiv 1502.03167).
//
//     BatchNorm                                      Keras' defaults
//     BatchNormWith<Momentum{0.9}, Epsilon{1e-5}>    options in any order
//     BatchNormWith<NoCenter, NoScale>               without beta, without gamma; Keras: center=False, scale=False
//
// In training, mean and biased variance are those of the batch over all axes but the last, and move the averages
// (moving = momentum moving + (1 - momentum) batch) that inference uses; there the layer folds into the one before it.
// At inference a moving mean far larger than the deviation costs digits, with Keras' and PyTorch's formula as with this
// one: at a mean of 10,000 and a deviation of 0.004 outputs are off by some 0.03.
// Defaults: momentum 0.99, epsilon 1e-3. Keras: BatchNormalization (as Keras 3: the biased variance moves the average).
// ONNX: BatchNormalization.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/kernels/map.hpp>
#include <strata/kernels/reduce.hpp>

namespace strata {

/// Keras `momentum`: moving = momentum moving + (1 - momentum) batch.
struct Momentum {
  static constexpr const char* name = "Momentum";
  double value;
  constexpr Momentum(double v) : value(v) {}
  constexpr Problem check() const {
    return detail::number_problem("the momentum is not between 0 and 1", value, 0, "Momentum{0} to Momentum{1}",
                                  "momentum is the share of the old average, as in Keras; in PyTorch it is one minus "
                                  "that",
                                  1);
  }
};

struct BatchNormalizationConfig {
  static constexpr Schema schema{.spelling = "BatchNorm", .keras = "BatchNormalization", .onnx = "BatchNormalization",
                                 .with_options = "BatchNormWith", .fixed = R"({"axis": -1})"};
  static constexpr const char* weight_names = "gamma:scale beta:center moving_mean moving_variance";
  Momentum momentum = 0.99;
  Epsilon epsilon = 1e-3;
  Centering center = Centering::on;
  Scaling scale = Scaling::on;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("momentum", c.momentum...), f("epsilon", c.epsilon...), f("center", c.center...), f("scale", c.scale...);
  }
  void onnx(auto& out) const {
    out(schema.onnx, {out.x(), out.channels("gamma", 1), out.channels("beta", 0), out.channels("moving_mean", 0),
                      out.channels("moving_variance", 1)})
        .with("epsilon", epsilon.value)
        .with("momentum", momentum.value);
  }
};

template <Spelled<"Momentum{0.9}, Epsilon{1e-5}, NoScale"> auto... Given>
struct BatchNormWith {
  static constexpr const char* class_name = BatchNormalizationConfig::schema.keras;
  using itself = BatchNormWith;
  static constexpr Kind kind = Kind::affine;
  static constexpr Needs backward_needs{.output = false};
  static constexpr Views views = Views::always;
  static constexpr bool freezes = true, makes_probabilities = false, shares = true;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(BatchNormalizationConfig{});

  static constexpr Problem check(Shape) { return options::template check<BatchNormalizationConfig>(); }
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    const Shape channels{in.channels()};
    Parameters list;
    if (scaling) list.add({"gamma", channels, {Initializer::ones}});
    if (centering) list.add({"beta", channels, {Initializer::zeros}});
    list.add({"moving_mean", channels, {Initializer::zeros}, false});
    list.add({"moving_variance", channels, {Initializer::ones}, false});
    return list;
  }
  /// Of the batch: the mean's centre, variance, scale and the mean's rest; then the offset of forward, or b and c of
  /// backward.
  static constexpr std::size_t saved_size(Shape in, std::size_t) { return 6 * channels(in); }
  static constexpr std::size_t gathered_size(Shape in) { return 1 + 2 * channels(in); }
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return 2 * channels(in);
  }
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    return channels(in);
  }

  /// Inference is y = scale[c] x + shift[c].
  template <class T>
  static void affine(Shape in, const T* const* parameters, T* scale, T* shift) {
    using V = simd::Vector<T>;
    find_scale<V>(channels(in), scale, parameters, parameters[mean_index + 1]);
    find_shift<V>(channels(in), shift, parameters, parameters[mean_index], static_cast<const T*>(scale));
  }

  template <class Call>
  static void forward(const Call& call) {
    constexpr Shape in = Call::input_shape;
    typename Call::Scalar *scale = call.scratch, *shift = scale + channels(in);
    affine(in, call.parameters, scale, shift);
    apply<Call>(call, scale, shift);
  }

  /// Algorithm 1 of the paper.
  template <class Call>
  static void gather(const Call& call) {
    constexpr Shape in = Call::input_shape;
    using Runs = kernels::ImageRuns<in, Call::input_border>;
    Runs::each(call.batch, detail::part_of(call), [&](typename Runs::Run r) {
      kernels::add_moments<typename Call::Vector, in.channels()>(
          r.pixels, call.input + r.template offset<Call::input_border>(), call.gathered);
    });
  }

  /// (count, mean, Σ (x - mean)²) is (count, Σ x, Σ x²).
  static void to_sums(Shape in, double* moments) {
    double *sum = moments + 1, *squares = sum + channels(in);
    for (std::size_t c = 0; c < channels(in); ++c) squares[c] += moments[0] * sum[c] * sum[c], sum[c] *= moments[0];
  }
  static void from_sums(Shape in, double* sums) {
    double *mean = sums + 1, *about = mean + channels(in);
    for (std::size_t c = 0; c < channels(in); ++c) mean[c] /= sums[0], about[c] -= sums[0] * mean[c] * mean[c];
  }

  template <class Call>
  static void conclude(const Call& call) {
    using V = typename Call::Vector;
    using T = typename Call::Scalar;
    constexpr int C = Call::input_shape.channels();
    std::array<double, kernels::moments_size<C>> moments{};
    for (const double* thread : call.gathered) kernels::merge_moments<C>(thread, moments.data());
    T *centre = call.saved, *variance = centre + C, *scale = variance + C, *rest = scale + C, *offset = rest + C;
    for (std::size_t c = 0; c < C; ++c) {
      const kernels::Mean<T> mean(moments[1 + c]);
      centre[c] = mean.centre;
      rest[c] = mean.rest;
      variance[c] = static_cast<T>((std::max)(moments[1 + C + c] / moments[0], 0.0));  // a NaN stays
    }
    find_scale<V>(C, scale, call.parameters, static_cast<const T*>(variance));
    find_shift<V>(C, offset, call.parameters, static_cast<const T*>(rest), static_cast<const T*>(scale));
  }

  template <class Call>
  static void forward_training(const Call& call) {
    constexpr std::size_t C = channels(Call::input_shape);
    normalise<Call>(call, call.saved, call.saved + 2 * C, call.saved + 4 * C);
  }

  /// §3 of the paper: with d_beta = Σ dy and d_gamma = Σ dy (x - mean) / sqrt(variance + epsilon), gathered to
  /// dx = scale dy + b (x - mean) + c.
  template <class Call>
  static void gather_gradients(const Call& call) {
    constexpr Shape in = Call::input_shape;
    constexpr int C = in.channels();
    using Runs = kernels::ImageRuns<in, Call::input_border, Call::output_gradient_border>;
    Runs::each(call.batch, detail::part_of(call), [&](typename Runs::Run r) {
      kernels::add_channel_sums<typename Call::Vector, C, kernels::GradientSums>(
          r.pixels,
          std::array{call.output_gradient + r.template offset<Call::output_gradient_border>(),
                     call.input + r.template offset<Call::input_border>()},
          std::array<const typename Call::Scalar*, 1>{call.saved}, std::array{call.gathered, call.gathered + C});
    });
  }

  template <class Call>
  static void conclude_gradients(const Call& call) {
    using T = typename Call::Scalar;
    constexpr std::size_t C = channels(Call::input_shape);
    const T *variance = call.saved + C, *scale = variance + C, *rest = scale + C;
    T *b = call.saved + 4 * C, *c = b + C;
    const double share = 1.0 / static_cast<double>(call.batch * Call::input_shape.positions());
    for (std::size_t i = 0; i < C; ++i) {
      double d_beta = 0, d_gamma = 0;
      for (const double* thread : call.gathered) d_beta += thread[i], d_gamma += thread[C + i];
      const double inverse = 1 / std::sqrt(static_cast<double>(variance[i]) + epsilon);
      d_gamma = (d_gamma - rest[i] * d_beta) * inverse;  // about the mean instead of its centre
      if constexpr (scaling) call.parameter_gradients[0][i] += static_cast<T>(d_gamma);
      if constexpr (centering) call.parameter_gradients[scaling][i] += static_cast<T>(d_beta);
      const double slope = -scale[i] * d_gamma * inverse * share;
      b[i] = static_cast<T>(slope);
      c[i] = static_cast<T>(-scale[i] * d_beta * share - slope * rest[i]);
    }
  }

  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    if constexpr (Call::fixed) scale_gradient<Call>(call, call.scratch);
    else differentiate<Call>(call);
  }

  template <class Call>
  static void update_state(const Call& call) {
    constexpr std::size_t C = channels(Call::input_shape);
    for (std::size_t i = 0; i < 2; ++i) {
      auto *moving = call.parameters[mean_index + i];
      const auto *batch = call.saved + i * C;
      for (std::size_t c = 0; c < C; ++c)
        moving[c] = static_cast<typename Call::Scalar>(momentum * moving[c] + (1 - momentum) * batch[c]);
    }
  }

 private:
  static constexpr double momentum = config.momentum.value, epsilon = config.epsilon.value;
  static constexpr bool scaling = config.scale == Scaling::on, centering = config.center == Centering::on;
  static constexpr std::size_t mean_index = scaling + centering;

  static constexpr std::size_t channels(Shape in) { return static_cast<std::size_t>(in.channels()); }

  /// gamma / sqrt(variance + epsilon).
  template <class V, class T>
  static STRATA_NOINLINE void find_scale(std::size_t count, T* scale, const T* const* parameters, const T* variance) {
    const auto scaled = [](V x, V var) { return x / simd::sqrt(var + V(static_cast<T>(epsilon))); };
    if constexpr (scaling) kernels::map<V>(count, scaled, scale, parameters[0], variance);
    else kernels::map<V>(count, [&](V var) { return scaled(V(1), var); }, scale, variance);
  }

  /// beta - mean scale.
  template <class V, class T>
  static STRATA_NOINLINE void find_shift(std::size_t count, T* shift, const T* const* parameters, const T* mean,
                                         const T* scale) {
    const auto f = [](V centre, V factor, V from) { return simd::neg_fma(centre, factor, from); };
    if constexpr (centering) kernels::map<V>(count, f, shift, mean, scale, parameters[scaling]);
    else kernels::map<V>(count, [&](V centre, V factor) { return f(centre, factor, V(0)); }, shift, mean, scale);
  }

  template <class Call, class T = typename Call::Scalar, class V = typename Call::Vector>
  static STRATA_NOINLINE void apply(const Call& call, const T* scale, const T* shift) {
    const auto f = [](V v, V factor, V offset) STRATA_INLINE_LAMBDA { return simd::fma(factor, v, offset); };
    kernels::map_images<V, Call::input_shape, Call::output_border, Call::input_border>(
        call.batch, f, call.output, std::array{call.input}, std::array{scale, shift}, detail::part_of(call));
  }

  template <class Call, class T = typename Call::Scalar, class V = typename Call::Vector>
  static STRATA_NOINLINE void normalise(const Call& call, const T* centre, const T* scale, const T* offset) {
    const auto f = [](V v, V mean, V factor, V rest) STRATA_INLINE_LAMBDA { return simd::fma(v - mean, factor, rest); };
    kernels::map_images<V, Call::input_shape, Call::output_border, Call::input_border>(
        call.batch, f, call.output, std::array{call.input}, std::array{centre, scale, offset}, detail::part_of(call));
  }

  template <class Call, class T = typename Call::Scalar, class V = typename Call::Vector>
  static STRATA_NOINLINE void differentiate(const Call& call) {
    constexpr std::size_t C = channels(Call::input_shape);
    const T* const saved = call.saved;
    const auto gradient = [](V g, V v, V centre, V from_g, V from_v, V offset) STRATA_INLINE_LAMBDA {
      return simd::fma(from_g, g, simd::fma(from_v, v - centre, offset));
    };
    kernels::map_images<V, Call::input_shape, Call::input_gradient_border, Call::output_gradient_border,
                        Call::input_border>(
        call.batch, gradient, call.input_gradient, std::array{call.output_gradient, call.input},
        std::array<const T*, 4>{saved, saved + 2 * C, saved + 4 * C, saved + 5 * C}, detail::part_of(call));
  }

  /// dx = scale dy, as in `affine`.
  template <class Call, class T = typename Call::Scalar, class V = typename Call::Vector>
  static STRATA_NOINLINE void scale_gradient(const Call& call, T* scale) {
    find_scale<V>(channels(Call::input_shape), scale, call.parameters, call.parameters[mean_index + 1]);
    const auto gradient = [](V g, V factor) STRATA_INLINE_LAMBDA { return V(factor * g); };
    kernels::map_images<V, Call::input_shape, Call::input_gradient_border, Call::output_gradient_border>(
        call.batch, gradient, call.input_gradient, std::array{call.output_gradient}, std::array<const T*, 1>{scale},
        detail::part_of(call));
  }
};

using BatchNorm = BatchNormWith<>;

}  // namespace strata
