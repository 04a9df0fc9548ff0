// Dense: y = x W + b, a fully connected layer. On maps it acts on the channels of each position.
//
//     Dense<10>                          10 units
//     Dense<10, activation<Softmax>>     Keras' activation='softmax'
//
// Defaults: bias, Glorot uniform kernel (in, out), zero bias. Keras: Dense. ONNX: Gemm.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/kernels/dense.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/layers/fused_activation.hpp>
#include <strata/layers/linear.hpp>

namespace strata {

struct DenseConfig {
  static constexpr Schema schema{
      .spelling = "Dense<>", .keras = "Dense", .onnx = "Gemm", .arguments = 1, .activated = true};
  static constexpr const char* weight_names = "kernel bias:use_bias";
  int units = 0;
  Bias use_bias = Bias::on;
  L2 kernel_regularizer = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("units", c.units...), f("use_bias", c.use_bias...), f("kernel_regularizer", c.kernel_regularizer...);
  }
  void onnx(auto& out) const {
    if (out.in().rank == 1) {
      out("Gemm", out.dense()).with("transB", 1);
    } else {
      const std::string y = out("Conv", out.dense());
      if (out.in().rank > 4) out.as_output(y);
    }
  }
};

template <int Units, Spelled<"NoBias, L2{1e-4}, activation<ReLU>"> auto... Given>
struct Dense;

namespace detail {
template <int Units>
struct RebuildDense {
  template <class... Option>
  using with = Dense<Units, Option::value...>;
};
}  // namespace detail

template <int Units, Spelled<"NoBias, L2{1e-4}, activation<ReLU>"> auto... Given>
struct Dense : detail::FusedActivation<detail::RebuildDense<Units>::template with, Given...> {
  static constexpr const char* class_name = DenseConfig::schema.keras;
  using itself = Dense;
  static constexpr Kind kind = Kind::linear;
  static constexpr Needs backward_needs{.input = true, .output = false};
  static constexpr bool batched = true, freezes = true, shares = true;

  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(DenseConfig{.units = Units});

  static constexpr Problem check(Shape) {
    if (const Problem problem = options::template check<DenseConfig>()) return problem;
    if (Units <= 0)
      return {"the number of units is not positive", "at least one unit", "give a positive number",
              Text() << Units << " units"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    in.extents[static_cast<std::size_t>(in.rank - 1)] = Units;
    return in;
  }
  static constexpr Parameters parameters(Shape in) {
    return detail::kernel_and_bias({in.channels(), Units}, in.channels(), Units, config.kernel_regularizer,
                                   config.use_bias, Units);
  }
  static constexpr std::size_t macs(Shape in) { return in.size() * Units; }

  /// Part of the transposed weights.
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape) {
    return kernels::dense_scratch_size<V>(Units);
  }

