// Subtract: the first of two tensors of one shape, less the second.
//
//     Subtract<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Subtract<>                                           the layer itself, for a named graph
//
// Keras: Subtract. ONNX: Sub.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

#include <boost/mp11/list.hpp>

#include <strata/core/inline.hpp>
#include <strata/core/layer.hpp>
#include <strata/layers/map_operands.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Subtract {  // of the node's operands: Subtract<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Subtract<>;
};

template <>
struct Subtract<> {
  static constexpr Schema schema{.spelling = "Subtract<>", .keras = "Subtract", .onnx = "Sub"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool strided = true, in_place = true, makes_probabilities = false;

  static constexpr Problem check(Shapes in) {
    if (in.size() != 2)
      return {"Subtract needs two branches", "two branches", "give it two branches, or use Add",
              Text() << in.size() << (in.size() == 1 ? " branch" : " branches")};
    return detail::equal_shapes_problem("Subtract needs branches of one shape", in);
  }
  static constexpr Shape output_shape(Shapes in) { return in[0]; }

  template <class Call>
  static void forward(const Call& call) {
    detail::map_operands(call, [](auto a, auto b) STRATA_INLINE_LAMBDA { return a - b; });
  }
  template <class Call>
  static void backward(const Call& call) {
    const auto* const dy = call.output_gradient;
    const std::size_t size = call.batch * Call::output_shape.size();
    if (call.input_gradients[0] != nullptr) std::copy_n(dy, size, call.input_gradients[0]);
    if (call.input_gradients[1] != nullptr) std::transform(dy, dy + size, call.input_gradients[1], std::negate<>());
  }
};

}  // namespace strata
