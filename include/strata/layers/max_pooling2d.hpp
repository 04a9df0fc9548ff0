// MaxPooling2D: the largest value of each window, channel by channel, or NaN where it has one. The gradient goes to the
// first cell that holds it, row by row.
//
//     MaxPooling2D<>                           2x2, the strides are the pool size
//     MaxPooling2D<3, Strides{2}, Same>        options in any order; Kernel{3, 2} for another height and width
//     MaxPooling2D<3, Strides{2}, Pad{1}>      PyTorch's padding: minus infinity; its ceil_mode is CeilMode
//
// Defaults: pool 2, strides = pool, Valid. Keras: MaxPooling2D. ONNX: MaxPool.
#pragma once

#include <strata/layers/pooling2d.hpp>

namespace strata {

namespace detail {
inline constexpr Schema max_pooling2d{
    .spelling = "MaxPooling2D<>", .keras = "MaxPooling2D", .onnx = "MaxPool", .arguments = 1};
}
using MaxPooling2DConfig = Pooling2DConfig<detail::max_pooling2d>;

template <Spelled<"2 or Kernel{2, 3}"> auto PoolSize = 2, Spelled<"Same, Strides{1}"> auto... Given>
struct MaxPooling2D  // with the defaults: MaxPooling2D<>
    : detail::Pooling2D<MaxPooling2D<PoolSize, Given...>, kernels::MaxPool> {
  static constexpr const char* class_name = MaxPooling2DConfig::schema.keras;
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(MaxPooling2DConfig{.pool_size = PoolSize});
};

}  // namespace strata
