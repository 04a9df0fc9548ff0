// Conv2D: y[o] = bias[o] + sum over the window and its channels of x * kernel[..., o].
//
//     Conv2D<32, 3>                                             32 filters of 3x3
//     Conv2D<64, Kernel{3, 5}, Same, Strides{2}, NoBias>        options in any order
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
struct Conv2D : detail::Convolution2D<Conv2D<Filters, KernelSize, Given...>, KernelSize, Given...>,
                detail::FusedActivation<detail::RebuildConv2D<Filters, KernelSize>::template with, Given...> {
  static constexpr const char* class_name = "Conv2D";

  using base = detail::Convolution2D<Conv2D, KernelSize, Given...>;
  template <Algorithms Choice>
  using by = Conv2D<Filters, KernelSize, Given..., LargestTile{Choice::largest_tile}>;
  static constexpr int group_count = base::options::get(Groups{1}).count;
  static constexpr int filters(Shape) { return Filters; }
  static constexpr int groups(Shape) { return group_count; }

  static constexpr Problem check(Shape in) {
    if (const Problem problem = base::options::template check<Padding, Strides, Dilation, Groups, Bias, L2>(
            "Same or Valid, Strides, Dilation, Groups, NoBias, L2, activation<...>"))
      return problem;
    if (const Problem problem = detail::image_problem("a convolution needs an image", in)) return problem;
    if (Filters <= 0)
      return {"the number of filters is not positive", "at least one filter", "give a positive number",
              Text() << Filters << " filters"};
    if (group_count <= 0 || in.channels() % group_count != 0)
      return {"the groups do not divide the input channels",
              Text() << "input channels that are a multiple of " << group_count, "change Groups or the layer before"};
    if (Filters % group_count != 0)
      return {"the groups do not divide the filters", Text() << "filters that are a multiple of " << group_count,
              "change Groups or the number of filters", Text() << Filters << " filters"};
    return base::check_window(in);
  }

  static constexpr Parameters parameters(Shape in) {
    const double field = 1.0 * base::kernel.height * base::kernel.width;
    const int channels = in.channels() / group_count;
    Parameter weights{.name = "kernel",
                      .shape = {base::kernel.height, base::kernel.width, channels, Filters},
                      .initializer = {Initializer::glorot_uniform, field * channels, field * Filters},
                      .l2 = base::l2};
    if (!base::has_bias) return {weights};
    return {weights, Parameter{.name = "bias", .shape = {Filters}}};
  }
};

}  // namespace strata
