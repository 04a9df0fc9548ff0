// PReLU: y = x where x > 0, else alpha x, with an alpha to learn (He et al. 2015, arXiv 1502.01852).
//
//     PReLU<>                          one alpha for each element of a sample, as in Keras
//     PReLU<SharedAxes{1, 2}>          one for each channel: height and width share (Keras counts axes from 1)
//
// Defaults: alpha starts at 0. Keras: PReLU. ONNX: PRelu.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include <strata/core/inline.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>
#include <strata/core/text.hpp>
#include <strata/kernels/map.hpp>
#include <strata/kernels/vector.hpp>
#include <strata/layers/broadcast.hpp>

namespace strata {

/// Keras `shared_axes`: along these axes, counted from 1 without the batch, parameters are the same.
struct SharedAxes {
  static constexpr const char* name = "SharedAxes";
  int first = 0, second = 0, third = 0;
  constexpr SharedAxes(int a, int b = 0, int c = 0) : first(a), second(b), third(c) {}
  constexpr bool has(int axis) const { return axis == first || axis == second || axis == third; }
  constexpr int largest() const { return (std::max)({first, second, third}); }

  std::string arguments() const {
    std::string text = std::to_string(first);
    for (const int axis : {second, third})
      if (axis != 0) text += ", " + std::to_string(axis);
    return text;
  }
};

struct PReLUConfig {
  static constexpr Schema schema{.spelling = "PReLU<>", .keras = "PReLU", .onnx = "PRelu"};
  static constexpr const char* weight_names = "alpha";
  SharedAxes shared_axes = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("shared_axes", c.shared_axes...);
  }
  void onnx(auto& out) const { out(schema.onnx, {out.x(), out.weight(0)}); }
};

template <Spelled<"SharedAxes{1, 2}"> auto... Given>
struct PReLU {  // with the defaults: PReLU<>
  static constexpr const char* class_name = PReLUConfig::schema.keras;
  static constexpr Needs backward_needs{.output = false};
  using options = LayerOptions<Given...>;
  static constexpr auto config = options::fill(PReLUConfig{});
  static constexpr SharedAxes shared = config.shared_axes;

  static constexpr Problem check(Shape in) {
    if (shared.largest() > in.rank)
      return {"a shared axis does not exist", Text() << "axes from 1 to " << in.rank, "count from 1, without the batch",
              Text() << "axis " << shared.largest()};
    return options::template check<PReLUConfig>();
  }
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape in) {
    Shape alpha = in;
    for (int axis = 0; axis < in.rank; ++axis)
      if (shared.has(axis + 1)) alpha.extents[static_cast<std::size_t>(axis)] = 1;
    return {{"alpha", alpha, {Initializer::zeros}}};
  }

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    using T = typename Call::Scalar;
    constexpr Shape in = Call::input_shape, alpha = parameters(in).list[0].shape;
    constexpr auto leaky = [](V x, V a) STRATA_INLINE_LAMBDA { return simd::select(V(T(0)) < x, x, a * x); };
    if constexpr (alpha == in) {
      for (std::size_t first = 0; first < call.batch * in.size(); first += in.size())
        kernels::map<V>(in.size(), leaky, call.output + first, call.input + first, call.parameters[0]);
    } else if constexpr (alpha.positions() == 1 && alpha.channels() == in.channels()) {
      kernels::map_rows<V, in.channels()>(call.batch * in.positions(), leaky, call.output, std::array{call.input},
                                          std::array{call.parameters[0]});
    } else {
      each<Call>(call.batch, [&](std::size_t i, std::size_t a) {
        const auto x = call.input[i];
        call.output[i] = x > 0 ? x : call.parameters[0][a] * x;
      });
    }
  }
  template <class Call>
  static void backward(const Call& call) {
    each<Call>(call.batch, [&](std::size_t i, std::size_t a) {
      const auto x = call.input[i], dy = call.output_gradient[i];
      if (!(x > 0)) call.parameter_gradients[0][a] += dy * x;
      if (call.input_gradient != nullptr)  // at 0 it is 0, as in Keras: relu(x) - alpha relu(-x)
        call.input_gradient[i] = x > 0 ? dy : x == 0 ? 0 : dy * call.parameters[0][a];
    });
  }

 private:
  /// f(element, its alpha)
  template <class Call, class F>
  static STRATA_INLINE void each(std::size_t batch, F f) {
    constexpr Shape in = Call::input_shape, alpha = parameters(in).list[0].shape;
    constexpr auto size = [](int extent) { return static_cast<std::size_t>(extent); };
    constexpr std::size_t row = size(row_of(alpha, {})), column = alpha.width() > 1 ? size(alpha.channels()) : 0;
    std::size_t i = 0;
    for (std::size_t n = 0; n < batch; ++n)
      for (std::size_t y = 0; y < size(in.height()); ++y)
        for (std::size_t x = 0; x < size(in.width()); ++x)
          for (std::size_t c = 0; c < size(in.channels()); ++c, ++i)
            f(i, detail::row_for<alpha, in>(y) * row + x * column + (alpha.channels() > 1 ? c : 0));
  }
};

}  // namespace strata
