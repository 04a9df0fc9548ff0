// Maximum: the largest of tensors of one shape, element by element, and NaN where one of them is. The gradient goes to
// the first that has it.
//
//     Maximum<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Maximum<>                                           the layer itself, for a named graph
//
// Keras: Maximum. ONNX: Max.
#pragma once

#include <algorithm>
#include <cstddef>

#include <boost/mp11/list.hpp>

#include <strata/core/inline.hpp>
#include <strata/core/layer.hpp>
#include <strata/kernels/simd.hpp>
#include <strata/layers/map_operands.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Maximum {  // of the node's operands: Maximum<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Maximum<>;
};

template <>
struct Maximum<> {
  static constexpr Schema schema{.spelling = "Maximum<>", .keras = "Maximum", .onnx = "Max"};
  static constexpr const char* class_name = schema.keras;

  static constexpr Problem check(Shapes in) {
    return detail::equal_shapes_problem("Maximum needs branches of one shape", in);
  }
  static constexpr Shape output_shape(Shapes in) { return in[0]; }

  static constexpr bool strided = true, in_place = true, keeps_probabilities = true, shares = true;

  template <class Call>
  static void forward(const Call& call) {
    detail::map_operands(call, [](auto... x) STRATA_INLINE_LAMBDA { return simd::maximum(x...); });
  }

  /// Operand after operand takes its part of what is left of the gradient.
  template <class Call>
  static void backward(const Call& call) {
    const std::size_t size = call.batch * Call::output_shape.size();
    for (std::size_t e = 0; e < size; ++e) {
      auto left = call.output_gradient[e];
      for (std::size_t i = 0; i < Call::input_count; ++i) {
        const auto x = call.inputs[i][e];
        const bool here = x == call.output[e] || x != x;
        if (call.input_gradients[i] != nullptr) call.input_gradients[i][e] = here ? left : 0;
        if (here) left = 0;
      }
    }
  }
};

}  // namespace strata
