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
  int count;
  constexpr DepthMultiplier(int n) : count(n) {}
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
struct DepthwiseConv2D : detail::Convolution2D<DepthwiseConv2D<KernelSize, Given...>, KernelSize, Given...>,
                         detail::FusedActivation<detail::RebuildDepthwiseConv2D<KernelSize>::template with, Given...> {
  static constexpr const char* class_name = "DepthwiseConv2D";

  using base = detail::Convolution2D<DepthwiseConv2D, KernelSize, Given...>;
  static constexpr int multiplier = base::options::get(DepthMultiplier{1}).count;
  static constexpr int filters(Shape in) { return size_or_too_many(1LL * in.channels() * multiplier); }
  static constexpr int groups(Shape in) { return in.channels(); }

  static constexpr Problem check(Shape in) {
    if (const Problem problem = base::options::template check<Padding, Strides, Dilation, DepthMultiplier, Bias, L2>(
            "Same or Valid, Strides, Dilation, DepthMultiplier, NoBias, L2, activation<...>"))
      return problem;
    if (multiplier <= 0)
      return {"the depth multiplier is not positive", "at least one filter a channel", "give a positive number",
              Text() << multiplier};
    return base::check_window(in);
  }

  static constexpr Parameters parameters(Shape in) {
    const double field = 1.0 * base::kernel.height * base::kernel.width;
    Parameter weights{.name = "kernel",
                      .shape = {base::kernel.height, base::kernel.width, in.channels(), multiplier},
                      .initializer = {Initializer::glorot_uniform, field * in.channels(),
                                      field * multiplier},
                      .l2 = base::l2};
    if (!base::has_bias) return {weights};
    return {weights, Parameter{.name = "bias", .shape = {filters(in)}}};
  }
};

}  // namespace strata