  template <class Call>
  static void forward(const Call& call) {
    constexpr int features = Call::input_shape.channels();
    kernels::dense<typename Call::Vector, features, Units, kernels::Weights::keras, Identity>(
        rows(call), call.input, call.parameters[0], has_bias ? call.parameters[1] : nullptr, call.output, nullptr,
        detail::part_of(call));
  }

  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    constexpr int features = Call::input_shape.channels();
    if constexpr (!Call::fixed)
      kernels::dense_weight_gradient<V, features, Units>(rows(call), call.input, call.output_gradient,
                                                         call.parameter_gradients[0], detail::part_of(call));
    if constexpr (has_bias && !Call::fixed)
      if (detail::part_of(call).leads())
        kernels::add_channel_sums<V, Units>(rows(call), call.output_gradient, call.parameter_gradients[1]);
    if (call.input_gradient != nullptr)
      kernels::dense_input_gradient<V, features, Units>(rows(call), call.output_gradient, call.parameters[0],
                                                        call.input_gradient, call.scratch, detail::part_of(call));
  }

  /// Bias, then weights, both with the scale and shift of a following normalisation folded in.
  template <class Target>
  static constexpr std::size_t packed_size(Shape in) {
    const std::size_t weights =
        layout<typename Target::Vector>(in) == kernels::Weights::keras
            ? static_cast<std::size_t>(in.channels()) * Units
            : kernels::packed_weights_size<typename Target::Vector>(kernels::dense_geometry(in.channels(), Units, 1));
    return static_cast<std::size_t>(Units) + weights;
  }

  template <class Target, Shape in, class T>
  static void pack(const T* const* parameters, const T* scale, const T* shift, T* packed) {
    const detail::Folded<T, config.use_bias> folded{parameters, scale, shift};
    for (int o = 0; o < Units; ++o) packed[o] = folded.bias(o);
    T* const weights = packed + Units;
    if constexpr (layout<typename Target::Vector>(in) == kernels::Weights::keras)
      for (int from = 0; from < in.channels(); ++from)
        for (int to = 0; to < Units; ++to) weights[from * Units + to] = folded.weight(from * Units + to, to);
    else
      kernels::pack_weights<typename Target::Vector, kernels::dense_geometry(in.channels(), Units, 1)>(
          [&](int, int, int, int from, int to) { return folded.weight(from * Units + to, to); }, weights);
  }

  template <class Epilogue, class Call>
  static void infer(const Call& call) {
    constexpr Shape in = Call::input_shape;
    using kernels::DenseBatch;
    constexpr DenseBatch form =
        in.rank == 1 && Call::target::samples == 1 ? DenseBatch::single : DenseBatch::alike;
    const auto run = [&](std::size_t count, const auto* x, auto* y, const auto* residual) {
      kernels::dense<typename Call::Vector, in.channels(), Units, layout<typename Call::Vector>(in), Epilogue, form>(
          count, x, call.packed + Units, call.packed, y, residual, detail::part_of(call));
    };
    if constexpr (in.rank == 1) run(call.batch, call.input, call.output, call.residual);
    else each_run<Epilogue>(call, run);
  }

 private:
  static constexpr bool has_bias = config.use_bias == Bias::on;

  template <class Call>
  static constexpr std::size_t rows(const Call& call) {
    return call.batch * Call::input_shape.positions();
  }

  /// run(positions, input, output, residual) for positions of a map that follow each other in all of them.
  template <class Epilogue, class Call, class F>
  static void each_run(const Call& call, F run) {
    constexpr Shape in = Call::input_shape, out = Call::output_shape;
    constexpr auto features = static_cast<std::size_t>(in.channels());
    struct Steps {
      std::size_t row, pixel;
      constexpr Steps(int r, int p) : row(static_cast<std::size_t>(r)), pixel(static_cast<std::size_t>(p)) {}
    };
    constexpr Steps from{row_of(in, Call::input_border), pixel_of(in, Call::input_border)};
    constexpr Steps to{row_of(out, Call::output_border), pixel_of(out, Call::output_border)};
    constexpr Steps added = [=] {
      if constexpr (has_residual<Epilogue>) return Steps{Epilogue::residual_row, Epilogue::residual_pixel};
      else return to;
    }();
    constexpr auto width = static_cast<std::size_t>(in.width()), height = static_cast<std::size_t>(in.height());
    constexpr bool rows_follow = from.row == width * features && to.row == width * Units && added.row == to.row;
    constexpr bool pixels_follow = from.pixel == features && to.pixel == Units && added.pixel == Units;
    constexpr std::size_t length = !pixels_follow ? 1 : rows_follow ? height * width : width;
    for (std::size_t n = 0; n < call.batch; ++n)
      for (std::size_t p = 0; p < height * width; p += length) {
        const auto at = [=](Steps steps) { return p / width * steps.row + p % width * steps.pixel; };
        run(length, call.input + n * call.input_step + at(from), call.output + n * call.output_step + at(to),
            has_residual<Epilogue> ? call.residual + n * call.residual_step + at(added) : nullptr);
      }
  }

  /// Few units of many features stay without the padding of a last vector: there are fewer weights to read.
  template <class V>
  static constexpr kernels::Weights layout(Shape in) {
    return Units % simd::lanes<V> != 0 && Units < 2 * simd::lanes<V> && in.channels() >= 1024 ? kernels::Weights::keras
                                                                                             : kernels::Weights::packed;
  }
};

}  // namespace strata
