// Add: the sum of tensors; of one shape, or see layers/broadcast.hpp.
//
//     Add<Sequential<Conv2D<8, 3, Same>, BatchNorm>, Sequential<Conv2D<8, 1>>>     of branches over one input
//     Add<>                                                                        the layer itself, for a named graph
//
// Keras: Add. ONNX: Add, Sum.
#pragma once

#include <boost/mp11/list.hpp>

#include <strata/layers/broadcast.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Add {  // of the node's operands: Add<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Add<>;
};

template <>
struct Add<> : detail::Broadcast<Add<>> {
  static constexpr Schema schema{.spelling = "Add<>", .keras = "Add", .onnx = "Add"};
  static constexpr const char *class_name = schema.keras, *rule = "Add needs branches of one shape";
  static void onnx(auto& out) { out(out.size() == 2 ? schema.onnx : "Sum", out.broadcast()); }
  static constexpr Kind kind = Kind::sum;
  static constexpr Needs backward_needs{.input = false, .output = false};

  static STRATA_INLINE auto apply(auto... x) { return (... + x); }
  template <std::size_t, std::size_t, class V>
  static STRATA_INLINE V gradient(V dy, const V*, V) {
    return dy;
  }
};

}  // namespace strata
