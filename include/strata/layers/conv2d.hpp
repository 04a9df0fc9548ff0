// Conv2D: y[o] = bias[o] + sum over the window and its channels of x * kernel[..., o].
//
//     Conv2D<32, 3>                                             32 filters of 3x3
//     Conv2D<64, Kernel{3, 5}, Same, Strides{2}, NoBias>        options in any order
//     Conv2D<32, 3, Same, activation<ReLU>>                     Keras' activation='relu'
//
// Defaults: stride 1, Valid, dilation 1, one group, bias, Glorot uniform kernel, zero bias.
// Keras: Conv2D. ONNX: Conv.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/arena.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/window.hpp>
#include <strata/kernels/convolution.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/layers/fused_activation.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

template <int Filters, auto KernelSize, auto... Given>
struct Conv2D;

namespace detail {
template <int Filters, auto KernelSize>
struct RebuildConv2D {
  template <class... Option>
  using with = Conv2D<Filters, KernelSize, Option::value...>;
};
}  // namespace detail

template <int Filters, auto KernelSize, auto... Given>
struct Conv2D : detail::FusedActivation<detail::RebuildConv2D<Filters, KernelSize>::template with, Given...> {
  static constexpr const char* class_name = "Conv2D";
  static constexpr Kind kind = Kind::linear;
  static constexpr Needs backward_needs{.input = true, .output = false};

