// GlobalAveragePooling2D: the mean of each channel over the image; (height, width, channels) becomes (channels).
//
//     GlobalAveragePooling2D
//     GlobalAveragePooling2DWith<KeepDims>       an image of one pixel
//
// Keras: GlobalAveragePooling2D. ONNX: GlobalAveragePool.
#pragma once

#include <strata/layers/pooling2d.hpp>

namespace strata {

namespace detail {
inline constexpr Schema global_average_pooling2d{
    .spelling = "GlobalAveragePooling2D", .keras = "GlobalAveragePooling2D", .onnx = "GlobalAveragePool",
    .with_options = "GlobalAveragePooling2DWith"};
}
using GlobalAveragePooling2DConfig = GlobalPooling2DConfig<detail::global_average_pooling2d>;

template <Spelled<"KeepDims"> auto... Given>
struct GlobalAveragePooling2DWith
    : detail::GlobalPooling2D<GlobalAveragePooling2DWith<Given...>, kernels::AveragePool> {
  static constexpr const char* class_name = GlobalAveragePooling2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(GlobalAveragePooling2DConfig{});
};

using GlobalAveragePooling2D = GlobalAveragePooling2DWith<>;

}  // namespace strata
