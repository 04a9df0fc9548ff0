// Add: the sum of tensors of one shape.
//
//     Add<Sequential<Conv2D<8, 3, Same>, BatchNorm>, Sequential<Conv2D<8, 1>>>     of branches over one input
//     Add<>                                                                        the layer itself, for a named graph
//
// Keras: Add. ONNX: Add, Sum.
#pragma once

#include <algorithm>
#include <cstddef>

#include <boost/mp11/list.hpp>

#include <strata/core/inline.hpp>
#include <strata/core/layer.hpp>
#include <strata/layers/map_operands.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Add {  // of the node's operands: Add<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Add<>;
};

template <>
struct Add<> {
  static constexpr Schema schema{.spelling = "Add<>", .keras = "Add", .onnx = "Add"};
  static void onnx(auto& out) { out(out.size() == 2 ? schema.onnx : "Sum"); }
  static constexpr const char* class_name = schema.keras;
  static constexpr Kind kind = Kind::sum;
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Problem check(Shapes in) {
    return detail::equal_shapes_problem("Add needs branches of one shape", in);
  }
  static constexpr Shape output_shape(Shapes in) { return in[0]; }

  static constexpr bool strided = true, in_place = true, shares = true;

  template <class Call>
  static void forward(const Call& call) {
    detail::map_operands(call, [](auto... x) STRATA_INLINE_LAMBDA { return (... + x); });
  }
  template <class Call>
  static void backward(const Call& call) {
    for (std::size_t i = 0; i < Call::input_count; ++i)
      if (call.input_gradients[i] != nullptr)
        std::copy_n(call.output_gradient, call.batch * Call::input_shape.size(), call.input_gradients[i]);
  }
};

}  // namespace strata
