// Named: a layer in a chain or a branch by a name of its own. Keras: `Conv2D(8, 3, name="stem")`.
//
//     struct Net : Sequential<Input<32, 32, 3>, Named<"stem", Conv2D<8, 3>>, ReLU, Flatten, Dense<10>> {};
//     model.get<"stem/kernel">()
//
// A block's name is the prefix of its layers', as that of a Graph's node: `stem_conv2d/kernel`. In a template a name
// may be put together: `Named<Block + "_conv", Conv2D<8, 3>>`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <strata/core/text.hpp>
#include <strata/graph/sequential.hpp>

namespace strata {

template <FixedString Name, Spelled<"MaxPooling2D<>"> Layer>
struct Named {
  using leaves = typename detail::leaves_of<Layer>::type;
  static constexpr std::size_t extra_operands = detail::extra_operands<Layer>::value;

  template <class Builder>
  static constexpr int emit(Builder& builder, int tensor) {
    if (const Problem problem = detail::name_problem(Name)) builder.fail(problem);
    const auto outer = builder.begin_node(Name, detail::is_one_layer<leaves>);
    tensor = detail::emit<Layer>(builder, tensor);
    builder.end_node(outer);
    return tensor;
  }
};

}  // namespace strata
