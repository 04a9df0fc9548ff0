// ResNet-50 with pre-activation: He et al. 2016, arXiv 1603.05027, Figure 1 (b). Keras: applications.ResNet50V2.
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace resnet50_v2 {
using namespace strata;

using Norm = BatchNormWith<Epsilon{1.001e-5}>;

template <int Filters, int Stride = 1>
using Body = Sequential<Conv2D<Filters, 1, NoBias>, Norm, ReLU,
                        ZeroPadding2D<1>, Conv2D<Filters, 3, Strides{Stride}, NoBias>, Norm, ReLU,
                        Conv2D<4 * Filters, 1>>;

template <int Filters>
using First = Sequential<Norm, ReLU, Residual<Body<Filters>, Projection<Conv2D<4 * Filters, 1>>>>;

template <int Filters>
using Middle = Residual<Norm, ReLU, Body<Filters>>;

template <int Filters>
using Halve = Residual<Norm, ReLU, Body<Filters, 2>, Projection<MaxPooling2D<1, Strides{2}>>>;

struct ResNet50V2 : Sequential<
    Input<224, 224, 3>,
    ZeroPadding2D<3>, Conv2D<64, 7, Strides{2}>,
    ZeroPadding2D<1>, MaxPooling2D<3, Strides{2}>,
    First<64>, Middle<64>, Halve<64>,
    First<128>, Repeat<2, Middle<128>>, Halve<128>,
    First<256>, Repeat<4, Middle<256>>, Halve<256>,
    First<512>, Repeat<2, Middle<512>>,
    Norm, ReLU, GlobalAveragePooling2D, Dense<1000, activation<Softmax>>> {};

static_assert(ResNet50V2::param_count == 25'613'800);
static_assert(ResNet50V2::trainable_param_count == 25'568'360);
static_assert(ResNet50V2::non_trainable_param_count == 45'440);
static_assert(ResNet50V2::output_shape == Shape{1000});

}  // namespace resnet50_v2

using resnet50_v2::ResNet50V2;

}  // namespace zoo
