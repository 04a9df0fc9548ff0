// The layers of sequences, (length, channels): those of images of a single row. Their options are numbers along the
// one axis.
//
//     Conv1D<32, 3, Causal, Dilation{2}, activation<ReLU>>      kernel (3, channels, 32)
//     Conv1D<32, 3, Strides{2}, Pad{1, 0}>                     padding before, after
//     SeparableConv1D<32, 3, Same>, DepthwiseConv1D<3>
//     MaxPooling1D<2>, AveragePooling1D<3, Strides{2}, Same>, GlobalMaxPooling1D, GlobalAveragePooling1DWith<KeepDims>
//     ZeroPadding1D<Ends{1, 2}>, Cropping1D<1>, UpSampling1D<2>, SpatialDropout1D<0.2>
//
// Defaults: as in two dimensions; Cropping1D 1, as in Keras. Keras: Conv1D and so on.
#pragma once

#include <string>

#include <strata/layers/average_pooling2d.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/cropping2d.hpp>
#include <strata/layers/depthwise_conv2d.hpp>
#include <strata/layers/global_average_pooling2d.hpp>
#include <strata/layers/global_max_pooling2d.hpp>
#include <strata/layers/max_pooling2d.hpp>
#include <strata/layers/separable_conv2d.hpp>
#include <strata/layers/spatial_dropout2d.hpp>
#include <strata/layers/up_sampling2d.hpp>
#include <strata/layers/zero_padding2d.hpp>

namespace strata {

/// Cells before and after a sequence (Keras `padding`, `cropping`); one number means both.
struct Ends {
  static constexpr const char* name = "Ends";
  int before, after;
  constexpr Ends(int both) : before(both), after(both) {}
  constexpr Ends(int b, int a) : before(b), after(a) {}

  std::string arguments() const {
    return std::to_string(before) + (after == before ? "" : ", " + std::to_string(after));
  }
};

namespace detail {

inline constexpr Schema conv1d{.spelling = "Conv1D<>", .keras = "Conv1D", .onnx = "Conv", .arguments = 2,
                               .activated = true, .dimensions = 1};
inline constexpr Schema depthwise_conv1d{.spelling = "DepthwiseConv1D<>", .keras = "DepthwiseConv1D", .onnx = "Conv",
                                         .arguments = 1, .activated = true, .dimensions = 1};
inline constexpr Schema separable_conv1d{.spelling = "SeparableConv1D<>", .keras = "SeparableConv1D", .arguments = 2,
                                         .activated = true, .dimensions = 1};
inline constexpr Schema max_pooling1d{.spelling = "MaxPooling1D<>", .keras = "MaxPooling1D", .onnx = "MaxPool",
                                      .arguments = 1, .dimensions = 1};
inline constexpr Schema average_pooling1d{.spelling = "AveragePooling1D<>", .keras = "AveragePooling1D",
                                          .onnx = "AveragePool", .arguments = 1, .dimensions = 1};
inline constexpr Schema global_max_pooling1d{.spelling = "GlobalMaxPooling1D", .keras = "GlobalMaxPooling1D",
                                             .onnx = "GlobalMaxPool", .with_options = "GlobalMaxPooling1DWith",
                                             .dimensions = 1};
inline constexpr Schema global_average_pooling1d{
    .spelling = "GlobalAveragePooling1D", .keras = "GlobalAveragePooling1D", .onnx = "GlobalAveragePool",
    .with_options = "GlobalAveragePooling1DWith", .dimensions = 1};

}  // namespace detail

using Conv1DConfig = ConvolutionConfig<detail::conv1d>;

template <int Filters, int KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct Conv1D;

namespace detail {
template <int Filters, int KernelSize>
struct RebuildConv1D {
  template <class... Option>
  using with = Conv1D<Filters, KernelSize, Option::value...>;
};
}  // namespace detail

template <int Filters, int KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct Conv1D : detail::FullConvolution<Conv1D<Filters, KernelSize, Given...>>,
                detail::FusedActivation<detail::RebuildConv1D<Filters, KernelSize>::template with, Given...> {
  static constexpr const char* class_name = Conv1DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(Conv1DConfig{.filters = Filters, .kernel_size = KernelSize});
};

using DepthwiseConv1DConfig = DepthwiseConvolutionConfig<detail::depthwise_conv1d>;

template <int KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct DepthwiseConv1D;

namespace detail {
template <int KernelSize>
struct RebuildDepthwiseConv1D {
  template <class... Option>
  using with = DepthwiseConv1D<KernelSize, Option::value...>;
};
}  // namespace detail

template <int KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct DepthwiseConv1D : detail::DepthwiseConvolution<DepthwiseConv1D<KernelSize, Given...>>,
                         detail::FusedActivation<detail::RebuildDepthwiseConv1D<KernelSize>::template with, Given...> {
  static constexpr const char* class_name = DepthwiseConv1DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(DepthwiseConv1DConfig{.kernel_size = KernelSize});
};

using SeparableConv1DConfig = SeparableConvolutionConfig<detail::separable_conv1d>;

namespace detail {
struct SeparableOnSequences {
  using config = SeparableConv1DConfig;
  template <auto KernelSize, auto... Option>
  using depthwise = DepthwiseConv1D<KernelSize, Option...>;
  template <int Filters, auto... Option>
  using pointwise = Conv1D<Filters, 1, Option...>;
};
}  // namespace detail

template <int Filters, int KernelSize, Spelled<"Same, Strides{2}, activation<ReLU>"> auto... Given>
struct SeparableConv1D
    : detail::SeparableConvolution<SeparableConv1D<Filters, KernelSize, Given...>, detail::SeparableOnSequences,
                                   Filters, KernelSize, Given...> {};

using MaxPooling1DConfig = Pooling2DConfig<detail::max_pooling1d>;

template <int PoolSize = 2, Spelled<"Same, Strides{1}"> auto... Given>
struct MaxPooling1D  // with the defaults: MaxPooling1D<>
    : detail::Pooling2D<MaxPooling1D<PoolSize, Given...>, kernels::MaxPool> {
  static constexpr const char* class_name = MaxPooling1DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(MaxPooling1DConfig{.pool_size = PoolSize});
};

using AveragePooling1DConfig = AveragePoolingConfig<detail::average_pooling1d>;

template <int PoolSize = 2, Spelled<"Same, Strides{1}"> auto... Given>
struct AveragePooling1D  // with the defaults: AveragePooling1D<>
    : detail::AveragePooling<AveragePooling1D<PoolSize, Given...>, Given...> {
  static constexpr const char* class_name = AveragePooling1DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(AveragePooling1DConfig{{.pool_size = PoolSize}});
};

using GlobalMaxPooling1DConfig = GlobalPooling2DConfig<detail::global_max_pooling1d>;

template <Spelled<"KeepDims"> auto... Given>
struct GlobalMaxPooling1DWith
    : detail::GlobalPooling2D<GlobalMaxPooling1DWith<Given...>, kernels::SharingMaxPool> {
  static constexpr const char* class_name = GlobalMaxPooling1DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(GlobalMaxPooling1DConfig{});
};
using GlobalMaxPooling1D = GlobalMaxPooling1DWith<>;

using GlobalAveragePooling1DConfig = GlobalPooling2DConfig<detail::global_average_pooling1d>;

template <Spelled<"KeepDims"> auto... Given>
struct GlobalAveragePooling1DWith
    : detail::GlobalPooling2D<GlobalAveragePooling1DWith<Given...>, kernels::AveragePool> {
  static constexpr const char* class_name = GlobalAveragePooling1DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(GlobalAveragePooling1DConfig{});
};
using GlobalAveragePooling1D = GlobalAveragePooling1DWith<>;

struct ZeroPadding1DConfig {
  static constexpr Schema schema{.spelling = "ZeroPadding1D<>", .keras = "ZeroPadding1D", .onnx = "Pad",
                                 .arguments = 1, .dimensions = 1};
  Ends padding = 1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("padding", c.padding...);
  }
  void onnx(auto& out) const { out(schema.onnx, {out.x(), out.integers({0, 0, padding.before, 0, 0, padding.after})}); }
};

