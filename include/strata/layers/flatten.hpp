// Flatten: (height, width, channels) becomes (height * width * channels), the same elements in the same order: a view.
//
//     Flatten
//
// Keras: Flatten. ONNX: Flatten (of NHWC).
#pragma once

#include <algorithm>

#include <strata/core/layer.hpp>

namespace strata {

struct Flatten {
  static constexpr Schema schema{.spelling = "Flatten", .keras = "Flatten", .onnx = "Flatten"};
  static void onnx(auto& out) { out.reshape("Flatten"); }
  static constexpr const char* class_name = schema.keras;
  using itself = Flatten;
  static constexpr Kind kind = Kind::view;
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Shape output_shape(Shape in) { return {static_cast<int>(in.size())}; }

  template <class Call>
  static void forward(const Call& call) {
    std::copy_n(call.input, call.batch * Call::input_shape.size(), call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient != nullptr)
      std::copy_n(call.output_gradient, call.batch * Call::input_shape.size(), call.input_gradient);
  }
};

}  // namespace strata
