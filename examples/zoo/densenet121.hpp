// DenseNet-121: Huang et al. 2016, arXiv 1608.06993, Table 1. Keras: applications.DenseNet121.
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace densenet121 {
using namespace strata;

using Norm = BatchNormWith<Epsilon{1.001e-5}>;

// Growth rate 32: every layer adds 32 channels to those it has read.
using Grow = Concatenate<Sequential<>, Sequential<Norm, ReLU, Conv2D<4 * 32, 1, NoBias>,
                                                  Norm, ReLU, Conv2D<32, 3, Same, NoBias>>>;

template <int Filters>
using Transition = Sequential<Norm, ReLU, Conv2D<Filters, 1, NoBias>, AveragePooling2D<2>>;

struct DenseNet121 : Sequential<
    Input<224, 224, 3>,
    ZeroPadding2D<3>, Conv2D<64, 7, Strides{2}, NoBias>, Norm, ReLU,
    ZeroPadding2D<1>, MaxPooling2D<3, Strides{2}>,
    Repeat<6, Grow>, Transition<128>,
    Repeat<12, Grow>, Transition<256>,
    Repeat<24, Grow>, Transition<512>,
    Repeat<16, Grow>, Norm, ReLU,
    GlobalAveragePooling2D, Dense<1000, activation<Softmax>>> {};

static_assert(DenseNet121::param_count == 8'062'504);
static_assert(DenseNet121::trainable_param_count == 7'978'856);
static_assert(DenseNet121::non_trainable_param_count == 83'648);
static_assert(DenseNet121::output_shape == Shape{1000});

}  // namespace densenet121

using densenet121::DenseNet121;

}  // namespace zoo
