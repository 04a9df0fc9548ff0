// RepeatVector: (features) becomes (Times, features), each row the same.
//
//     RepeatVector<3>
//
// Keras: RepeatVector. ONNX: Expand.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>

namespace strata {

struct RepeatVectorConfig {
  static constexpr Schema schema{.spelling = "RepeatVector<>", .keras = "RepeatVector", .onnx = "Expand",
                                 .arguments = 1};
  int n = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("n", c.n...);
  }
  void onnx(auto& out) const {
    const std::string column = out("Unsqueeze", {out.x(), out.integers({2})});
    out(schema.onnx, {column, out.integers({1, 1, n})});
  }
};

template <int Times>
struct RepeatVector {
  static constexpr const char* class_name = RepeatVectorConfig::schema.keras;
  static constexpr RepeatVectorConfig config{.n = Times};
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool keeps_probabilities = true;

  static constexpr Problem check(Shape in) {
    if (Times <= 0)
      return {"RepeatVector repeats less than once", "once or more", "give a positive number",
              Text() << Times << " times"};
    if (in.rank != 1) return {"RepeatVector needs a vector", "a vector of features", "put Flatten before it"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) { return {Times, in.channels()}; }

  template <class Call>
  static void forward(const Call& call) {
    constexpr std::size_t size = Call::input_shape.size();
    for (std::size_t row = 0; row < call.batch * Times; ++row)
      std::copy_n(call.input + row / Times * size, size, call.output + row * size);
  }
  template <class Call>
  static void backward(const Call& call) {
    constexpr std::size_t size = Call::input_shape.size();
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * size, 0);
    for (std::size_t row = 0; row < call.batch * Times; ++row)
      for (std::size_t i = 0; i < size; ++i)
        call.input_gradient[row / Times * size + i] += call.output_gradient[row * size + i];
  }
};

}  // namespace strata
