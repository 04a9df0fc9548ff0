// Multiply: the product of tensors, element by element; of one shape, or see layers/broadcast.hpp. A vector of channels
// scales every pixel of an image, as in squeeze-and-excitation (Hu et al. 2017, arXiv 1709.01507).
//
//     Multiply<Sequential<>,
//              Sequential<GlobalAveragePooling2D, Dense<4, activation<ReLU>>, Dense<16, activation<Sigmoid>>>>
//     Multiply<>                                         the layer itself, for a named graph
//
// Keras: Multiply. ONNX: Mul.
#pragma once

#include <cstddef>
#include <string>

#include <boost/mp11/list.hpp>

#include <strata/layers/broadcast.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Multiply {  // of the node's operands: Multiply<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Multiply<>;
};

template <>
struct Multiply<> : detail::Broadcast<Multiply<>> {
  static constexpr Schema schema{.spelling = "Multiply<>", .keras = "Multiply", .onnx = "Mul"};
  static constexpr const char *class_name = schema.keras, *rule = "Multiply needs branches of one shape";
  static constexpr Needs backward_needs{.output = false};
  static void onnx(auto& out) {
    const auto factors = out.broadcast();
    std::string product = factors[0];
    for (std::size_t i = 1; i < factors.size(); ++i) product = out(schema.onnx, {product, factors[i]});
  }

  static STRATA_INLINE auto apply(auto... x) { return (... * x); }
  template <std::size_t operand, std::size_t count, class V>
  static STRATA_INLINE V gradient(V dy, const V* x, V) {
    for (std::size_t i = 0; i < count; ++i)
      if (i != operand) dy *= x[i];
    return dy;
  }
};

}  // namespace strata
