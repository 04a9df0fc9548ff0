// Reshape: the same elements in another shape.
//
//     Reshape<4, 4, 8>           one size may be -1: what is left
//
// Keras: Reshape. ONNX: Reshape.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>
#include <strata/layers/flatten.hpp>

namespace strata {

struct ReshapeConfig {
  static constexpr Schema schema{.spelling = "Reshape<>", .keras = "Reshape", .onnx = "Reshape", .arguments = 1};
  Shape target_shape{};

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("target_shape", c.target_shape...);
  }
  void onnx(auto& out) const { out.reshape("Reshape"); }
};

template <int... Extents>
struct Reshape : Flatten {
  static constexpr const char* class_name = ReshapeConfig::schema.keras;
  static constexpr ReshapeConfig config{.target_shape = {Extents...}};

  static constexpr Problem check(Shape in) {
    if (sizeof...(Extents) < 1 || sizeof...(Extents) > Shape::max_rank)
      return {"Reshape has one to five sizes", "one to five sizes", "give the sizes without the batch",
              Text() << sizeof...(Extents) << " sizes"};
    if (((Extents < 0) + ... + 0) > 1 || ((Extents < -1 || Extents == 0) || ...))
      return {"a size of Reshape is not positive", "positive sizes, one of them perhaps -1", "give positive sizes",
              Text() << Shape{Extents...}};
    if (output_shape(in).size() != in.size())
      return {"Reshape changes the number of elements", Text() << in.size() << " elements",
              "give sizes with the same product", Text() << Shape{Extents...} << " for " << in};
    return {};
  }
  static constexpr Shape output_shape(Shape in) {
    Shape out{Extents...};
    int known = 1;
    for (int axis = 0; axis < out.rank; ++axis)
      if (out[axis] > 0) known = size_or_too_many(1LL * known * out[axis]);
    for (int axis = 0; axis < out.rank; ++axis)
      if (out[axis] == -1) out.extents[static_cast<std::size_t>(axis)] = static_cast<int>(in.size()) / known;
    return out;
  }
};

}  // namespace strata
