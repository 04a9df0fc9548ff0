// GlobalMaxPooling2D: the largest value of each channel over the image, or NaN where it has one; (height, width,
// channels) becomes (channels). Cells that hold the largest value share its gradient.
//
//     GlobalMaxPooling2D
//     GlobalMaxPooling2DWith<KeepDims>       an image of one pixel
//
// Keras: GlobalMaxPooling2D. ONNX: GlobalMaxPool.
#pragma once

#include <strata/layers/pooling2d.hpp>

namespace strata {

namespace detail {
inline constexpr Schema global_max_pooling2d{
    .spelling = "GlobalMaxPooling2D", .keras = "GlobalMaxPooling2D", .onnx = "GlobalMaxPool",
    .with_options = "GlobalMaxPooling2DWith"};
}
using GlobalMaxPooling2DConfig = GlobalPooling2DConfig<detail::global_max_pooling2d>;

template <Spelled<"KeepDims"> auto... Given>
struct GlobalMaxPooling2DWith
    : detail::GlobalPooling2D<GlobalMaxPooling2DWith<Given...>, kernels::SharingMaxPool> {
  static constexpr const char* class_name = GlobalMaxPooling2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(GlobalMaxPooling2DConfig{});
};

using GlobalMaxPooling2D = GlobalMaxPooling2DWith<>;

}  // namespace strata
