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
  static constexpr Schema schema{.spelling = "Normalization", .keras = "Normalization",
                                 .fixed = R"({"axis": [-1], "invert": false})"};
  static void onnx(auto& out) {
    const std::string centred = out("Sub", {out.x(), out.per_channel("mean", 0)});
    const std::string deviation = out("Sqrt", {out.per_channel("variance", 1)});
    out("Div", {centred, out("Max", {deviation, out.number(1e-7)})});
  }
  static constexpr const char* weight_names = "mean variance count";
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr Views views = Views::inference;
  static constexpr bool in_place = true, makes_probabilities = false;

  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    const Shape channels{in.channels()};
    return {{.name = "mean", .shape = channels, .trainable = false},
            {.name = "variance", .shape = channels, .initializer = {Initializer::ones}, .trainable = false},
            {.name = "count", .shape = {1}, .trainable = false, .bytes = 8}};
  }
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    return static_cast<std::size_t>(in.channels());
  }
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    return scratch_size<V>(in);
  }

  /// The mean is taken from x first, as in Keras: what is left of digits far from 0 is exact.
  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    kernels::map_images<V, Call::input_shape, Call::output_border, Call::input_border>(
        call.batch, [](V x, V mean, V deviation) STRATA_INLINE_LAMBDA { return V((x - mean) / deviation); },
        call.output, std::array{call.input}, std::array{call.parameters[0], deviations(call)});
  }
  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    if (call.input_gradient == nullptr) return;
    kernels::map_images<V, Call::input_shape, Call::input_gradient_border, Call::output_gradient_border>(
        call.batch, [](V dy, V deviation) STRATA_INLINE_LAMBDA { return V(dy / deviation); }, call.input_gradient,
        std::array{call.output_gradient}, std::array{deviations(call)});
  }

 private:
  /// In working memory.
  template <class Call, class T = typename Call::Scalar>
  static const T* deviations(const Call& call) {
    std::transform(call.parameters[1], call.parameters[1] + Call::input_shape.channels(), call.scratch, [](T variance) {
      return (std::max)(std::sqrt(variance), static_cast<T>(1e-7));  // Keras' epsilon
    });
    return call.scratch;
  }
};

}  // namespace strata
