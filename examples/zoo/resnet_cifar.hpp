// ResNet-20 and ResNet-56 for CIFAR-10: He et al. 2015, arXiv 1512.03385, section 4.2.
// The paper's shortcuts pad with zeros where the shape changes (option A: no parameters). These are the networks of
// Keras' example cifar10_resnet, version 1: 1x1 projections there, biases in all convolutions, decay 1e-4 in the loss.
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace resnet_cifar {
using namespace strata;

template <int Filters, int Size, int Stride = 1>
using Conv = Conv2D<Filters, Size, Same, Strides{Stride}, L2{1e-4}>;

template <int Filters, int Stride = 1>
using Body = Sequential<Conv<Filters, 3, Stride>, BatchNorm, ReLU, Conv<Filters, 3>, BatchNorm>;

template <int Filters>
using Block = Sequential<Residual<Body<Filters>>, ReLU>;

template <int Filters>
using Halve = Sequential<Residual<Body<Filters, 2>, Projection<Conv<Filters, 1, 2>>>, ReLU>;

// 6 n + 2 layers
template <int N>
using ResNet = Sequential<
    Input<32, 32, 3>,
    Conv<16, 3>, BatchNorm, ReLU,
    Repeat<N, Block<16>>,
    Halve<32>, Repeat<N - 1, Block<32>>,
    Halve<64>, Repeat<N - 1, Block<64>>,
    AveragePooling2D<8>, Flatten, Dense<10, activation<Softmax>>>;

struct ResNet20 : ResNet<3> {};
struct ResNet56 : ResNet<9> {};

static_assert(ResNet20::param_count == 274'442);
static_assert(ResNet20::trainable_param_count == 273'066);
static_assert(ResNet20::non_trainable_param_count == 1'376);
static_assert(ResNet20::output_shape == Shape{10});

static_assert(ResNet56::param_count == 861'770);
static_assert(ResNet56::trainable_param_count == 857'706);
static_assert(ResNet56::non_trainable_param_count == 4'064);
static_assert(ResNet56::output_shape == Shape{10});

}  // namespace resnet_cifar

using resnet_cifar::ResNet20;
using resnet_cifar::ResNet56;

}  // namespace zoo
