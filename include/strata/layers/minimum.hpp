// Minimum: the least of tensors, element by element, and NaN where one of them is; of one shape, or see
// layers/broadcast.hpp. The gradient goes to the first that has it.
//
//     Minimum<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Minimum<>                                           the layer itself, for a named graph
//
// Keras: Minimum. ONNX: Min.
#pragma once

#include <boost/mp11/list.hpp>

#include <strata/layers/broadcast.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Minimum {  // of the node's operands: Minimum<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Minimum<>;
};

template <>
struct Minimum<> : detail::Broadcast<Minimum<>> {
  static constexpr Schema schema{.spelling = "Minimum<>", .keras = "Minimum", .onnx = "Min"};
  static constexpr const char *class_name = schema.keras, *rule = "Minimum needs branches of one shape";
  static constexpr Needs backward_needs{};
  static constexpr bool keeps_probabilities = true;

  template <class V>
  static STRATA_INLINE V apply(V first, auto... others) {
    return -simd::maximum(V(-first), V(-others)...);
  }
  template <std::size_t operand, std::size_t, class V>
  static STRATA_INLINE V gradient(V dy, const V* x, V y) {
    return simd::select(detail::is_first_to_have<operand>(x, y), dy, V(0));
  }
};

}  // namespace strata
