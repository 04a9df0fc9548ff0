// Frozen: layers that training leaves as they are. Keras: `trainable = False`.
//
//     struct Net : Sequential<Input<32, 32, 3>, Frozen<Body>, Flatten, Dense<10>> {};
//     Frozen<Conv2D<8, 3>, BatchNorm, ReLU>       layers and blocks, wherever a layer may stand
//
// Their parameters have no gradients, batch normalisation runs as at inference, other layers as in training (Dropout
// still drops). Nothing goes backward below the lowest layer that is trained. Names, files and the arena of parameters
// are those of the network without `Frozen`.
#pragma once

#include <cstddef>

#include <strata/graph/sequential.hpp>

namespace strata {

template <class... Layers>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Frozen {
 private:
  using chain = detail::Chain<Layers...>;

 public:
  using leaves = typename chain::leaves;
  static constexpr std::size_t extra_operands = chain::extra_operands;

  template <class Builder>
  static constexpr int emit(Builder& builder, int tensor) {
    const bool outer = builder.freeze(true);
    tensor = chain::emit(builder, tensor);
    builder.freeze(outer);
    return tensor;
  }
};

}  // namespace strata
