// Permute: the axes of a sample in another order.
//
//     Permute<2, 1, 3>           axes count from 1, without the batch, as in Keras: width before height
//
// Keras: Permute. ONNX: Transpose.
#pragma once

#include <array>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>

namespace strata {

struct PermuteConfig {
  static constexpr Schema schema{.spelling = "Permute<>", .keras = "Permute", .onnx = "Transpose", .arguments = 1};
  Shape dims{};

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("dims", c.dims...);
  }
  void onnx(auto& out) const { out.permute(dims); }
};

template <int... Axes>
struct Permute {
  static constexpr const char* class_name = PermuteConfig::schema.keras;
  static constexpr PermuteConfig config{.dims = {Axes...}};
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool keeps_probabilities = true;

  static constexpr Problem check(Shape in) {
    bool each_once = sizeof...(Axes) == static_cast<std::size_t>(in.rank);
    for (int axis = 1; axis <= in.rank; ++axis) each_once = each_once && ((Axes == axis) + ... + 0) == 1;
    if (each_once) return {};
    return {"Permute does not name each axis once", Text() << "the axes 1 to " << in.rank << " in any order",
            "count from 1, without the batch", Text() << Shape{Axes...} << " for " << in};
  }
  static constexpr Shape output_shape(Shape in) { return {in[Axes - 1]...}; }

  template <class Call>
  static void forward(const Call& call) {
    each<Call>(call.batch, [&](std::size_t in, std::size_t out) { call.output[out] = call.input[in]; });
  }
  template <class Call>
  static void backward(const Call& call) {
    if (call.input_gradient == nullptr) return;
    each<Call>(call.batch,
               [&](std::size_t in, std::size_t out) { call.input_gradient[in] = call.output_gradient[out]; });
  }

 private:
  /// f(place in the input, place in the output)
  template <class Call, class F>
  static void each(std::size_t batch, F f) {
    static constexpr Shape in = Call::input_shape, out = Call::output_shape;
    constexpr std::array<int, sizeof...(Axes)> axes{Axes...};
    // Elements of the input from one position to the next along each of the output's axes, the last three of them.
    constexpr auto extents = [] {
      std::array<std::size_t, 3> e{1, 1, 1};
      for (int a = 0; a < out.rank; ++a)
        e[static_cast<std::size_t>(3 - out.rank + a)] = static_cast<std::size_t>(out[a]);
      return e;
    }();
    constexpr auto steps = [axes] {
      std::array<std::size_t, 3> s{};
      for (int a = 0; a < out.rank; ++a) {
        std::size_t step = 1;
        for (int later = axes[static_cast<std::size_t>(a)]; later < in.rank; ++later)
          step *= static_cast<std::size_t>(in[later]);
        s[static_cast<std::size_t>(3 - out.rank + a)] = step;
      }
      return s;
    }();
    std::size_t place = 0;
    for (std::size_t n = 0; n < batch; ++n)
      for (std::size_t i = 0; i < extents[0]; ++i)
        for (std::size_t j = 0; j < extents[1]; ++j)
          for (std::size_t k = 0; k < extents[2]; ++k)
            f(n * in.size() + i * steps[0] + j * steps[1] + k * steps[2], place++);
  }
};

}  // namespace strata