  using options = LayerOptions<Given...>;
  static constexpr Kernel kernel{KernelSize};
  static constexpr Strides strides = options::get(Strides{1});
  static constexpr Dilation dilation = options::get(Dilation{1});
  static constexpr int groups = options::get(Groups{1}).count;
  static constexpr Padding padding = options::get(Valid);
  static constexpr bool has_bias = options::get(Bias::on) == Bias::on;
  static constexpr double l2 = options::get(L2{0.0}).factor;

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<Padding, Strides, Dilation, Groups, Bias, L2>(
            "Same or Valid, Strides, Dilation, Groups, NoBias, L2, activation<...>"))
      return problem;
    if (const Problem problem = detail::image_problem("a convolution needs an image", in)) return problem;
    if (Filters <= 0)
      return {"the number of filters is not positive", "at least one filter", "give a positive number",
              Text() << Filters << " filters"};
    if (const Problem problem = detail::extent_problem("the kernel size is not positive", kernel)) return problem;
    if (const Problem problem = detail::extent_problem("the strides are not positive", strides)) return problem;
    if (const Problem problem = detail::extent_problem("the dilation is not positive", dilation)) return problem;
    if ((strides.height > 1 || strides.width > 1) && (dilation.height > 1 || dilation.width > 1))
      return {"strides and dilation together", "one of them to be 1", "drop Strides or Dilation",
              Text() << "strides " << strides.height << 'x' << strides.width << " and dilation " << dilation.height
                     << 'x' << dilation.width};
    if (groups <= 0 || in.channels() % groups != 0)
      return {"the groups do not divide the input channels",
              Text() << "input channels that are a multiple of " << groups, "change Groups or the layer before"};
    if (Filters % groups != 0)
      return {"the groups do not divide the filters", Text() << "filters that are a multiple of " << groups,
              "change Groups or the number of filters", Text() << Filters << " filters"};
    if (const Window w = window(in); padding == Valid && (w.reach.height > in.height() || w.reach.width > in.width()))
      return {"the kernel is larger than the input",
              Text() << "an input of at least " << w.reach.height << 'x' << w.reach.width,
              "use Same padding or a smaller kernel"};
    return {};
  }

  static constexpr Shape output_shape(Shape in) {
    const Window w = window(in);
    return {w.out.height, w.out.width, Filters};
  }

  static constexpr Parameters parameters(Shape in) {
    const int field = kernel.height * kernel.width;
    Parameter weights{.name = "kernel",
                            .shape = {kernel.height, kernel.width, in.channels() / groups, Filters},
                            .initializer = {Initializer::glorot_uniform, 1.0 * field * in.channels() / groups,
                                            1.0 * field * Filters},
                            .l2 = l2};
    if (!has_bias) return {weights};
    return {weights, Parameter{.name = "bias", .shape = {Filters}}};
  }

  static constexpr std::size_t macs(Shape in) {
    return output_shape(in).size() * static_cast<std::size_t>(kernel.height * kernel.width * in.channels() / groups);
  }

  /// Zeros that inference likes to have around its input.
  static constexpr Border border(Shape in) {
    const Window w = window(in);
    return {w.before.height, w.before.width, w.after.height, w.after.width};
  }

  // Training. Forward's weights are packed only where an algorithm changes them; backward's are those of the convolution
  // that takes the output's gradient to the input's.

  template <class V>
  static constexpr std::size_t prepared_size(Shape in) {
    return forward_weights<V>(in) + kernels::convolution_weights_size<V>(turned_geometry(in));
  }
  /// The padded input, the kernel's own.
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return padded_size<V>(in) + kernels::convolution_scratch_size<V>(geometry(in));
  }
  /// The padded input, the spread gradient, the kernels' own.
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    return padded_size<V>(in) + spread_size<V>(in) +
           std::max(kernels::winograd_form<V>(geometry(in)).tile > 0
                        ? kernels::winograd_gradient_scratch_size<V>(kernels::winograd_form<V>(geometry(in)))
                        : 0,
                    kernels::convolution_scratch_size<V>(turned_geometry(in)));
  }
  template <class V>
  static constexpr std::size_t accumulator_size(Shape in) {
    const kernels::WinogradGeometry w = kernels::winograd_form<V>(geometry(in));
    return w.tile > 0 ? kernels::winograd_gradient_size<V>(w) : 0;
  }

  template <class Call>
  static void prepare(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape;
    using Forward = kernels::Convolution<V, geometry(in)>;
    using Turned = kernels::Convolution<V, turned_geometry(in)>;
    if constexpr (Forward::is_winograd)
      kernels::winograd_prepare<V, Forward::winograd>(call.parameters[0], false, call.prepared);
    if (!call.training) return;
    auto* const packed = call.prepared + forward_weights<V>(in);
    if constexpr (Turned::is_winograd)
      kernels::winograd_prepare<V, Turned::winograd>(call.parameters[0], true, packed);
    else
      Turned::pack(
          [&](int group, int ky, int kx, int from, int to) {
            constexpr kernels::ConvGeometry g = geometry(in);
            const int tap = g.kernel_height * g.kernel_width - 1 - (ky * g.kernel_width + kx);
            return call.parameters[0][(tap * g.in_channels + to) * Filters + group * g.out_channels + from];
          },
          packed);
  }

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape;
    using Forward = kernels::Convolution<V, geometry(in)>;
    const auto* const weights = Forward::is_winograd ? call.prepared : call.parameters[0];
    for (std::size_t n = 0; n < call.batch; ++n)
      Forward::template run<Identity, kernels::Weights::keras>(
          1, {padded_image<in>(call.input + n * in.size(), call.scratch)}, weights,
          has_bias ? call.parameters[1] : nullptr, {call.output + n * Call::output_shape.size()}, {},
          call.scratch + padded_size<V>(in));
  }

  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    using T = typename Call::Scalar;
    constexpr Shape in = Call::input_shape;
    constexpr Shape out = Call::output_shape;
    using Forward = kernels::Convolution<V, geometry(in)>;
    using Turned = kernels::Convolution<V, turned_geometry(in)>;
    T* const padded_input = call.scratch;
    T* const spread_gradient = padded_input + padded_size<V>(in);
    T* const rest = spread_gradient + spread_size<V>(in);
    for (std::size_t n = 0; n < call.batch; ++n) {
      const T* gradient = call.output_gradient + n * out.size();
      const T* image = padded_image<in>(call.input + n * in.size(), padded_input);
      if constexpr (Forward::is_winograd)
        kernels::winograd_accumulate<V, Forward::winograd>(image, gradient, call.accumulator, rest);
      else
        kernels::accumulate_weight_gradient<V, geometry(in)>(image, gradient, call.parameter_gradients[0]);
      if (call.input_gradient == nullptr) continue;
      kernels::place_image<spread(in)>(gradient, spread_gradient);
      Turned::template run<Identity>(1, {spread_gradient}, call.prepared + forward_weights<V>(in), nullptr,
                                     {call.input_gradient + n * in.size()}, {}, rest);
    }
    if constexpr (has_bias)
      kernels::add_channel_sums<V, Filters>(call.batch * out.positions(), call.output_gradient,
                                            call.parameter_gradients[1]);
  }

  template <class Call>
  static void finish_gradients(const Call& call) {
    using V = typename Call::Vector;
    using Forward = kernels::Convolution<V, geometry(Call::input_shape)>;
    if constexpr (Forward::is_winograd)
      kernels::winograd_weight_gradient<V, Forward::winograd>(call.accumulator, call.parameter_gradients[0]);
  }

  /// Bias, then weights, both with the scale and shift of a following normalisation folded in.
  template <class Target>
  static constexpr std::size_t packed_size(Shape in) {
    return bias_size<Target> + kernels::convolution_weights_size<typename Target::Vector>(geometry(in), choice<Target>);
  }
  template <class Target>
  static constexpr int packing(Shape in) {
    return kernels::winograd_form<typename Target::Vector>(geometry(in), choice<Target>).tile;
  }

  template <class Target>
  static constexpr Text kernel_name(Shape in) {
    return kernels::convolution_name<typename Target::Vector>(geometry(in), choice<Target>);
  }

  template <class Target, Shape in, class T>
  static void pack(const T* const* parameters, const T* scale, const T* shift, T* packed) {
    constexpr kernels::ConvGeometry g = geometry(in);
    for (int o = 0; o < Filters; ++o)
      packed[o] = (has_bias ? parameters[1][o] : T(0)) * (scale ? scale[o] : T(1)) + (shift ? shift[o] : T(0));
    kernels::Convolution<typename Target::Vector, g, choice<Target>>::pack(
        [&](int group, int ky, int kx, int from, int to) {
          const int filter = group * g.out_channels + to;
          return parameters[0][((ky * g.kernel_width + kx) * g.in_channels + from) * Filters + filter] *
                 (scale ? scale[filter] : T(1));
        },
        packed + bias_size<Target>);
  }

  /// The input with its padding, where it does not lie in a border, and the kernel's own.
  template <class Call>
  static constexpr std::size_t infer_scratch_size(std::size_t batch) {
    return copy_size<Call>(batch) + kernels::convolution_scratch_size<typename Call::Vector>(
                                        infer_geometry<Call, Identity>(), choice<typename Call::target>);
  }

  template <class Epilogue, class Call>
  static void infer(const Call& call) {
    constexpr Shape in = Call::input_shape;
    kernels::Images<const typename Call::Scalar> x{call.input, call.input_step};
    if constexpr (lies_ready<Call>) {
      x.data -= window(in).before.height * row_of(in, Call::input_border) + window(in).before.width * in.channels();
    } else {
      for (std::size_t n = 0; n < call.batch; ++n)
        kernels::place_image<padded(in)>(call.input + n * call.input_step, call.scratch + n * padded(in).size());
      x = {call.scratch, padded(in).size()};
    }
    Inference<Call, Epilogue>::template run<Epilogue>(
        call.batch, x, call.packed + bias_size<typename Call::target>, call.packed, {call.output, call.output_step},
        {call.residual, call.residual_step}, call.scratch + copy_size<Call>(call.batch));
  }

 private:
  template <class Target>
  static constexpr kernels::ConvChoice choice{.exact = Target::exact, .samples = Target::samples};

  static constexpr Window window(Shape in) { return window_over(in, kernel, strides, dilation, padding); }

  static constexpr kernels::Placement padded(Shape in) {
    const Window w = window(in);
    return {.height = in.height(), .width = in.width(), .channels = in.channels(),
            .out_height = in.height() + w.before.height + w.after.height,
            .out_width = in.width() + w.before.width + w.after.width,
            .top = w.before.height, .left = w.before.width};
  }

  template <Shape in, class T>
  static const T* padded_image(const T* image, T* scratch) {
    if constexpr (padded(in).trivial()) return image;
    kernels::place_image<padded(in)>(image, scratch);
    return scratch;
  }

  template <class V>
  static constexpr std::size_t padded_size(Shape in) {
    return padded(in).trivial() ? 0 : aligned_size<typename V::value_type>(padded(in).size());
  }
  template <class V>
  static constexpr std::size_t spread_size(Shape in) {
    return aligned_size<typename V::value_type>(spread(in).size());
  }
  template <class V>
  static constexpr std::size_t forward_weights(Shape in) {
    return kernels::winograd_form<V>(geometry(in)).tile > 0
               ? aligned_size<typename V::value_type>(kernels::convolution_weights_size<V>(geometry(in)))
               : 0;
  }

  static constexpr kernels::ConvGeometry geometry(Shape in) {
    return geometry(in, padded(in).out_width * in.channels(), window(in).out.width * Filters);
  }
  static constexpr kernels::ConvGeometry geometry(Shape in, int row, int out_row, int residual_row = 0) {
    const Window w = window(in);
    kernels::ConvGeometry g{.out_height = w.out.height, .out_width = w.out.width,
                            .kernel_height = kernel.height, .kernel_width = kernel.width,
                            .stride_height = strides.height, .stride_width = strides.width,
                            .dilation_height = dilation.height, .dilation_width = dilation.width,
                            .groups = groups, .in_channels = in.channels() / groups, .out_channels = Filters / groups,
                            .row = row, .out_row = out_row};
    const bool pointwise = kernel == Kernel{1} && strides == Strides{1};
    const bool gapless = row == in.width() * in.channels() && out_row == in.width() * Filters &&
                         (residual_row == 0 || residual_row == out_row);
    if (pointwise && gapless) {  // pixels need no rows
      g.out_width *= g.out_height;
      g.out_height = 1;
      g.out_row = g.out_width * Filters;
    }
    return g;
  }

  /// The gradient by the output, spread by the strides, with room for the turned kernel around it: its convolution with
  /// that kernel is the gradient by the input.
  static constexpr kernels::Placement spread(Shape in) {
    const Window w = window(in);
    return {.height = w.out.height, .width = w.out.width, .channels = Filters,
            .out_height = in.height() + w.reach.height - 1, .out_width = in.width() + w.reach.width - 1,
            .top = w.reach.height - 1 - w.before.height, .left = w.reach.width - 1 - w.before.width,
            .spread_height = strides.height, .spread_width = strides.width};
  }

  static constexpr kernels::ConvGeometry turned_geometry(Shape in) {
    return {.out_height = in.height(), .out_width = in.width(),
            .kernel_height = kernel.height, .kernel_width = kernel.width,
            .stride_height = 1, .stride_width = 1,
            .dilation_height = dilation.height, .dilation_width = dilation.width,
            .groups = groups, .in_channels = Filters / groups, .out_channels = in.channels() / groups,
            .row = spread(in).out_width * Filters, .out_row = in.width() * in.channels()};
  }

  // Inference: the geometry depends on the borders of input, output and residual.
  template <class Call>
  static constexpr bool lies_ready = Call::input_border.covers(border(Call::input_shape));
  template <class Call, class Epilogue>
  static constexpr kernels::ConvGeometry infer_geometry() {
    constexpr Shape in = Call::input_shape;
    int residual_row = 0;
    if constexpr (has_residual<Epilogue>) residual_row = Epilogue::residual_row;
    return geometry(in, lies_ready<Call> ? row_of(in, Call::input_border) : padded(in).out_width * in.channels(),
                    row_of(Call::output_shape, Call::output_border), residual_row);
  }
  template <class Call, class Epilogue>
  using Inference =
      kernels::Convolution<typename Call::Vector, infer_geometry<Call, Epilogue>(), choice<typename Call::target>>;

  template <class Call>
  static constexpr std::size_t copy_size(std::size_t batch) {
    return lies_ready<Call> ? 0 : aligned_size<typename Call::Scalar>(batch * padded(Call::input_shape).size());
  }
  template <class Target>
  static constexpr std::size_t bias_size =
      aligned_size<typename Target::Vector::value_type>(static_cast<std::size_t>(Filters));
};

}  // namespace strata
