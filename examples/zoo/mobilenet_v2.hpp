// MobileNetV2: Sandler et al. 2018, arXiv 1801.04381, Table 2. Keras: applications.MobileNetV2 (alpha 1).
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace mobilenet_v2 {
using namespace strata;

using Norm = BatchNormWith<Momentum{0.999}>;

template <int Filters>
using Pointwise = Sequential<Conv2D<Filters, 1, Same, NoBias>, Norm, ReLU6>;

template <int Filters>
using Project = Sequential<Conv2D<Filters, 1, Same, NoBias>, Norm>;

using Depthwise = Sequential<DepthwiseConv2D<3, Same, NoBias>, Norm, ReLU6>;

// Inverted residuals: expand six times, filter each channel, project without an activation.
template <int From, int To>
using Widen = Sequential<Pointwise<6 * From>, Depthwise, Project<To>>;

template <int From, int To>
using Halve = Sequential<Pointwise<6 * From>, ZeroPadding2D<ZeroPad{0, 1, 0, 1}>,
                         DepthwiseConv2D<3, Strides{2}, NoBias>, Norm, ReLU6, Project<To>>;

template <int Times, int Filters>
using Keep = Repeat<Times, Residual<Widen<Filters, Filters>>>;

struct MobileNetV2 : Sequential<
    Input<224, 224, 3>,
    Conv2D<32, 3, Same, Strides{2}, NoBias>, Norm, ReLU6,
    Depthwise, Project<16>,
    Halve<16, 24>, Keep<1, 24>,
    Halve<24, 32>, Keep<2, 32>,
    Halve<32, 64>, Keep<3, 64>,
    Widen<64, 96>, Keep<2, 96>,
    Halve<96, 160>, Keep<2, 160>,
    Widen<160, 320>,
    Pointwise<1280>, GlobalAveragePooling2D, Dense<1000, activation<Softmax>>> {};

static_assert(MobileNetV2::param_count == 3'538'984);
static_assert(MobileNetV2::trainable_param_count == 3'504'872);
static_assert(MobileNetV2::non_trainable_param_count == 34'112);
static_assert(MobileNetV2::output_shape == Shape{1000});

}  // namespace mobilenet_v2

using mobilenet_v2::MobileNetV2;

}  // namespace zoo
