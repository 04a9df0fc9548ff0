// What convolutions of images and of sequences share: from a layer's options to the geometry of a kernel.
// y[o] = bias[o] + sum over the window and its group's channels of x * kernel[..., o].
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
#include <strata/layers/bias_gradient.hpp>
#include <strata/layers/linear.hpp>
#include <strata/layers/problems.hpp>

namespace strata::detail {

/// `Derived` has a config, says how many filters(in) and groups(in) there are, and declares its parameters: the kernel,
/// whose memory is (kernel_height, kernel_width, channels of a group, filters), and the bias.
template <class Derived>
struct Convolution2D {
  using itself = Derived;
  static constexpr Kind kind = Kind::linear;
  static constexpr Needs backward_needs{.input = true, .output = false};
  static constexpr Views views = Views::always;
  static constexpr bool pads_input = true, freezes = true, shares = true;

  /// Of what both have in common.
  static constexpr Problem check_window(Shape in) {
    constexpr auto config = on_image(Derived::config);
    constexpr Kernel kernel = config.kernel_size;
    constexpr Strides strides = config.strides;
    constexpr Dilation dilation = config.dilation_rate;
    if (const Problem problem = needs_image(in)) return problem;
    if (config.padding == Causal && config.schema.dimensions != 1)
      return {"causal padding of an image", "Same or Valid", "choose Same or Valid", "Causal"};
    if (const Problem problem = extent_problem("the kernel size is not positive", in, kernel)) return problem;
    if (const Problem problem = extent_problem("the strides are not positive", in, strides)) return problem;
    if (const Problem problem = extent_problem("the dilation is not positive", in, dilation)) return problem;
    if ((strides.height > 1 || strides.width > 1) && (dilation.height > 1 || dilation.width > 1))
      return {"strides and dilation together", "one of them to be 1", "drop Strides or Dilation",
              Text() << "strides " << strides.height << 'x' << strides.width << " and dilation " << dilation.height
                     << 'x' << dilation.width};
    if (const Problem problem = padding_problem(config.padding, in, config.pad)) return problem;
    return fit_problem("the kernel is larger than the input", "use Same padding or a smaller kernel", in, window(in));
  }

  static constexpr Problem needs_image(Shape in) {
    return dimensions_problem(Derived::config, "a convolution needs an image", "a 1-D convolution needs a sequence",
                              in);
  }
  static constexpr Shape output_shape(Shape in) {
    const Window w = window(in);
    return image_like(in, w.out.height, w.out.width, Derived::filters(in));
  }
  static constexpr std::size_t macs(Shape in) {
    constexpr Kernel kernel = on_image(Derived::config).kernel_size;
    return output_shape(in).size() * Shape{kernel.height, kernel.width, in.channels() / Derived::groups(in)}.size();
  }

  /// Zeros that inference likes to have around its input.
  static constexpr Border border(Shape in) {
    const Window w = window(in);
    return {w.before.height, w.before.width, w.after.height, w.after.width};
  }

  /// A large image can be made row by row.
  static constexpr RowWindow row_window(Shape in) {
    constexpr auto config = on_image(Derived::config);
    const Window w = window(in);
    if (!kernels::works_by_rows(geometry(in), w.out.width)) return {};
    return {w.reach.height, config.strides.height, w.before.height};
  }

  /// And backward around the output's gradient.
  static constexpr Border gradient_border(Shape in) {
    const kernels::Placement p = input_gradient(in).placement();
    if (geometry(in).out_height != window(in).out.height) return {};  // pixels without rows
    return {p.top, p.left, p.out_height - p.top - p.height, p.out_width - p.left - p.width};
  }

  // Training. Forward's weights are packed only where an algorithm changes them; backward's are those of the
  // convolution that takes the output's gradient to the input's.

