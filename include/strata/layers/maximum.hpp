// Maximum: the largest of tensors, element by element, and NaN where one of them is; of one shape, or see
// layers/broadcast.hpp. The gradient goes to the first that has it.
//
//     Maximum<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Maximum<>                                           the layer itself, for a named graph
//
// Keras: Maximum. ONNX: Max.
#pragma once

#include <boost/mp11/list.hpp>

#include <strata/layers/broadcast.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Maximum {  // of the node's operands: Maximum<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Maximum<>;
};

template <>
struct Maximum<> : detail::Broadcast<Maximum<>> {
  static constexpr Schema schema{.spelling = "Maximum<>", .keras = "Maximum", .onnx = "Max"};
  static constexpr const char *class_name = schema.keras, *rule = "Maximum needs branches of one shape";
  static constexpr Needs backward_needs{};
  static constexpr bool keeps_probabilities = true;

  static STRATA_INLINE auto apply(auto... x) { return simd::maximum(x...); }
  template <std::size_t operand, std::size_t, class V>
  static STRATA_INLINE V gradient(V dy, const V* x, V y) {
    return simd::select(detail::is_first_to_have<operand>(x, y), dy, V(0));
  }
};

}  // namespace strata
