// GlobalAveragePooling2D: the mean of each channel over the image; (height, width, channels) becomes (channels).
//
//     GlobalAveragePooling2D
//
// Keras: GlobalAveragePooling2D. ONNX: GlobalAveragePool.
#pragma once

#include <strata/layers/pooling2d.hpp>

namespace strata {

struct GlobalAveragePooling2D : detail::GlobalPooling2D<GlobalAveragePooling2D, kernels::AveragePool> {
  static constexpr Schema schema{.spelling = "GlobalAveragePooling2D", .keras = "GlobalAveragePooling2D",
                                 .onnx = "GlobalAveragePool"};
  static constexpr const char* class_name = schema.keras;
};

}  // namespace strata
