// AveragePooling2D: the mean of each window, channel by channel; padding does not count, but with CountPadding.
//
//     AveragePooling2D<>                           2x2, the strides are the pool size
//     AveragePooling2D<3, Strides{2}, Same>        options in any order; Kernel{3, 2} for another height and width
//     AveragePooling2D<3, Pad{1}, CeilMode, CountPadding>      PyTorch's padding, ceil_mode, count_include_pad
//
// Defaults: pool 2, strides = pool, Valid. Keras: AveragePooling2D. ONNX: AveragePool (count_include_pad 0, or 1).
#pragma once

#include <strata/layers/pooling2d.hpp>

namespace strata {

namespace detail {
inline constexpr Schema average_pooling2d{
    .spelling = "AveragePooling2D<>", .keras = "AveragePooling2D", .onnx = "AveragePool", .arguments = 1};
}
using AveragePooling2DConfig = AveragePoolingConfig<detail::average_pooling2d>;

template <Spelled<"2 or Kernel{2, 3}"> auto PoolSize = 2, Spelled<"Same, Strides{1}"> auto... Given>
struct AveragePooling2D  // with the defaults: AveragePooling2D<>
    : detail::AveragePooling<AveragePooling2D<PoolSize, Given...>, Given...> {
  static constexpr const char* class_name = AveragePooling2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(AveragePooling2DConfig{{.pool_size = PoolSize}});
};

}  // namespace strata
