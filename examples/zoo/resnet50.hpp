// ResNet-50: He et al. 2015, arXiv 1512.03385, Table 1. Keras: applications.ResNet50 (biases and all).
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace resnet50 {
using namespace strata;

using Norm = BatchNormWith<Epsilon{1.001e-5}>;

template <int Filters, int Stride = 1>
using Bottleneck = Sequential<Conv2D<Filters, 1, Strides{Stride}>, Norm, ReLU, Conv2D<Filters, 3, Same>, Norm, ReLU,
                              Conv2D<4 * Filters, 1>, Norm>;

template <int Filters, int Stride>
using First = Sequential<
    Residual<Bottleneck<Filters, Stride>, Projection<Conv2D<4 * Filters, 1, Strides{Stride}>, Norm>>, ReLU>;

template <int Filters, int Blocks, int Stride>
using Stage = Sequential<First<Filters, Stride>, Repeat<Blocks - 1, Sequential<Residual<Bottleneck<Filters>>, ReLU>>>;

struct ResNet50 : Sequential<
    Input<224, 224, 3>,
    ZeroPadding2D<3>, Conv2D<64, 7, Strides{2}>, Norm, ReLU,
    ZeroPadding2D<1>, MaxPooling2D<3, Strides{2}>,
    Stage<64, 3, 1>, Stage<128, 4, 2>, Stage<256, 6, 2>, Stage<512, 3, 2>,
    GlobalAveragePooling2D, Dense<1000, activation<Softmax>>> {};

static_assert(ResNet50::param_count == 25'636'712);
static_assert(ResNet50::trainable_param_count == 25'583'592);
static_assert(ResNet50::non_trainable_param_count == 53'120);
static_assert(ResNet50::output_shape == Shape{1000});

}  // namespace resnet50

using resnet50::ResNet50;

}  // namespace zoo
