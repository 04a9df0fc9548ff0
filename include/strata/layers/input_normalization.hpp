// Normalization: y = (x - mean[c]) / max(sqrt(variance[c]), 1e-7), with the statistics of the training data.
//
//     Normalization              mean 0 and variance 1 until the data's are put in
//
// Its parameters are not trained: mean, variance and count, the number of elements that they were taken from, as in
// Keras. Set `normalization/mean` and `normalization/variance`, or load a file that has them.
// Default: the last axis. Keras: Normalization. ONNX: Sub and Div.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/kernels/map.hpp>

namespace strata {

struct Normalization {
  static constexpr const char* class_name = "Normalization";
  static constexpr Schema schema{.spelling = "Normalization", .keras = "Normalization",
                                 .fixed = R"({"axis": [-1], "invert": false})"};
  static constexpr Kind kind = Kind::affine;
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    const Shape channels{in.channels()};
    return {{.name = "mean", .shape = channels, .trainable = false},
            {.name = "variance", .shape = channels, .initializer = {Initializer::ones}, .trainable = false},
            {.name = "count", .shape = {1}, .trainable = false, .bytes = 8}};
  }
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return 2 * channels(in);
  }
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    return scratch_size<V>(in);
  }

  template <class T>
  static void affine(Shape in, const T* const* parameters, T* scale, T* shift) {
    const T *mean = parameters[0], *variance = parameters[1];
    for (std::size_t c = 0; c < channels(in); ++c) {
      scale[c] = 1 / (std::max)(std::sqrt(variance[c]), static_cast<T>(1e-7));  // Keras' epsilon
      shift[c] = -mean[c] * scale[c];
    }
  }

  template <class Call>
  static void forward(const Call& call) {
    apply(call, call.input, call.output, true);
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient != nullptr) apply(call, call.output_gradient, call.input_gradient, false);
  }

 private:
  static constexpr std::size_t channels(Shape in) { return static_cast<std::size_t>(in.channels()); }

  /// The gradient takes the same way without the shift.
  template <class Call, class T>
  static void apply(const Call& call, const T* x, T* y, bool shifted) {
    constexpr Shape in = Call::input_shape;
    T *scale = call.scratch, *shift = scale + channels(in);
    affine(in, call.parameters, scale, shift);
    if (!shifted) std::fill_n(shift, channels(in), T(0));
    kernels::map_affine<typename Call::Vector, in>(call.batch, x, y, scale, shift);
  }
};

}  // namespace strata
