// Subtract: the first of two tensors, less the second; of one shape, or see layers/broadcast.hpp.
//
//     Subtract<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Subtract<>                                           the layer itself, for a named graph
//
// Keras: Subtract. ONNX: Sub.
#pragma once

#include <boost/mp11/list.hpp>

#include <strata/layers/broadcast.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Subtract {  // of the node's operands: Subtract<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Subtract<>;
};

template <>
struct Subtract<> : detail::Broadcast<Subtract<>> {
  static constexpr Schema schema{.spelling = "Subtract<>", .keras = "Subtract", .onnx = "Sub"};
  static constexpr const char *class_name = schema.keras, *rule = "Subtract needs branches of one shape";
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool makes_probabilities = false;

  static constexpr Problem check(Shapes in) {
    if (const Problem problem = detail::two_problem("Subtract needs two branches", in)) return problem;
    return Broadcast::check(in);
  }

  template <class V>
  static STRATA_INLINE V apply(V a, V b) {
    return a - b;
  }
  template <std::size_t operand, std::size_t, class V>
  static STRATA_INLINE V gradient(V dy, const V*, V) {
    return operand == 0 ? dy : V(-dy);
  }
};

}  // namespace strata
