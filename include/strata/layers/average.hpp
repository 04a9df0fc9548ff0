// Average: the mean of tensors of one shape.
//
//     Average<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Average<>                                           the layer itself, for a named graph
//
// Keras: Average. ONNX: Mean.
#pragma once

#include <cstddef>

#include <boost/mp11/list.hpp>

#include <strata/core/inline.hpp>
#include <strata/core/layer.hpp>
#include <strata/kernels/map.hpp>
#include <strata/layers/map_operands.hpp>
#include <strata/layers/problems.hpp>

namespace strata {

template <class... Branches>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Average {  // of the node's operands: Average<>
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Average<>;
};

template <>
struct Average<> {
  static constexpr Schema schema{.spelling = "Average<>", .keras = "Average", .onnx = "Mean"};
  static constexpr const char* class_name = schema.keras;
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Problem check(Shapes in) {
    return detail::equal_shapes_problem("Average needs branches of one shape", in);
  }
  static constexpr Shape output_shape(Shapes in) { return in[0]; }

  static constexpr bool strided = true, in_place = true, keeps_probabilities = true, shares = true;

  template <class Call>
  static void forward(const Call& call) {
    const auto part = share<Call>();
    detail::map_operands(call, [=](auto... x) STRATA_INLINE_LAMBDA { return (... + x) * part; });
  }
  template <class Call>
  static void backward(const Call& call) {
    using V = typename Call::Vector;
    const V part = share<Call>();
    for (std::size_t i = 0; i < Call::input_count; ++i)
      if (call.input_gradients[i] != nullptr)
        kernels::map<V>(
            call.batch * Call::output_shape.size(), [=](V x) STRATA_INLINE_LAMBDA { return x * part; },
            call.input_gradients[i], call.output_gradient);
  }

 private:
  template <class Call>
  static auto share() {
    return typename Call::Vector(typename Call::Scalar(1) / static_cast<typename Call::Scalar>(Call::input_count));
  }
};

}  // namespace strata
