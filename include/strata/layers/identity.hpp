// IdentityLayer and Linear: y = x, for the sake of networks that have them.
//
// (Identity is the epilogue that does nothing.) Keras: Identity; Activation('linear'). ONNX: Identity.
#pragma once

#include <strata/layers/flatten.hpp>

namespace strata {

struct IdentityLayer : Flatten {
  static constexpr Schema schema{.spelling = "IdentityLayer", .keras = "Identity", .onnx = "Identity"};
  static constexpr const char* class_name = schema.keras;

  static constexpr Shape output_shape(Shape in) { return in; }
};

struct Linear : IdentityLayer {
  static constexpr Schema schema{.spelling = "Linear", .keras = "Activation", .onnx = "Identity",
                                 .activation = "linear"};
  static constexpr const char* class_name = schema.keras;
};

}  // namespace strata
