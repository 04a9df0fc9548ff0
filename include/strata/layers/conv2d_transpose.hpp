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

#include <strata/core/algorithms.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/fused_activation.hpp>
#include <strata/layers/transposed_convolution.hpp>

namespace strata {

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
