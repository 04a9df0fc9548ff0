// Conv2DTranspose: the gradient of a Conv2D by its input, as a layer; it makes images larger.
// y[i * stride + k - padding][o] = bias[o] + sum over i, k and the channels c of x[i][c] * kernel[k][o][c].
//
//     Conv2DTranspose<32, 3, Same, Strides{2}>                  32 filters of 3x3, twice as many rows and columns
//     Conv2DTranspose<64, Kernel{4, 2}, Strides{2, 1}, NoBias>  options in any order
//     Conv2DTranspose<32, 4, Strides{2}, Pad{1}>                PyTorch's padding
//     Conv2DTranspose<32, 3, Same, activation<ReLU>>            Keras' activation='relu'
//     Conv1DTranspose<32, 4, Same, Strides{2}>                  of sequences (length, channels)
//
// Defaults: stride 1, Valid, dilation 1, bias, Glorot uniform kernel (kh, kw, filters, channels), zero bias. An axis of
// i cells gets i * stride of them (Same) or (i - 1) * stride + max(reach, stride) (Valid), where the reach is
// (kernel - 1) * dilation + 1. With OutputPadding{p}: (i - 1) * stride + reach + p, less 2 * floor(reach / 2) if Same.
// Pad cuts off that many cells, as PyTorch's padding; its sizes are those of OutputPadding, 0 unless given there.
// Keras: Conv2DTranspose, Conv1DTranspose. ONNX: ConvTranspose.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/inline.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/window.hpp>
#include <strata/kernels/convolution.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/map.hpp>
#include <strata/layers/bias_gradient.hpp>
#include <strata/layers/fused_activation.hpp>
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

template <const Schema& kind>
struct TransposedConvolutionConfig {
  static constexpr const Schema& schema = kind;
  static constexpr const char* weight_names = "kernel bias:use_bias";
  int filters = 0;
  Kernel kernel_size = 0;
  Padding padding = Valid;
  Strides strides = 1;
  Pad pad = 0;
  Dilation dilation_rate = 1;
  OutputPadding output_padding{};
  Bias use_bias = Bias::on;
  L2 kernel_regularizer = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("filters", c.filters...), f("kernel_size", c.kernel_size...), f("padding", c.padding...),
        f("strides", c.strides...), f("pad", c.pad...), f("dilation_rate", c.dilation_rate...),
        f("output_padding", c.output_padding...), f("use_bias", c.use_bias...),
        f("kernel_regularizer", c.kernel_regularizer...);
  }
  void onnx(auto& out) const {
    out("ConvTranspose", out.convolution(1))
        .transposed_windows(kernel_size, strides, dilation_rate, padding, pad, out.out());
  }
};

