// Divide: the first of two tensors, by the second; of one shape, or see layers/broadcast.hpp.
//
//     Divide<Conv2D<8, 3, Same>, Softplus>     of branches over one input
//     Divide<>                                 the layer itself, for a named graph
//
// Keras: keras.ops.divide. ONNX: Div.
#pragma once

#include <boost/mp11/list.hpp>

#include <strata/layers/broadcast.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Divide {  // of the node's operands: Divide<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Divide<>;
};

template <>
struct Divide<> : detail::Broadcast<Divide<>> {
  static constexpr Schema schema{.spelling = "Divide<>", .keras = "Divide", .onnx = "Div", .module = ""};
  static constexpr const char *class_name = schema.keras, *rule = "Divide needs branches of one shape";
  static constexpr Needs backward_needs{.output = false};
  static constexpr bool makes_probabilities = false;

  static constexpr Problem check(Shapes in) {
    if (const Problem problem = detail::two_problem("Divide needs two branches", in)) return problem;
    return Broadcast::check(in);
  }

  template <class V>
  static STRATA_INLINE V apply(V a, V b) {
    return a / b;
  }
  template <std::size_t operand, std::size_t, class V>
  static STRATA_INLINE V gradient(V dy, const V* x, V) {
    return operand == 0 ? V(dy / x[1]) : V(-dy * (x[0] / x[1]) / x[1]);
  }
};

}  // namespace strata