template <Ends Pad = 1>
struct ZeroPadding1D : detail::ZeroPadding<ZeroPadding1D<Pad>> {  // with the defaults: ZeroPadding1D<>
  static constexpr const char* class_name = ZeroPadding1DConfig::schema.keras;
  static constexpr ZeroPadding1DConfig config{.padding = Pad};
  static constexpr ZeroPad margins{0, 0, Pad.before, Pad.after};
};

struct Cropping1DConfig {
  static constexpr Schema schema{.spelling = "Cropping1D<>", .keras = "Cropping1D", .onnx = "Slice", .arguments = 1,
                                 .dimensions = 1};
  Ends cropping = 1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("cropping", c.cropping...);
  }
  void onnx(auto& out) const { out.slice({2}, {cropping.before}); }
};

template <Ends Crop = 1>
struct Cropping1D : detail::Cropping<Cropping1D<Crop>> {  // with the defaults: Cropping1D<>
  static constexpr const char* class_name = Cropping1DConfig::schema.keras;
  static constexpr Cropping1DConfig config{.cropping = Crop};
  static constexpr ZeroPad margins(Shape) { return {0, 0, Crop.before, Crop.after}; }
};

struct UpSampling1DConfig {
  static constexpr Schema schema{.spelling = "UpSampling1D<>", .keras = "UpSampling1D", .onnx = "Resize",
                                 .arguments = 1, .dimensions = 1};
  static constexpr Interpolation interpolation = Nearest;
  int size = 2;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("size", c.size...);
  }
  void onnx(auto& out) const { out.resize("nearest", "asymmetric", "floor"); }
};

template <int Size = 2>
struct UpSampling1D : detail::Resampling<UpSampling1D<Size>> {  // with the defaults: UpSampling1D<>
  static constexpr const char* class_name = UpSampling1DConfig::schema.keras;
  static constexpr UpSampling1DConfig config{.size = Size};

  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::sequence_problem("1-D up-sampling needs a sequence", in)) return problem;
    return detail::extent_problem("the size of an up-sampling is not positive", in, Size);
  }
  static constexpr Shape output_shape(Shape in) {
    return {size_or_too_many(1LL * in.width() * Size), in.channels()};
  }
};

struct SpatialDropout1DConfig {
  static constexpr Schema schema{.spelling = "SpatialDropout1D<>", .keras = "SpatialDropout1D", .arguments = 1,
                                 .dimensions = 1};
  Number rate = -1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("rate", c.rate...);
  }
};

template <Number Rate>
struct SpatialDropout1D : SpatialDropout2D<Rate> {  // with its rate: SpatialDropout1D<0.2>
  static constexpr const char* class_name = SpatialDropout1DConfig::schema.keras;
  static constexpr SpatialDropout1DConfig config{.rate = Rate};

  static constexpr Problem check(Shape in) {
    if (const Problem problem = detail::sequence_problem("SpatialDropout1D needs a sequence", in)) return problem;
    return Dropout<Rate>::check(in);
  }
};

}  // namespace strata
