// Average: the mean of tensors; of one shape, or see layers/broadcast.hpp.
//
//     Average<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Average<>                                           the layer itself, for a named graph
//
// Keras: Average. ONNX: Mean.
#pragma once

#include <boost/mp11/list.hpp>

#include <strata/layers/broadcast.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Average {  // of the node's operands: Average<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Average<>;
};

template <>
struct Average<> : detail::Broadcast<Average<>> {
  static constexpr Schema schema{.spelling = "Average<>", .keras = "Average", .onnx = "Mean"};
  static constexpr const char *class_name = schema.keras, *rule = "Average needs branches of one shape";
  static constexpr Needs backward_needs{.input = false, .output = false};
  static constexpr bool keeps_probabilities = true;

  template <class V>
  static STRATA_INLINE V apply(V first, auto... others) {
    constexpr auto share = typename V::value_type(1) / (1 + sizeof...(others));
    return (first + ... + others) * V(share);
  }
  template <std::size_t, std::size_t count, class V>
  static STRATA_INLINE V gradient(V dy, const V*, V) {
    return dy * V(typename V::value_type(1) / count);
  }
};

}  // namespace strata
