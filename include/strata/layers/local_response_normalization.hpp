// LocalResponseNormalization: each element is divided by a power of the squares around it in its pixel, as in AlexNet
// (Krizhevsky et al. 2012): y[c] = x[c] / (K + Alpha / Size Σ x^2)^Beta over Size channels, of an even number one more
// after c than before.
//
//     LocalResponseNormalization<5>
//     LocalResponseNormalization<5, 1e-4, 0.75, 2>
//
// Defaults: alpha 1e-4, beta 0.75, k 1. Keras: tf.nn.local_response_normalization, whose alpha is of one channel.
// ONNX: LRN.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>

namespace strata {

struct LocalResponseNormalizationConfig {
  static constexpr Schema schema{.spelling = "LocalResponseNormalization<>",
                                 .keras = "LocalResponseNormalization",
                                 .onnx = "LRN",
                                 .arguments = 4,
                                 .module = ""};
  int size = 0;
  Number alpha = 1e-4, beta = 0.75, k = 1;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("size", c.size...), f("alpha", c.alpha...), f("beta", c.beta...), f("k", c.k...);
  }
  /// ONNX Runtime has it for images only.
  void onnx(auto& out) const {
    const bool is_image = out.in().rank == 3;
    const std::string x = is_image ? out.x() : out("Reshape", {out.x(), out.integers({0, out.in().channels(), -1, 1})});
    const std::string y =
        out(schema.onnx, {x}).with("size", size).with("alpha", alpha).with("beta", beta).with("bias", k);
    if (!is_image) out.as_output(y);
  }
};

template <int Size, Number Alpha = 1e-4, Number Beta = 0.75, Number K = 1>
struct LocalResponseNormalization {
  static constexpr const char* class_name = LocalResponseNormalizationConfig::schema.keras;
  static constexpr LocalResponseNormalizationConfig config{.size = Size, .alpha = Alpha, .beta = Beta, .k = K};
  static constexpr Needs backward_needs{.output = false};
  static constexpr bool makes_probabilities = false;

  static constexpr Problem check(Shape) {
    if (Size < 1)
      return {"the size of a LocalResponseNormalization is not positive", "1 or more channels",
              "give a positive number", Text() << Size};
    for (const double number : {Alpha.value, Beta.value})
      if (const Problem problem = detail::number_problem("a number of a LocalResponseNormalization is negative", number,
                                                         0, "alpha and beta of 0 or more", "give 0 or more"))
        return problem;
    return detail::number_problem("the k of a LocalResponseNormalization is not positive", K,
                                  (std::numeric_limits<float>::min)(), "a positive k", "give a positive k");
  }
  static constexpr Shape output_shape(Shape in) { return in; }

  template <class Call>
  static void forward(const Call& call) {
    each<Call>(call, [&](std::size_t row, int c, double bottom) {
      call.output[at<Call>(row, c)] =
          static_cast<typename Call::Scalar>(call.input[at<Call>(row, c)] * std::pow(bottom, -Beta.value));
    });
  }
  /// With b the bottom: dx[j] = dy[j] / b[j]^Beta - 2 Alpha Beta / Size x[j] Σ dy[i] x[i] / b[i]^(Beta + 1) over the
  /// elements i that have j around them.
  template <class Call>
  static void backward(const Call& call) {
    using T = typename Call::Scalar;
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * Call::input_shape.size(), T(0));
    each<Call>(call, [&](std::size_t row, int c, double bottom) {
      const double dy = call.output_gradient[at<Call>(row, c)], power = std::pow(bottom, -Beta.value);
      call.input_gradient[at<Call>(row, c)] += static_cast<T>(dy * power);
      const double slope = 2 * Alpha / Size * Beta * dy * call.input[at<Call>(row, c)] * power / bottom;
      for (int j = first(c); j < last<Call>(c); ++j)
        call.input_gradient[at<Call>(row, j)] -= static_cast<T>(slope * call.input[at<Call>(row, j)]);
    });
  }

 private:
  static constexpr int first(int channel) { return (std::max)(0, channel - (Size - 1) / 2); }
  template <class Call>
  static constexpr int last(int channel) {
    return (std::min)(Call::input_shape.channels(), channel + Size / 2 + 1);
  }
  template <class Call>
  static constexpr std::size_t at(std::size_t row, int channel) {
    return row * static_cast<std::size_t>(Call::input_shape.channels()) + static_cast<std::size_t>(channel);
  }
  /// f(pixel, channel, what its power divides)
  template <class Call, class F>
  static void each(const Call& call, F f) {
    for (std::size_t row = 0; row < call.batch * Call::input_shape.positions(); ++row)
      for (int c = 0; c < Call::input_shape.channels(); ++c) {
        double squares = 0;
        for (int j = first(c); j < last<Call>(c); ++j) {
          const double x = call.input[at<Call>(row, j)];
          squares += x * x;
        }
        f(row, c, K + Alpha / Size * squares);
      }
  }
};

}  // namespace strata
