// BN-Inception: Ioffe & Szegedy 2015, arXiv 1502.03167, Figure 5. Not among Keras' applications; ONNX: Inception v2.
// The figure prints a pool projection of 128 for 4c and 4d, which adds up to 608 channels, and an output of 576. With
// 96 it adds up, and so it is in the published network, whose trainable parameters are counted here: convolutions
// without bias, two numbers a channel for each normalisation. (The paper's "13.6 million" is not this count.)
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace bn_inception {
using namespace strata;

template <int Filters, int Size, int Stride = 1>
using Conv = Sequential<Conv2D<Filters, Size, Same, Strides{Stride}, NoBias>, BatchNorm, ReLU>;

using Average = AveragePooling2D<3, Strides{1}, Same>;
using Max = MaxPooling2D<3, Strides{1}, Same>;

template <int Reduce, int Filters, int Stride = 1>
using Single = Sequential<Conv<Reduce, 1>, Conv<Filters, 3, Stride>>;

template <int Reduce, int Filters, int Stride = 1>
using Double = Sequential<Conv<Reduce, 1>, Conv<Filters, 3>, Conv<Filters, 3, Stride>>;

template <int Filters, class Three, class DoubleThree, class Pool, int PoolFilters>
using Inception = Concatenate<Conv<Filters, 1>, Three, DoubleThree, Sequential<Pool, Conv<PoolFilters, 1>>>;

template <class Three, class DoubleThree>
using Halve = Concatenate<Three, DoubleThree, MaxPooling2D<3, Strides{2}, Same>>;

struct BNInception : Sequential<
    Input<224, 224, 3>,
    Conv<64, 7, 2>, MaxPooling2D<3, Strides{2}, Same>,
    Conv<64, 1>, Conv<192, 3>, MaxPooling2D<3, Strides{2}, Same>,
    Inception<64, Single<64, 64>, Double<64, 96>, Average, 32>,        // 3a
    Inception<64, Single<64, 96>, Double<64, 96>, Average, 64>,        // 3b
    Halve<Single<128, 160, 2>, Double<64, 96, 2>>,                     // 3c
    Inception<224, Single<64, 96>, Double<96, 128>, Average, 128>,     // 4a
    Inception<192, Single<96, 128>, Double<96, 128>, Average, 128>,    // 4b
    Inception<160, Single<128, 160>, Double<128, 160>, Average, 96>,   // 4c
    Inception<96, Single<128, 192>, Double<160, 192>, Average, 96>,    // 4d
    Halve<Single<128, 192, 2>, Double<192, 256, 2>>,                   // 4e
    Inception<352, Single<192, 320>, Double<160, 224>, Average, 128>,  // 5a
    Inception<352, Single<192, 320>, Double<192, 224>, Max, 128>,      // 5b
    GlobalAveragePooling2D, Dense<1000, activation<Softmax>>> {};

static_assert(BNInception::trainable_param_count == 11'194'984);
static_assert(BNInception::output_shape == Shape{1000});

}  // namespace bn_inception

using bn_inception::BNInception;

}  // namespace zoo
