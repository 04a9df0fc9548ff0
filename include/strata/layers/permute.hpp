// Permute: the axes of a sample in another order.
//
//     Permute<2, 1, 3>           axes count from 1, without the batch, as in Keras: width before height
//
// Keras: Permute. ONNX: Transpose.
#pragma once

#include <array>
#include <cstddef>

#include <strata/core/text.hpp>
#include <strata/layers/gathering.hpp>

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
struct Permute : detail::Gathering<Permute<Axes...>> {
  static constexpr const char* class_name = PermuteConfig::schema.keras;
  static constexpr PermuteConfig config{.dims = {Axes...}};
  static constexpr bool keeps_probabilities = true;

  static constexpr Problem check(Shape in) {
    bool each_once = sizeof...(Axes) == static_cast<std::size_t>(in.rank);
    for (int axis = 1; axis <= in.rank; ++axis) each_once = each_once && ((Axes == axis) + ... + 0) == 1;
    if (each_once) return {};
    return {"Permute does not name each axis once", Text() << "the axes 1 to " << in.rank << " in any order",
            "count from 1, without the batch", Text() << Shape{Axes...} << " for " << in};
  }
  static constexpr Shape output_shape(Shape in) { return {in[Axes - 1]...}; }

  static constexpr int run(Shape in) {
    constexpr std::array axes{Axes...};
    return axes.back() == in.rank ? in.channels() : 1;
  }
  static constexpr detail::Cell source(Shape in, detail::Cell to) {
    constexpr std::array axes{Axes...};
    if constexpr (axes.size() > 3) {
      const auto numbers = detail::numbers_of(output_shape(in), to);
      auto from = numbers;
      for (std::size_t a = 0; a < axes.size(); ++a) from[static_cast<std::size_t>(axes[a] - 1)] = numbers[a];
      return detail::cell_of(in, from);
    }
    std::array<int, 3> cell{to.row, to.column, to.channel}, from{};
    const std::size_t missing = 3 - static_cast<std::size_t>(in.rank);
    for (std::size_t a = 0; a < axes.size(); ++a)
      from[missing + static_cast<std::size_t>(axes[a] - 1)] = cell[missing + a];
    return {from[0], from[1], from[2]};
  }
};

}  // namespace strata
