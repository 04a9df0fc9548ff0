// MobileNet: Howard et al. 2017, arXiv 1704.04861, Table 1. Keras: applications.MobileNet (alpha 1).
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace mobilenet {
using namespace strata;

template <int Filters>
using Pointwise = Sequential<Conv2D<Filters, 1, Same, NoBias>, BatchNorm, ReLU6>;

template <int Filters>
using Separable = Sequential<DepthwiseConv2D<3, Same, NoBias>, BatchNorm, ReLU6, Pointwise<Filters>>;

template <int Filters>
using Halve = Sequential<ZeroPadding2D<ZeroPad{0, 1, 0, 1}>, DepthwiseConv2D<3, Strides{2}, NoBias>, BatchNorm, ReLU6,
                         Pointwise<Filters>>;

struct MobileNet : Sequential<
    Input<224, 224, 3>,
    Conv2D<32, 3, Same, Strides{2}, NoBias>, BatchNorm, ReLU6,
    Separable<64>,
    Halve<128>, Separable<128>,
    Halve<256>, Separable<256>,
    Halve<512>, Repeat<5, Separable<512>>,
    Halve<1024>, Separable<1024>,
    GlobalAveragePooling2D, Reshape<1, 1, 1024>, Dropout<1e-3>,
    Conv2D<1000, 1, Same>, Reshape<1000>, Softmax> {};

static_assert(MobileNet::param_count == 4'253'864);
static_assert(MobileNet::trainable_param_count == 4'231'976);
static_assert(MobileNet::non_trainable_param_count == 21'888);
static_assert(MobileNet::output_shape == Shape{1000});

}  // namespace mobilenet

using mobilenet::MobileNet;

}  // namespace zoo