  static constexpr bool batched(Shape in) { return !kernels::shares_rows(geometry(in)); }
  template <class V>
  static constexpr std::size_t prepared_size(Shape in) {
    return forward_weights<V>(in) + gradient_plan<V>(in).weights_size;
  }
  /// The padded input, the kernel's own.
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return padded_size<V>(in) + (plan<V>(in).tile > 0 ? plan<V>(in).scratch_size : 0);
  }
  /// The padded input, the placed gradient, the kernels' own.
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    return padded_size<V>(in) + placed_size<V>(in) +
           (std::max)(plan<V>(in).sums_scratch_size, gradient_plan<V>(in).scratch_size);
  }
  template <class V>
  static constexpr std::size_t accumulator_size(Shape in) {
    return plan<V>(in).sums_size;
  }

  template <class Call>
  static void prepare(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape;
    if constexpr (constexpr kernels::ConvPlan p = plan<V>(in); p.tile > 0)
      kernels::winograd_prepare<V, p.winograd()>(call.parameters[0], false, call.prepared, part_of(call));
    if (call.training)
      kernels::prepare_turned_weights<V, input_gradient(in)>(call.parameters[0],
                                                             call.prepared + forward_weights<V>(in), part_of(call));
  }

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape, out = Call::output_shape;
    constexpr kernels::ConvGeometry g = call_geometry<Call, Identity>(true);
    constexpr int tile = plan<V>(in).tile;
    constexpr std::size_t step = bordered_size(out, Call::output_border);
    const std::size_t together = lies_ready<Call> ? call.batch : 1;  // else each in turn, placed before
    for (std::size_t n = 0; n < call.batch; n += together)
      kernels::Convolution<V, g, tile>::template run<Identity, kernels::Weights::keras>(
          together, padded_images(call, n), tile > 0 ? call.prepared : call.parameters[0],
          has_bias() ? call.parameters[1] : nullptr, {call.output + n * step, step}, {},
          call.scratch + padded_size<V>(in), part_of(call));
  }

  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape, out = Call::output_shape;
    constexpr Border border = Call::output_gradient_border;
    constexpr kernels::ConvGeometry g =
        call_geometry<Call, Identity, border>(row_of(out, border) == out.width() * pixel_of(out, border));
    constexpr kernels::InputGradient d = input_gradient(in, border);
    constexpr bool places = border == Border{} && !d.placement().trivial();
    constexpr std::size_t step = bordered_size(out, border), x_step = bordered_size(in, Call::input_gradient_border);
    auto *const placed_gradient = call.scratch + padded_size<V>(in), *const rest = placed_gradient + placed_size<V>(in);
    const std::size_t together = lies_ready<Call> && !places ? call.batch : 1;
    for (std::size_t n = 0; n < call.batch; n += together) {
      const auto* gradient = call.output_gradient + n * step;
      if constexpr (!Call::fixed)
        kernels::add_weight_gradient<V, plan<V>(in), g>(
            together, padded_images(call, n), {gradient, step}, call.parameter_gradients[0], call.accumulator, rest,
            part_of(call));
      if (call.input_gradient == nullptr) continue;
      if constexpr (places) {
        kernels::place_image<d.placement()>(gradient, placed_gradient);
        gradient = kernels::image_in<d.placement()>(placed_gradient);
      }
      kernels::input_gradient_of<V, d>(together, {gradient, step}, call.prepared + forward_weights<V>(in),
                                       {call.input_gradient + n * x_step, x_step}, rest, part_of(call));
    }
    if constexpr (has_bias() && !Call::fixed) add_bias_gradient(call, call.parameter_gradients[1]);
  }

  template <class Call>
  static void finish_gradients(const Call& call) {
    using V = typename Call::Vector;
    kernels::finish_weight_gradient<V, plan<V>(Call::input_shape)>(call.accumulator, call.parameter_gradients[0],
                                                                    part_of(call));
  }

  // Inference. Packed are the bias, then the weights, both with the scale and shift of a following normalisation.

  template <class Target>
  static constexpr std::size_t packed_size(Shape in) {
    const kernels::ConvPlan plan = plan_for<Target>(in);
    return plan.bias_size<typename Target::Vector>() + plan.weights_size;
  }
  static constexpr std::size_t weights_size(Shape in, int largest_tile) {
    return static_cast<std::size_t>(Derived::filters(in)) +
           kernels::most_convolution_weights(geometry(in), largest_tile);
  }
  template <class Target>
  static constexpr int packing(Shape in) {
    return plan_for<Target>(in).tile;
  }
  template <class Target>
  static constexpr Text kernel_name(Shape in) {
    return plan_for<Target>(in).template name<typename Target::Vector>();
  }

  template <class Target, Shape in, class T>
  static void pack(const T* const* parameters, const T* scale, const T* shift, T* packed) {
    constexpr kernels::ConvGeometry g = geometry(in);
    constexpr kernels::ConvPlan plan = plan_for<Target>(in);
    constexpr int filters = Derived::filters(in);
    const Folded<T, Derived::config.use_bias> folded{parameters, scale, shift};
    for (int o = 0; o < plan.biases(); ++o) packed[o] = folded.bias(o % filters);
    const auto weight = [&](int group, int ky, int kx, int from, int to) {
      const int filter = group * g.out_channels + to;
      return folded.weight(((ky * g.kernel_width + kx) * g.in_channels + from) * filters + filter, filter);
    };
    using V = typename Target::Vector;
    kernels::Convolution<V, g, plan.tile, plan.joined, plan.lines>::pack(weight, packed + plan.template bias_size<V>());
  }

  /// The input with its padding, where it does not lie in a border, and the kernel's own.
  template <class Call>
  static constexpr std::size_t infer_scratch_size(std::size_t batch) {
    return copy_size<Call>(batch) + plan_for<typename Call::target>(Call::input_shape).scratch_size;
  }

  template <class Epilogue, class Call>
  static void infer(const Call& call) {
    constexpr Shape in = Call::input_shape;
    using V = typename Call::Vector;
    constexpr kernels::ConvPlan plan = plan_for<typename Call::target>(in);
    kernels::Images<const typename Call::Scalar> x{call.input, call.input_step};
    if constexpr (lies_ready<Call>) {
      x.data -= padding_offset<Call>;
    } else {
      constexpr kernels::Placement placement = padded(in, Call::input_border);
      for (std::size_t n = 0; n < call.batch; ++n)
        kernels::place_image<placement>(call.input + n * call.input_step, call.scratch + n * placement.size());
      x = {call.scratch, padded(in).size()};
    }
    constexpr kernels::ConvGeometry g = call_geometry<Call, Epilogue>(!Call::by_rows);
    kernels::Convolution<V, g, plan.tile, plan.joined, plan.lines>::template run<Epilogue>(
        call.batch, x, call.packed + plan.template bias_size<V>(), call.packed, {call.output, call.output_step},
        {call.residual, call.residual_step}, call.scratch + copy_size<Call>(call.batch), part_of(call));
  }

 protected:
  /// The kernel, from `from` channels to `to`, and the bias.
  static constexpr Parameters parameters(Shape in, int from, int to, L2 regularizer) {
    const auto [height, width] = on_image(Derived::config).kernel_size;
    const double field = 1.0 * height * width;
    const Shape kernel = in.rank == 2 ? Shape{width, from, to} : Shape{height, width, from, to};
    constexpr Bias use = Derived::config.use_bias;
    return kernel_and_bias(kernel, field * from, field * to, regularizer, use, Derived::filters(in));
  }

 private:
  static constexpr bool has_bias() { return Derived::config.use_bias == Bias::on; }
  static constexpr Window window(Shape in) {
    constexpr auto config = on_image(Derived::config);
    return window_over(in, config.kernel_size, config.strides, config.dilation_rate, config.padding, config.pad);
  }

  /// Of training: forward and the gradient by the weights, then that by the input.
  template <class V>
  static constexpr kernels::ConvPlan plan(Shape in) {
    return kernels::plan_convolution<V>(geometry(in));
  }
  template <class V>
  static constexpr kernels::ConvPlan gradient_plan(Shape in) {
    return kernels::plan_convolution<V>(input_gradient(in));
  }
  /// Of inference.
  template <class Target>
  static constexpr kernels::ConvPlan plan_for(Shape in) {
    return kernels::plan_convolution<typename Target::Vector>(geometry(in), {Target::samples, Target::home});
  }

  static constexpr kernels::Placement padded(Shape in, Border border = Border{}) {
    const Window w = window(in);
    return {.height = in.height(), .width = in.width(), .channels = in.channels(),
            .out_height = in.height() + w.before.height + w.after.height,
            .out_width = in.width() + w.before.width + w.after.width,
            .top = w.before.height, .left = w.before.width, .gap = border.front + border.back};
  }
  /// Samples with their padding: in their borders, or one copied.
  template <class Call>
  static kernels::Images<const typename Call::Scalar> padded_images(const Call& call, std::size_t first) {
    constexpr std::size_t step = bordered_size(Call::input_shape, Call::input_border);
    const auto* const image = call.input + first * step;
    if constexpr (lies_ready<Call>) return {image - padding_offset<Call>, step};
    kernels::place_image<padded(Call::input_shape)>(image, call.scratch);
    return {call.scratch};
  }
  template <class V>
  static constexpr std::size_t padded_size(Shape in) {
    return padded(in).trivial() ? 0 : aligned_size<typename V::value_type>(padded(in).size());
  }
  template <class V>
  static constexpr std::size_t placed_size(Shape in) {
    const kernels::Placement p = input_gradient(in).placement();
    return p.trivial() ? 0 : aligned_size<typename V::value_type>(p.size());
  }
  template <class V>
  static constexpr std::size_t forward_weights(Shape in) {
    return plan<V>(in).tile > 0 ? aligned_size<typename V::value_type>(plan<V>(in).weights_size) : 0;
  }

  static constexpr kernels::ConvGeometry geometry(Shape in) {
    return geometry(in, padded(in).out_width * in.channels(), window(in).out.width * Derived::filters(in));
  }
  static constexpr kernels::ConvGeometry geometry(Shape in, int row, int out_row, int in_gap = 0, int out_gap = 0,
                                                  bool joins_rows = true, bool apart = false) {
    constexpr auto config = on_image(Derived::config);
    constexpr Kernel kernel = config.kernel_size;
    constexpr Strides strides = config.strides;
    constexpr Dilation dilation = config.dilation_rate;
    const Window w = window(in);
    const int groups = Derived::groups(in), filters = Derived::filters(in);
    const kernels::ConvGeometry g{
                            .out_height = w.out.height, .out_width = w.out.width,
                            .kernel_height = kernel.height, .kernel_width = kernel.width,
                            .stride_height = strides.height, .stride_width = strides.width,
                            .dilation_height = dilation.height, .dilation_width = dilation.width,
                            .groups = groups, .in_channels = in.channels() / groups, .out_channels = filters / groups,
                            .row = row, .out_row = out_row, .in_gap = in_gap, .out_gap = out_gap,
                            .largest_tile = Derived::options::get(LargestTile{4}).side};
    return joins_rows && padded(in).trivial() ? kernels::join_rows(g, apart) : g;
  }

  /// The gradient by the input, of the image without rows where geometry(in) has none; the output's is in its border.
  static constexpr kernels::InputGradient input_gradient(Shape in, Border border = Border{}) {
    const kernels::ConvGeometry g = geometry(in);
    const Window w = window(in);
    if (g.out_height == 1 && g.out_width > w.out.width) return kernels::input_gradient(g, 1, g.out_width, 0, 0);
    kernels::InputGradient d = kernels::input_gradient(g, in.height(), in.width(), w.before.height, w.before.width);
    if (border != Border{}) d.forward.out_row = row_of(output_shape(in), border);
    return d;
  }

  // The geometry of a call depends on the borders of input, output and residual.
  template <class Call>
  static constexpr bool lies_ready = Call::input_border.covers(border(Call::input_shape));
  /// Elements from the first cell of the padding to that of the image.
  template <class Call>
  static constexpr std::size_t padding_offset =
      static_cast<std::size_t>(window(Call::input_shape).before.height * row_of(Call::input_shape, Call::input_border) +
                               window(Call::input_shape).before.width *
                                   pixel_of(Call::input_shape, Call::input_border));
  template <class Call, class Epilogue, Border out_border = Call::output_border>
  static constexpr kernels::ConvGeometry call_geometry(bool joins_rows) {
    constexpr Shape in = Call::input_shape, out = Call::output_shape;
    bool apart = false;
    if constexpr (has_residual<Epilogue>) apart = Epilogue::residual_row != out.width() * Epilogue::residual_pixel;
    return geometry(in, lies_ready<Call> ? row_of(in, Call::input_border) : padded(in).out_width * in.channels(),
                    row_of(out, out_border), lies_ready<Call> ? pixel_of(in, Call::input_border) - in.channels() : 0,
                    pixel_of(out, out_border) - out.channels(), joins_rows, apart);
  }
  template <class Call>
  static constexpr std::size_t copy_size(std::size_t batch) {
    return lies_ready<Call> ? 0 : aligned_size<typename Call::Scalar>(batch * padded(Call::input_shape).size());
  }
};

}  // namespace strata::detail
