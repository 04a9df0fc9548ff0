// What the transposed convolutions have in common: the gradient of a convolution by its input, as a layer.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/window.hpp>
#include <strata/kernels/convolution.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/transposed.hpp>
#include <strata/layers/bias_gradient.hpp>
#include <strata/layers/linear.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

/// Keras `output_padding`: cells added to the output, below the strides. None: what the strides give.
struct OutputPadding : Extent {
  static constexpr const char* name = "OutputPadding";
  constexpr OutputPadding() : Extent(-1) {}
  constexpr OutputPadding(int side) : Extent(side) {}
  constexpr OutputPadding(int h, int w) : Extent(h, w) {}
  constexpr bool given() const { return width != -1; }
};

namespace detail {

/// The adjoint is the convolution from an image like the output to one like the input, with the same kernel.
template <auto Config, int largest_tile>
struct TransposedConvolution {
  using itself = TransposedConvolution;
  static constexpr Kind kind = Kind::linear;
  static constexpr Needs backward_needs{.input = true, .output = false};
  static constexpr Views views = Views::always;
  static constexpr bool freezes = true;

  static constexpr Problem check(Shape in) {
    if (const Problem problem = dimensions_problem(Config, "a convolution needs an image",
                                                   "a 1-D convolution needs a sequence", in))
      return problem;
    if (filters <= 0)
      return {"the number of filters is not positive", "at least one filter", "give a positive number",
              Text() << filters << " filters"};
    if (const Problem problem = extent_problem("the kernel size is not positive", in, kernel)) return problem;
    if (const Problem problem = extent_problem("the strides are not positive", in, strides)) return problem;
    if (const Problem problem = extent_problem("the dilation is not positive", in, dilation)) return problem;
    if (strides != Strides{1} && dilation != Dilation{1})
      return {"strides and dilation together", "one of them to be 1", "drop Strides or Dilation"};
    if (padding == Causal)
      return {"causal padding of a transposed convolution", "Same or Valid", "choose one", "Causal"};
    if (const Problem problem = padding_problem(padding, in, config.pad)) return problem;
    if (const Shape out = output_shape(in); out.height() < 1 || out.width() < 1)
      return {"the padding cuts off all of the output", "less padding than the windows span", "give a smaller Pad"};
    const OutputPadding added = config.output_padding;
    if (added.given() && window(in).out != Extent{in.height(), in.width()})
      return {"the output padding does not fit the strides", "an output padding from 0 to below the strides",
              "change OutputPadding or the kernel", extents(in, added.height, added.width)};
    return {};
  }

  static constexpr Shape output_shape(Shape in) {
    const auto extent = [](long long cells, int taps, int stride, int spacing, int added, int before, int after) {
      const long long cut = 0LL + before + after, reach = (taps - 1LL) * spacing + 1, last = (cells - 1) * stride;
      if (config.output_padding.given())
        return size_or_too_many(last + reach + added - (padding == Same ? reach / 2 * 2 : cut));
      return size_or_too_many(padding == Same ? cells * stride : last + (std::max)(reach, 0LL + stride) - cut);
    };
    const OutputPadding added = config.output_padding;
    const Pad pad = config.pad;
    return image_like(
        in,
        extent(in.height(), kernel.height, strides.height, dilation.height, added.height, pad.top, pad.bottom),
        extent(in.width(), kernel.width, strides.width, dilation.width, added.width, pad.left, pad.right), filters);
  }
  static constexpr Parameters parameters(Shape in) {
    const double field = 1.0 * kernel.height * kernel.width;
    Shape shape{kernel.height, kernel.width, filters, in.channels()};
    if (in.rank == 2) shape = {kernel.width, filters, in.channels()};
    return kernel_and_bias(shape, field * filters, field * in.channels(), config.kernel_regularizer, config.use_bias,
                           filters);
  }
  static constexpr std::size_t macs(Shape in) {
    return in.size() * Shape{kernel.height, kernel.width, filters}.size();
  }

