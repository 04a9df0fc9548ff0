// Networks that tests compare with real Keras; tests/oracle/keras/summaries.py has the same ones.
#pragma once

#include <strata/graph/graph.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/global_average_pooling2d.hpp>
#include <strata/layers/maximum.hpp>
#include <strata/layers/residual.hpp>

namespace strata::test {

struct Lesson : Sequential<Input<32, 32, 3>,                       //
                           Conv2D<32, 3, Same>, BatchNorm, Sigmoid,  //
                           Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};

struct ResidualNet
    : Sequential<Input<8, 8, 3>, Conv2D<16, 3, Same>,
                 Residual<Conv2D<16, 3, Same>, BatchNorm, ReLU, Conv2D<16, 3, Same>, BatchNorm>, ReLU,
                 Residual<Conv2D<32, 3, Same, Strides{2}>, BatchNorm, ReLU, Conv2D<32, 3, Same>, BatchNorm,
                          Projection<Conv2D<32, 1, Strides{2}>, BatchNorm>>,
                 ReLU, GlobalAveragePooling2D, Dense<10>> {};

struct TwoInputs
    : Graph<Node<"features", Input<5>>, Node<"image", Input<8, 8, 1>>,
            Node<"embedding", Dense<16, activation<ReLU>>, "features">, Node<"convolution", Conv2D<4, 3>, "image">,
            Node<"pixels", Flatten, "convolution">, Node<"projection", Dense<16>, "pixels">,
            Node<"joined", Maximum<>, "embedding", "projection">,
            Node<"all", Concatenate<>, "joined", "features", "embedding">, Node<"scores", Dense<3>, "all">,
            Outputs<"scores">> {};

struct TwoOutputs
    : Graph<Node<"x", Input<16, 16, 3>>, Node<"a", Conv2D<8, 3>, "x">, Node<"pooled", GlobalAveragePooling2D, "a">,
            Node<"early", Dense<2>, "pooled">, Node<"b", Conv2D<8, 3>, "a">, Node<"b_relu", ReLU, "b">,
            Node<"b_flat", Flatten, "b_relu">, Node<"late", Dense<4>, "b_flat">, Outputs<"early", "late">> {};

}  // namespace strata::test
