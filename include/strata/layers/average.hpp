// Average: the mean of tensors of one shape.
//
//     Average<Conv2D<8, 3, Same>, Conv2D<8, 5, Same>>     of branches over one input
//     Average<>                                           the layer itself, for a named graph
//
// Keras: Average. ONNX: Mean.
#pragma once

#include <cstddef>

#include <boost/mp11/list.hpp>

#include <strata/core/layer.hpp>
#include <strata/kernels/map.hpp>
#include <strata/layers/add.hpp>

namespace strata {

template <class... Branches>
struct Average {
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Branches>...>;
  using merge = Average<>;
};

template <>
struct Average<> {
  static constexpr const char* class_name = "Average";
  static constexpr Needs backward_needs{.input = false, .output = false};

  static constexpr Problem check(Shapes in) {
    return detail::equal_shapes_problem("Average needs branches of one shape", in);
  }
  static constexpr Shape output_shape(Shapes in) { return in[0]; }

  template <class Call>
  static void forward(const Call& call) {
    Add<>::forward(call);
    scale(call, call.output, call.output);
  }
  template <class Call>
  static void backward(const Call& call) {
    for (std::size_t i = 0; i < Call::input_count; ++i)
      if (call.input_gradients[i] != nullptr) scale(call, call.output_gradient, call.input_gradients[i]);
  }

 private:
  template <class Call, class T>
  static void scale(const Call& call, const T* from, T* to) {
    using V = typename Call::Vector;
    const V share(T(1) / static_cast<T>(Call::input_count));
    kernels::map<V>(
        call.batch * Call::output_shape.size(), [=](V x) STRATA_INLINE_LAMBDA { return x * share; }, to, from);
  }
};

}  // namespace strata