namespace detail {

inline constexpr Schema conv2d_transpose{.spelling = "Conv2DTranspose<>", .keras = "Conv2DTranspose",
                                         .onnx = "ConvTranspose", .arguments = 2, .activated = true};
inline constexpr Schema conv1d_transpose{.spelling = "Conv1DTranspose<>", .keras = "Conv1DTranspose",
                                         .onnx = "ConvTranspose", .arguments = 2, .activated = true, .dimensions = 1};

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
    Parameter weights{.name = "kernel",
                      .shape = {kernel.height, kernel.width, filters, in.channels()},
                      .initializer = {Initializer::glorot_uniform, field * filters, field * in.channels()},
                      .l2 = config.kernel_regularizer.value};
    if (in.rank == 2) weights.shape = {kernel.width, filters, in.channels()};
    if (!has_bias) return {weights};
    return {weights, Parameter{.name = "bias", .shape = {filters}}};
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
    return turned_size<V>(in) +
           (adjoint_tile<V>(in) > 0 ? kernels::convolution_weights_size<V>(adjoint(in)) : std::size_t{0});
  }
  /// The placed input, the kernel's own.
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return placed_size<V>(transposed(in).placement()) + kernels::input_gradient_scratch_size<V>(transposed(in));
  }
  /// The padded gradient, the kernels' own.
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    return placed_size<V>(padded(in)) + (std::max)(kernels::weight_gradient_scratch_size<V>(adjoint(in)),
                                                   kernels::convolution_scratch_size<V>(adjoint(in)));
  }
  template <class V>
  static constexpr std::size_t accumulator_size(Shape in) {
    return kernels::weight_sums_size<V>(adjoint(in));
  }

  template <class Call>
  static void prepare(const Call& call) {
    using V = typename Call::Vector;
    constexpr Shape in = Call::input_shape;
    kernels::prepare_turned_weights<V, transposed(in)>(call.parameters[0], call.prepared);
    if constexpr (constexpr auto w = kernels::winograd_form<V>(adjoint(in)); w.tile > 0)
      if (call.training) kernels::winograd_prepare<V, w>(call.parameters[0], false, call.prepared + turned_size<V>(in));
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
      run<V, Identity, call_transposed<Call>, kernels::winograd_form<V>(transposed(in)).tile>(
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
    constexpr int tile = adjoint_tile<V>(in);
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
        kernels::add_weight_gradient<V, adjoint(in), adjoint(in, row, row_of(in, Call::input_border))>(
            gradient, call.input + n * bordered_size(in, Call::input_border), call.parameter_gradients[0],
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
    kernels::finish_weight_gradient<typename Call::Vector, adjoint(Call::input_shape)>(call.accumulator,
                                                                                       call.parameter_gradients[0]);
  }

  // Inference. Packed are the bias, then the weights phase by phase, both with the scale and shift of a following
  // normalisation.

  template <class Target>
  static constexpr std::size_t packed_size(Shape in) {
    using V = typename Target::Vector;
    return bias_size<Target> + (packing<Target>(in) > 0
                                    ? kernels::convolution_weights_size<V>(transposed(in).phase(0), traffic<Target>)
                                    : transposed(in).template weights_size<V>());
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
    return kernels::winograd_form<typename Target::Vector>(transposed(in).phase(0), traffic<Target>).tile;
  }
  template <class Target>
  static constexpr Text kernel_name(Shape in) {
    return kernels::convolution_name<typename Target::Vector>(transposed(in).phase(0), traffic<Target>);
  }

  template <class Target, Shape in, class T>
  static void pack(const T* const* parameters, const T* scale, const T* shift, T* packed) {
    using V = typename Target::Vector;
    constexpr kernels::InputGradient d = transposed(in);
    for (int o = 0; o < filters; ++o)
      packed[o] = (has_bias ? parameters[1][o] : T(0)) * (scale ? scale[o] : T(1)) + (shift ? shift[o] : T(0));
    packed += bias_size<Target>;
    for_each_phase([&]<int number>() {
      if constexpr (!d.empty(number))
        kernels::Convolution<V, d.phase(number), packing<Target>(in)>::pack(
            [&](int, int ky, int kx, int from, int to) {
              const int tap = d.last_tap(number) - ky * strides.height * kernel.width - kx * strides.width;
              return parameters[0][(tap * filters + to) * in.channels() + from] * (scale ? scale[to] : T(1));
            },
            packed);
      packed += d.template phase_weights_size<V>(number);
    });
  }

  /// The placed input, where it does not lie in a border, and the kernel's own.
  template <class Call>
  static constexpr std::size_t infer_scratch_size(std::size_t batch) {
    return copy_size<Call>(batch) +
           kernels::convolution_scratch_size<typename Call::Vector>(transposed(Call::input_shape).phase(0),
                                                                    traffic<typename Call::target>);
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
    run<typename Call::Vector, Epilogue, call_transposed<Call>, packing<Target>(in)>(
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

  /// f.operator()<number>() for each phase, also for one without taps: its cells are the bias.
  template <class F>
  static void for_each_phase(F f) {
    [&]<int... Number>(std::integer_sequence<int, Number...>) {
      (f.template operator()<Number>(), ...);
    }(std::make_integer_sequence<int, strides.height * strides.width>{});
  }

  /// out = epilogue(bias + x * weights) by the kernel of `tile`; `x` is the first cell of the placed input.
  template <class V, class Epilogue, kernels::InputGradient d, int tile, class T = typename V::value_type>
  static void run(std::size_t batch, kernels::Images<const T> x, const T* weights, const T* bias,
                  kernels::Images<T> out, kernels::Images<const T> residual, T* scratch) {
    constexpr bool fused = !has_residual<Epilogue> || d.phases() == 1;  // a phase's residual has gaps
    for_each_phase([&]<int number>() {
      constexpr kernels::ConvGeometry phase = [] {
        kernels::ConvGeometry g = d.phase(number);
        if (d.empty(number)) g.in_channels = 0;
        return g;
      }();
      constexpr auto rows = d.rows(number / strides.width), columns = d.columns(number % strides.width);
      if constexpr (rows.count > 0 && columns.count > 0)
        kernels::Convolution<V, phase, tile>::template run<std::conditional_t<fused, Epilogue, Identity>>(
            batch, {x.data + rows.begin * phase.row + columns.begin * phase.in_pixel(), x.step}, weights, bias,
            {out.data + rows.first * d.row + columns.first * (filters + d.gap), out.step}, residual, scratch);
      weights += d.template phase_weights_size<V>(number);
    });
    if constexpr (!fused) {
      constexpr int pixel = filters + d.gap, run = pixel == filters && Epilogue::residual_pixel == filters ? d.width : 1;
      for (std::size_t n = 0; n < batch; ++n)
        for (int y = 0; y < d.height; ++y)
          for (int column = 0; column < d.width; column += run) {
            T* const cells = out.data + n * out.step + y * d.row + column * pixel;
            kernels::map<V>(
                static_cast<std::size_t>(run * filters),
                [](V value, V term) STRATA_INLINE_LAMBDA { return Epilogue::apply(value, term); }, cells, cells,
                residual.data + n * residual.step + y * Epilogue::residual_row + column * Epilogue::residual_pixel);
          }
    }
  }

  template <class Target>
  static constexpr kernels::ConvTraffic traffic{.samples = Target::samples, .cached = Target::cached};
  template <class V>
  static constexpr int adjoint_tile(Shape in) {
    return kernels::winograd_form<V>(adjoint(in)).tile;
  }
  template <class V>
  static constexpr std::size_t turned_size(Shape in) {
    return aligned_size<typename V::value_type>(kernels::turned_weights_size<V>(transposed(in)));
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

using Conv2DTransposeConfig = TransposedConvolutionConfig<detail::conv2d_transpose>;

template <int Filters, Spelled<"3 or Kernel{3, 5}"> auto KernelSize,
          Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct Conv2DTranspose;

using Conv1DTransposeConfig = TransposedConvolutionConfig<detail::conv1d_transpose>;

template <int Filters, int KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct Conv1DTranspose;

namespace detail {
template <int Filters, auto KernelSize>
struct RebuildConv2DTranspose {
  template <class... Option>
  using with = Conv2DTranspose<Filters, KernelSize, Option::value...>;
};
template <int Filters, int KernelSize>
struct RebuildConv1DTranspose {
  template <class... Option>
  using with = Conv1DTranspose<Filters, KernelSize, Option::value...>;
};
}  // namespace detail

template <int Filters, Spelled<"3 or Kernel{3, 5}"> auto KernelSize,
          Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct Conv2DTranspose
    : detail::TransposedConvolution<
          LayerOptions<Given...>::fill(Conv2DTransposeConfig{.filters = Filters, .kernel_size = KernelSize}),
          LayerOptions<Given...>::get(LargestTile{4}).side>,
      detail::FusedActivation<detail::RebuildConv2DTranspose<Filters, KernelSize>::template with, Given...> {
  static constexpr const char* class_name = Conv2DTransposeConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config =
      options::fill(Conv2DTransposeConfig{.filters = Filters, .kernel_size = KernelSize});
  template <Algorithms Choice>
  using by = Conv2DTranspose<Filters, KernelSize, Given..., LargestTile{Choice::largest_tile}>;

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<Conv2DTransposeConfig>()) return problem;
    return Conv2DTranspose::TransposedConvolution::check(in);
  }
};

template <int Filters, int KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct Conv1DTranspose
    : detail::TransposedConvolution<
          LayerOptions<Given...>::fill(Conv1DTransposeConfig{.filters = Filters, .kernel_size = KernelSize}), 0>,
      detail::FusedActivation<detail::RebuildConv1DTranspose<Filters, KernelSize>::template with, Given...> {
  static constexpr const char* class_name = Conv1DTransposeConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config =
      options::fill(Conv1DTransposeConfig{.filters = Filters, .kernel_size = KernelSize});

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<Conv1DTransposeConfig>()) return problem;
    return Conv1DTranspose::TransposedConvolution::check(in);
  }
};

}  // namespace strata
