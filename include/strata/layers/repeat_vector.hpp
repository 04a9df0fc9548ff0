// RepeatVector: (features) becomes (Times, features), each row the same.
//
//     RepeatVector<3>
//
// Keras: RepeatVector. ONNX: Expand.
#pragma once

#include <strata/core/text.hpp>
#include <strata/layers/gathering.hpp>

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
struct RepeatVector : detail::Gathering<RepeatVector<Times>> {
  static constexpr const char* class_name = RepeatVectorConfig::schema.keras;
  static constexpr RepeatVectorConfig config{.n = Times};
  static constexpr bool keeps_probabilities = true;

  static constexpr Problem check(Shape in) {
    if (Times <= 0)
      return {"RepeatVector repeats less than once", "once or more", "give a positive number",
              Text() << Times << " times"};
    if (in.rank != 1) return {"RepeatVector needs a vector", "a vector of features", "put Flatten before it"};
    return {};
  }
  static constexpr Shape output_shape(Shape in) { return {Times, in.channels()}; }

  static constexpr int run(Shape in) { return in.channels(); }
  static constexpr detail::Cell source(Shape, detail::Cell to) { return {0, 0, to.channel}; }
};

}  // namespace strata
