// Conv2D: y[o] = bias[o] + sum over the window and its channels of x * kernel[..., o].
//
//     Conv2D<32, 3>                                             32 filters of 3x3
//     Conv2D<64, Kernel{3, 5}, Same, Strides{2}, NoBias>        options in any order
//     Conv2D<64, 7, Strides{2}, Pad{3}>                         PyTorch's padding; Pad{1, 2}: rows, columns
//     Conv2D<64, 3, Strides{2}, Pad{0, 1, 0, 1}>                top, bottom, left, right
//     Conv2D<32, 3, Same, activation<ReLU>>                     Keras' activation='relu'
//
// Defaults: stride 1, Valid, dilation 1, one group, bias, Glorot uniform kernel, zero bias.
// Keras: Conv2D. ONNX: Conv.
#pragma once

#include <strata/core/algorithms.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/convolution2d.hpp>
#include <strata/layers/fused_activation.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

template <const Schema& kind>
struct ConvolutionConfig {
  static constexpr const Schema& schema = kind;
  static constexpr const char* weight_names = "kernel bias:use_bias";
  int filters = 0;
  Kernel kernel_size = 0;
  Padding padding = Valid;
  Strides strides = 1;
  Pad pad = 0;
  Dilation dilation_rate = 1;
  Groups groups = 1;
  Bias use_bias = Bias::on;
  L2 kernel_regularizer = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("filters", c.filters...), f("kernel_size", c.kernel_size...), f("padding", c.padding...),
        f("strides", c.strides...), f("pad", c.pad...), f("dilation_rate", c.dilation_rate...),
        f("groups", c.groups...), f("use_bias", c.use_bias...), f("kernel_regularizer", c.kernel_regularizer...);
  }
  void onnx(auto& out) const {
    out("Conv", out.convolution())
        .windows(kernel_size, strides, dilation_rate, padding, pad)
        .with("group", groups.value);
  }
};

namespace detail {
inline constexpr Schema conv2d{
    .spelling = "Conv2D<>", .keras = "Conv2D", .onnx = "Conv", .arguments = 2, .activated = true};

/// Each filter sees all channels of its group.
template <class Derived>
struct FullConvolution : Convolution2D<Derived> {
  static constexpr int filters(Shape) { return Derived::config.filters; }
  static constexpr int groups(Shape) { return Derived::config.groups.value; }

  static constexpr Problem check(Shape in) {
    constexpr auto config = Derived::config;
    constexpr int filters = config.filters, groups = config.groups.value;
    if (const Problem problem = Derived::options::template check<std::remove_const_t<decltype(config)>>())
      return problem;
    if (const Problem problem = FullConvolution::needs_image(in)) return problem;
    if (filters <= 0)
      return {"the number of filters is not positive", "at least one filter", "give a positive number",
              Text() << filters << " filters"};
    if (groups <= 0 || in.channels() % groups != 0)
      return {"the groups do not divide the input channels",
              Text() << "input channels that are a multiple of " << groups, "change Groups or the layer before"};
    if (filters % groups != 0)
      return {"the groups do not divide the filters", Text() << "filters that are a multiple of " << groups,
              "change Groups or the number of filters", Text() << filters << " filters"};
    return FullConvolution::check_window(in);
  }
  static constexpr Parameters parameters(Shape in) {
    const int channels = in.channels() / groups(in);
    return Convolution2D<Derived>::parameters(in, channels, filters(in), Derived::config.kernel_regularizer);
  }
};
}  // namespace detail
using Conv2DConfig = ConvolutionConfig<detail::conv2d>;

template <int Filters, Spelled<"3 or Kernel{3, 5}"> auto KernelSize,
          Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct Conv2D;

namespace detail {
template <int Filters, auto KernelSize>
struct RebuildConv2D {
  template <class... Option>
  using with = Conv2D<Filters, KernelSize, Option::value...>;
};
}  // namespace detail

template <int Filters, Spelled<"3 or Kernel{3, 5}"> auto KernelSize,
          Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct Conv2D : detail::FullConvolution<Conv2D<Filters, KernelSize, Given...>>,
                detail::FusedActivation<detail::RebuildConv2D<Filters, KernelSize>::template with, Given...> {
  static constexpr const char* class_name = Conv2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(Conv2DConfig{.filters = Filters, .kernel_size = KernelSize});

  template <Algorithms Choice>
  using by = Conv2D<Filters, KernelSize, Given..., LargestTile{Choice::largest_tile}>;
};

}  // namespace strata
