// DepthwiseConv2D: each channel is convolved with filters of its own (MobileNet, arXiv 1704.04861).
//
//     DepthwiseConv2D<3>                                          one 3x3 filter for each channel
//     DepthwiseConv2D<5, Same, Strides{2}, DepthMultiplier{2}>    two; options in any order
//
// Defaults: multiplier 1, stride 1, Valid, dilation 1, bias, Glorot uniform kernel (kh, kw, channels, multiplier), zero
// bias. Keras: DepthwiseConv2D. ONNX: Conv with as many groups as channels.
#pragma once

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/convolution2d.hpp>
#include <strata/layers/fused_activation.hpp>

namespace strata {

/// Keras `depth_multiplier`: filters for each channel.
struct DepthMultiplier {
  static constexpr const char* name = "DepthMultiplier";
  int value;
  constexpr DepthMultiplier(int n) : value(n) {}
};

template <const Schema& kind>
struct DepthwiseConvolutionConfig {
  static constexpr const Schema& schema = kind;
  static constexpr const char* weight_names = "kernel bias:use_bias";
  Kernel kernel_size = 0;
  Padding padding = Valid;
  Strides strides = 1;
  Pad pad = 0;
  Dilation dilation_rate = 1;
  DepthMultiplier depth_multiplier = 1;
  Bias use_bias = Bias::on;
  L2 depthwise_regularizer = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("kernel_size", c.kernel_size...), f("padding", c.padding...), f("strides", c.strides...), f("pad", c.pad...),
        f("dilation_rate", c.dilation_rate...), f("depth_multiplier", c.depth_multiplier...),
        f("use_bias", c.use_bias...), f("depthwise_regularizer", c.depthwise_regularizer...);
  }
  void onnx(auto& out) const {
    out("Conv", out.depthwise())
        .windows(kernel_size, strides, dilation_rate, padding, pad)
        .with("group", out.in().channels());
  }
};

namespace detail {
inline constexpr Schema depthwise_conv2d{
    .spelling = "DepthwiseConv2D<>", .keras = "DepthwiseConv2D", .onnx = "Conv", .arguments = 1, .activated = true};

/// As many groups as channels.
template <class Derived>
struct DepthwiseConvolution : Convolution2D<Derived> {
  static constexpr int filters(Shape in) {
    return size_or_too_many(1LL * in.channels() * Derived::config.depth_multiplier.value);
  }
  static constexpr int groups(Shape in) { return in.channels(); }

  static constexpr Problem check(Shape in) {
    constexpr auto config = Derived::config;
    if (const Problem problem = Derived::options::template check<std::remove_const_t<decltype(config)>>())
      return problem;
    if (config.depth_multiplier.value <= 0)
      return {"the depth multiplier is not positive", "at least one filter a channel", "give a positive number",
              Text() << config.depth_multiplier.value};
    return DepthwiseConvolution::check_window(in);
  }
  static constexpr Parameters parameters(Shape in) {
    constexpr auto config = Derived::config;
    return Convolution2D<Derived>::parameters(in, in.channels(), config.depth_multiplier.value,
                                              config.depthwise_regularizer);
  }
};
}  // namespace detail
using DepthwiseConv2DConfig = DepthwiseConvolutionConfig<detail::depthwise_conv2d>;

template <Spelled<"3 or Kernel{3, 5}"> auto KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct DepthwiseConv2D;

namespace detail {
template <auto KernelSize>
struct RebuildDepthwiseConv2D {
  template <class... Option>
  using with = DepthwiseConv2D<KernelSize, Option::value...>;
};
}  // namespace detail

template <Spelled<"3 or Kernel{3, 5}"> auto KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct DepthwiseConv2D : detail::DepthwiseConvolution<DepthwiseConv2D<KernelSize, Given...>>,
                         detail::FusedActivation<detail::RebuildDepthwiseConv2D<KernelSize>::template with, Given...> {
  static constexpr const char* class_name = DepthwiseConv2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(DepthwiseConv2DConfig{.kernel_size = KernelSize});
};

}  // namespace strata
