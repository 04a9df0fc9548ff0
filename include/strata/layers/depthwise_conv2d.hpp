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

struct DepthwiseConv2DConfig {
  static constexpr Schema schema{
      .spelling = "DepthwiseConv2D<>", .keras = "DepthwiseConv2D", .onnx = "Conv", .arguments = 1, .activated = true};
  static constexpr const char* weights = "kernel bias:use_bias";
  Kernel kernel_size = 0;
  Padding padding = Valid;
  Strides strides = 1;
  Dilation dilation_rate = 1;
  DepthMultiplier depth_multiplier = 1;
  Bias use_bias = Bias::on;
  L2 depthwise_regularizer = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("kernel_size", c.kernel_size...), f("padding", c.padding...), f("strides", c.strides...),
        f("dilation_rate", c.dilation_rate...), f("depth_multiplier", c.depth_multiplier...),
        f("use_bias", c.use_bias...), f("depthwise_regularizer", c.depthwise_regularizer...);
  }
};

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
struct DepthwiseConv2D : detail::Convolution2D<DepthwiseConv2D<KernelSize, Given...>>,
                         detail::FusedActivation<detail::RebuildDepthwiseConv2D<KernelSize>::template with, Given...> {
  static constexpr const char* class_name = DepthwiseConv2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(DepthwiseConv2DConfig{.kernel_size = KernelSize});

  static constexpr int filters(Shape in) { return size_or_too_many(1LL * in.channels() * multiplier); }
  static constexpr int groups(Shape in) { return in.channels(); }

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<DepthwiseConv2DConfig>()) return problem;
    if (multiplier <= 0)
      return {"the depth multiplier is not positive", "at least one filter a channel", "give a positive number",
              Text() << multiplier};
    return DepthwiseConv2D::check_window(in);
  }

  static constexpr Parameters parameters(Shape in) {
    const auto [height, width] = config.kernel_size;
    const double field = 1.0 * height * width;
    Parameter weights{.name = "kernel",
                      .shape = {height, width, in.channels(), multiplier},
                      .initializer = {Initializer::glorot_uniform, field * in.channels(),
                                      field * multiplier},
                      .l2 = config.depthwise_regularizer.value};
    if (config.use_bias == NoBias) return {weights};
    return {weights, Parameter{.name = "bias", .shape = {filters(in)}}};
  }

 private:
  static constexpr int multiplier = config.depth_multiplier.value;
};

}  // namespace strata