  /// Zeros that forward and inference like to have around their input.
  static constexpr Border border(Shape in) {
    const kernels::Placement p = transposed(in).placement();
    return {p.top, p.left, p.out_height - p.top - p.height, p.out_width - p.left - p.width};
  }
  /// And backward around the output's gradient: the adjoint's padding.
  static constexpr Border gradient_border(Shape in) {
    const Window w = window(in);
    return {w.before.height, w.before.width, w.after.height, w.after.width};
  }

  // Training. Forward's weights are turned; backward's are packed only where an algorithm changes them.

  template <class V>
  static constexpr std::size_t prepared_size(Shape in) {
    const kernels::ConvPlan adjoint = adjoint_plan<V>(in);
    return turned_size<V>(in) + (adjoint.tile > 0 ? adjoint.weights_size : 0);
  }
  /// The placed input, the kernel's own.
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return placed_size<V>(transposed(in).placement()) + plan<V>(in).scratch_size;
  }
  /// The padded gradient, the kernels' own.
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    const kernels::ConvPlan adjoint = adjoint_plan<V>(in);
    return placed_size<V>(padded(in)) + (std::max)(adjoint.sums_scratch_size, adjoint.scratch_size);
  }
  template <class V>
  static constexpr std::size_t accumulator_size(Shape in) {
    return adjoint_plan<V>(in).sums_size;
  }

  template <class Call>
  static void prepare(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape;
    kernels::prepare_turned_weights<V, transposed(in)>(call.parameters[0], call.prepared);
    if constexpr (constexpr kernels::ConvPlan adjoint = adjoint_plan<V>(in); adjoint.tile > 0)
      if (call.training)
        kernels::winograd_prepare<V, adjoint.winograd()>(call.parameters[0], false,
                                                         call.prepared + turned_size<V>(in));
  }

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape;
    constexpr kernels::Placement placement = transposed(in).placement();
    for (std::size_t n = 0; n < call.batch; ++n) {
      const auto* x = call.input + n * bordered_size(in, Call::input_border);
      if constexpr (!lies_ready<Call>) {
        kernels::place_image<placement>(x, call.scratch);
        x = kernels::image_in<placement>(call.scratch);
      }
      kernels::transposed_convolve<V, Identity, call_transposed<Call>, plan<V>(in).tile>(
          1, {x}, call.prepared, has_bias ? call.parameters[1] : nullptr,
          {call.output + n * bordered_size(Call::output_shape, Call::output_border)}, {},
          call.scratch + placed_size<V>(placement));
    }
  }

  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape, out = Call::output_shape;
    constexpr Border border = Call::output_gradient_border;
    constexpr bool ready = border.covers(gradient_border(in));
    constexpr int row = ready ? row_of(out, border) : padded(in).out_width * filters;
    constexpr int tile = adjoint_plan<V>(in).tile;
    auto* const rest = call.scratch + placed_size<V>(padded(in));
    for (std::size_t n = 0; n < call.batch; ++n) {
      const auto* gradient = call.output_gradient + n * bordered_size(out, border);
      if constexpr (ready) {
        gradient -= padded(in).top * row + padded(in).left * filters;
      } else {
        kernels::place_image<padded(in)>(gradient, call.scratch);
        gradient = call.scratch;
      }
      if constexpr (!Call::fixed)
        kernels::add_weight_gradient<V, adjoint_plan<V>(in), adjoint(in, row, row_of(in, Call::input_border))>(
            1, {gradient}, {call.input + n * bordered_size(in, Call::input_border)}, call.parameter_gradients[0],
            call.accumulator, rest);
      if (call.input_gradient == nullptr) continue;
      kernels::Convolution<V, adjoint(in, row, row_of(in, Call::input_gradient_border)),
                           tile>::template run<Identity, kernels::Weights::keras>(
          1, {gradient}, tile > 0 ? call.prepared + turned_size<V>(in) : call.parameters[0], nullptr,
          {call.input_gradient + n * bordered_size(in, Call::input_gradient_border)}, {}, rest);
    }
    if constexpr (has_bias && !Call::fixed) detail::add_bias_gradient(call, call.parameter_gradients[1]);
  }

  template <class Call>
  static void finish_gradients(const Call& call) {
    using V = typename Call::Vector;
    kernels::finish_weight_gradient<V, adjoint_plan<V>(Call::input_shape)>(call.accumulator,
                                                                           call.parameter_gradients[0]);
  }

  // Inference. Packed are the bias, then the weights phase by phase, both with the scale and shift of a following
  // normalisation.

  template <class Target>
  static constexpr std::size_t packed_size(Shape in) {
    return bias_size<Target> + inference_plan<Target>(in).weights_size;
  }
  static constexpr std::size_t weights_size(Shape in, int allowed) {
    const kernels::InputGradient d = transposed(in);
    std::size_t size = filters;
    for (int number = 0; number < d.phases(); ++number)
      size += kernels::most_convolution_weights(d.phase(number), allowed);
    return size;
  }
  template <class Target>
  static constexpr int packing(Shape in) {
    return inference_plan<Target>(in).tile;
  }
  template <class Target>
  static constexpr Text kernel_name(Shape in) {
    return inference_plan<Target>(in).template name<typename Target::Vector>();
  }

  template <class Target, Shape in, class T>
  static void pack(const T* const* parameters, const T* scale, const T* shift, T* packed) {
    using V = typename Target::Vector;
    constexpr kernels::InputGradient d = transposed(in);
    const Folded<T, config.use_bias> folded{parameters, scale, shift};
    for (int o = 0; o < filters; ++o) packed[o] = folded.bias(o);
    packed += bias_size<Target>;
    kernels::for_each_phase<d>([&]<int number>() {
      const auto weight = [&](int, int ky, int kx, int from, int to) {
        const int tap = d.last_tap(number) - ky * strides.height * kernel.width - kx * strides.width;
        return folded.weight((tap * filters + to) * in.channels() + from, to);
      };
      if constexpr (!d.empty(number))
        kernels::Convolution<V, d.phase(number), packing<Target>(in)>::pack(weight, packed);
      packed += d.template phase_weights_size<V>(number);
    });
  }

  /// The placed input, where it does not lie in a border, and the kernel's own.
  template <class Call>
  static constexpr std::size_t infer_scratch_size(std::size_t batch) {
    return copy_size<Call>(batch) + inference_plan<typename Call::target>(Call::input_shape).scratch_size;
  }

  template <class Epilogue, class Call>
  static void infer(const Call& call) {
    using Target = typename Call::target;
    constexpr Shape in = Call::input_shape;
    constexpr kernels::Placement placement = [] {
      kernels::Placement p = transposed(Call::input_shape).placement();
      p.gap = pixel_of(Call::input_shape, Call::input_border) - Call::input_shape.channels();
      return p;
    }();
    kernels::Images<const typename Call::Scalar> x{call.input, call.input_step};
    if constexpr (!lies_ready<Call>) {
      for (std::size_t n = 0; n < call.batch; ++n)
        kernels::place_image<placement>(call.input + n * call.input_step, call.scratch + n * placement.size());
      x = {kernels::image_in<placement>(call.scratch), placement.size()};
    }
    kernels::transposed_convolve<typename Call::Vector, Epilogue, call_transposed<Call>, packing<Target>(in)>(
        call.batch, x, call.packed + bias_size<Target>, call.packed, {call.output, call.output_step},
        {call.residual, call.residual_step}, call.scratch + copy_size<Call>(call.batch));
  }

 private:
  static constexpr auto config = on_image(Config);
  static constexpr int filters = config.filters;
  static constexpr Kernel kernel = config.kernel_size;
  static constexpr Strides strides = config.strides;
  static constexpr Dilation dilation = config.dilation_rate;
  static constexpr Padding padding = config.padding;
  static constexpr bool has_bias = config.use_bias == Bias::on;

  /// The adjoint's.
  static constexpr Window window(Shape in) {
    return window_over(output_shape(in), kernel, strides, dilation, padding, config.pad);
  }
  static constexpr kernels::Placement padded(Shape in) {
    const Shape out = output_shape(in);
    const Window w = window(in);
    return {.height = out.height(), .width = out.width(), .channels = filters,
            .out_height = out.height() + w.before.height + w.after.height,
            .out_width = out.width() + w.before.width + w.after.width,
            .top = w.before.height, .left = w.before.width};
  }
  static constexpr kernels::ConvGeometry adjoint(Shape in) {
    return adjoint(in, padded(in).out_width * filters, in.width() * in.channels());
  }
  /// Winograd's algorithm writes no cells with gaps between them.
  static constexpr kernels::ConvGeometry adjoint(Shape in, int row, int out_row) {
    return {.out_height = in.height(), .out_width = in.width(),
            .kernel_height = kernel.height, .kernel_width = kernel.width,
            .stride_height = strides.height, .stride_width = strides.width,
            .dilation_height = dilation.height, .dilation_width = dilation.width,
            .groups = 1, .in_channels = filters, .out_channels = in.channels(),
            .row = row, .out_row = out_row,
            .largest_tile = strides == Strides{1} ? largest_tile : 0};
  }
  /// Its gradient by the input: what is computed here, for an input laid out by `placement`.
  static constexpr kernels::InputGradient transposed(Shape in) {
    const Shape out = output_shape(in);
    return kernels::input_gradient(adjoint(in), out.height(), out.width(), padded(in).top, padded(in).left);
  }

  template <class Call>
  static constexpr bool lies_ready = Call::input_border.covers(border(Call::input_shape));
  /// For the borders of input and output.
  template <class Call>
  static constexpr kernels::InputGradient call_transposed = [] {
    kernels::InputGradient d = transposed(Call::input_shape);
    if (lies_ready<Call>) {
      d.forward.out_row = row_of(Call::input_shape, Call::input_border);
      d.forward.out_gap = pixel_of(Call::input_shape, Call::input_border) - Call::input_shape.channels();
    }
    d.row = row_of(Call::output_shape, Call::output_border);
    d.gap = pixel_of(Call::output_shape, Call::output_border) - filters;
    return d;
  }();

  /// Of training: forward, and backward by the adjoint.
  template <class V>
  static constexpr kernels::ConvPlan plan(Shape in) {
    return kernels::plan_convolution<V>(transposed(in));
  }
  template <class V>
  static constexpr kernels::ConvPlan adjoint_plan(Shape in) {
    return kernels::plan_convolution<V>(adjoint(in));
  }
  /// Of inference, all phases.
  template <class Target>
  static constexpr kernels::ConvPlan inference_plan(Shape in) {
    return kernels::plan_convolution<typename Target::Vector>(transposed(in), {Target::samples, Target::home});
  }
  template <class V>
  static constexpr std::size_t turned_size(Shape in) {
    return aligned_size<typename V::value_type>(plan<V>(in).weights_size);
  }
  template <class V>
  static constexpr std::size_t placed_size(const kernels::Placement& p) {
    return p.trivial() ? 0 : aligned_size<typename V::value_type>(p.size());
  }
  template <class Call>
  static constexpr std::size_t copy_size(std::size_t batch) {
    return lies_ready<Call>
               ? 0
               : aligned_size<typename Call::Scalar>(batch * transposed(Call::input_shape).placement().size());
  }
  template <class Target>
  static constexpr std::size_t bias_size = aligned_size<typename Target::Vector::value_type>(filters);
};

}  // namespace detail

}  // namespace strata
