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

struct Conv2DConfig {
  static constexpr Schema schema{
      .spelling = "Conv2D<>", .keras = "Conv2D", .onnx = "Conv", .arguments = 2, .activated = true};
  static constexpr const char* weights = "kernel bias:use_bias";
  int filters = 0;
  Kernel kernel_size = 0;
  Padding padding = Valid;
  Strides strides = 1;
  Dilation dilation_rate = 1;
  Groups groups = 1;
  Bias use_bias = Bias::on;
  L2 kernel_regularizer = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("filters", c.filters...), f("kernel_size", c.kernel_size...), f("padding", c.padding...),
        f("strides", c.strides...), f("dilation_rate", c.dilation_rate...), f("groups", c.groups...),
        f("use_bias", c.use_bias...), f("kernel_regularizer", c.kernel_regularizer...);
  }
};

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
struct Conv2D : detail::Convolution2D<Conv2D<Filters, KernelSize, Given...>>,
                detail::FusedActivation<detail::RebuildConv2D<Filters, KernelSize>::template with, Given...> {
  static constexpr const char* class_name = Conv2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(Conv2DConfig{.filters = Filters, .kernel_size = KernelSize});

  template <Algorithms Choice>
  using by = Conv2D<Filters, KernelSize, Given..., LargestTile{Choice::largest_tile}>;
  static constexpr int filters(Shape) { return Filters; }
  static constexpr int groups(Shape) { return group_count; }

  static constexpr Problem check(Shape in) {
    if (const Problem problem = options::template check<Conv2DConfig>()) return problem;
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
    return Conv2D::check_window(in);
  }

  static constexpr Parameters parameters(Shape in) {
    const auto [height, width] = config.kernel_size;
    const double field = 1.0 * height * width;
    const int channels = in.channels() / group_count;
    Parameter weights{.name = "kernel",
                      .shape = {height, width, channels, Filters},
                      .initializer = {Initializer::glorot_uniform, field * channels, field * Filters},
                      .l2 = config.kernel_regularizer.value};
    if (config.use_bias == NoBias) return {weights};
    return {weights, Parameter{.name = "bias", .shape = {Filters}}};
  }

 private:
  static constexpr int group_count = config.groups.value;
};

}  // namespace strata
