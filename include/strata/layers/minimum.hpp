// Minimum: the least of tensors of one shape, element by element, and NaN where one of them is. The gradient goes to
// the first that has it.
//
//     Minimum<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Minimum<>                                           the layer itself, for a named graph
//
// Keras: Minimum. ONNX: Min.
#pragma once

#include <strata/layers/maximum.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Minimum {  // of the node's operands: Minimum<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Minimum<>;
};

template <>
struct Minimum<> : Maximum<> {
  static constexpr Schema schema{.spelling = "Minimum<>", .keras = "Minimum", .onnx = "Min"};
  static constexpr const char* class_name = schema.keras;

  static constexpr Problem check(Shapes in) {
    return detail::equal_shapes_problem("Minimum needs branches of one shape", in);
  }

  template <class Call>
  static void forward(const Call& call) {
    using V = typename Call::Vector;
    detail::map_operands(call, [](auto... x) STRATA_INLINE_LAMBDA { return V(-simd::maximum(V(-x)...)); });
  }
};

}  // namespace strata
