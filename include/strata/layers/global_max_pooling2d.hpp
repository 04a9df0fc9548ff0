// GlobalMaxPooling2D: the largest value of each channel over the image, or NaN where it has one; (height, width,
// channels) becomes (channels). Cells that hold the largest value share its gradient.
//
//     GlobalMaxPooling2D
//
// Keras: GlobalMaxPooling2D. ONNX: GlobalMaxPool.
#pragma once

#include <strata/layers/pooling2d.hpp>

namespace strata {

struct GlobalMaxPooling2D : detail::GlobalPooling2D<GlobalMaxPooling2D, kernels::SharingMaxPool> {
  static constexpr Schema schema{.spelling = "GlobalMaxPooling2D", .keras = "GlobalMaxPooling2D",
                                 .onnx = "GlobalMaxPool"};
  static constexpr const char* class_name = schema.keras;
};

}  // namespace strata
