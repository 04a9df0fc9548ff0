// SeparableConv2D: a depthwise convolution, then a pointwise one that mixes its channels (Xception, arXiv 1610.02357).
// y[o] = bias[o] + sum over k of pointwise_kernel[k, o] * (sum over the window of channel k / multiplier of
// x * depthwise_kernel[..., k]).
//
//     SeparableConv2D<64, 3>                                            64 filters over windows of 3x3
//     SeparableConv2D<64, 3, Same, Strides{2}, DepthMultiplier{2}>      options in any order
//     SeparableConv2D<64, 3, Same, NoBias, activation<ReLU>>
//
// Defaults: multiplier 1, stride 1, Valid, dilation 1, bias, Glorot uniform kernels (kh, kw, channels, multiplier) and
// (1, 1, channels * multiplier, filters), zero bias. One layer that stands for two, so that the kernels and the fusion
// of DepthwiseConv2D and Conv2D are its own.
// Keras: SeparableConv2D. ONNX: Conv with as many groups as channels, then Conv.
#pragma once

#include <string_view>
#include <type_traits>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/depthwise_conv2d.hpp>

namespace strata {

template <const Schema& kind>
struct SeparableConvolutionConfig {
  static constexpr const Schema& schema = kind;
  static constexpr const char* weight_names = "depthwise_kernel pointwise_kernel bias:use_bias";
  int filters = 0;
  Kernel kernel_size = 0;
  Padding padding = Valid;
  Strides strides = 1;
  Pad pad = 0;
  Dilation dilation_rate = 1;
  DepthMultiplier depth_multiplier = 1;
  Bias use_bias = Bias::on;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("filters", c.filters...), f("kernel_size", c.kernel_size...), f("padding", c.padding...),
        f("strides", c.strides...), f("pad", c.pad...), f("dilation_rate", c.dilation_rate...),
        f("depth_multiplier", c.depth_multiplier...), f("use_bias", c.use_bias...);
  }
};

namespace detail {

inline constexpr Schema separable_conv2d{
    .spelling = "SeparableConv2D<>", .keras = "SeparableConv2D", .arguments = 2, .activated = true};

/// A convolution as a part of the layer `Whole`: messages name that one.
template <class Whole, class Convolution>
struct SeparablePart : Convolution {
  using wraps = Whole;
  static constexpr const char* class_name = Whole::config.schema.keras;

 protected:
  static constexpr Parameters with_kernel_name(std::string_view name, Shape in) {
    Parameters all = Convolution::parameters(in);
    all.list[0].name = name;
    return all;
  }
};

/// The options are all looked at here: the pointwise part sees only its own.
template <class Whole, class Convolution, class Options>
struct SeparableDepthwise : SeparablePart<Whole, Convolution> {
  static constexpr Problem check(Shape in) {
    if (const Problem problem = Options::template check<std::remove_const_t<decltype(Whole::config)>>())
      return problem;
    return Convolution::check(in);
  }
  static constexpr Parameters parameters(Shape in) {
    return SeparableDepthwise::with_kernel_name("depthwise_kernel", in);
  }
};

template <class Whole, class Convolution>
struct SeparablePointwise : SeparablePart<Whole, Convolution> {
  static constexpr Parameters parameters(Shape in) {
    return SeparablePointwise::with_kernel_name("pointwise_kernel", in);
  }
};

template <class... Option>
using OptionsOf = LayerOptions<Option::value...>;

/// `Family` has a config and depthwise<kernel size, options...> and pointwise<filters, options...>, its convolutions.
template <class Whole, class Family, int Filters, auto KernelSize, auto... Given>
struct SeparableConvolution {
 private:
  using split = SplitActivation<Given...>;
  /// With two activations all options stay, and the check finds the repetition.
  using options = std::conditional_t<split::found, boost::mp11::mp_apply<OptionsOf, typename split::options>,
                                     LayerOptions<Given...>>;
  template <class Value>
  using HiddenActivation = Hidden<typename std::remove_cvref_t<decltype(Value::value)>::layer>;
  using activations = std::conditional_t<split::found, typename split::activations, boost::mp11::mp_list<>>;

  using depthwise =
      typename Family::template depthwise<KernelSize, options::get(Valid), options::get(Strides{1}),
                                          options::get(Pad{0}), options::get(Dilation{1}),
                                          options::get(DepthMultiplier{1}), NoBias>;
  using pointwise = typename Family::template pointwise<Filters, options::get(Bias::on)>;

 public:
  static constexpr auto config =
      options::fill(typename Family::config{.filters = Filters, .kernel_size = KernelSize});
  using leaves = boost::mp11::mp_append<boost::mp11::mp_list<SeparableDepthwise<Whole, depthwise, options>,
                                                             Hidden<SeparablePointwise<Whole, pointwise>>>,
                                        boost::mp11::mp_transform<HiddenActivation, activations>>;
};

}  // namespace detail

using SeparableConv2DConfig = SeparableConvolutionConfig<detail::separable_conv2d>;

namespace detail {
struct SeparableOnImages {
  using config = SeparableConv2DConfig;
  template <auto KernelSize, auto... Option>
  using depthwise = DepthwiseConv2D<KernelSize, Option...>;
  template <int Filters, auto... Option>
  using pointwise = Conv2D<Filters, 1, Option...>;
};
}  // namespace detail

template <int Filters, Spelled<"3 or Kernel{3, 5}"> auto KernelSize,
          Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct SeparableConv2D
    : detail::SeparableConvolution<SeparableConv2D<Filters, KernelSize, Given...>, detail::SeparableOnImages, Filters,
                                   KernelSize, Given...> {};

}  // namespace strata
