// Inception v3: Szegedy et al. 2015, arXiv 1512.00567. Keras: applications.InceptionV3 (normalisation without gamma).
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace inception_v3 {
using namespace strata;

template <int Filters, Kernel Size, auto... Options>
using Conv = Sequential<Conv2D<Filters, Size, NoBias, Options...>, BatchNormWith<NoScale>, ReLU>;
template <int Filters, Kernel Size>
using Keep = Conv<Filters, Size, Same>;

inline constexpr Kernel row{1, 7}, column{7, 1};

template <int Filters>
using Pooled = Sequential<AveragePooling2D<3, Strides{1}, Same>, Keep<Filters, 1>>;

// Figure 5, with its 5x5.
template <int PoolFilters>
using Wide = Concatenate<Keep<64, 1>, Sequential<Keep<48, 1>, Keep<64, 5>>,
                         Sequential<Keep<64, 1>, Keep<96, 3>, Keep<96, 3>>, Pooled<PoolFilters>>;

// Figure 6: 7x7 as rows and columns.
template <int F>
using Factorised = Concatenate<
    Keep<192, 1>, Sequential<Keep<F, 1>, Keep<F, row>, Keep<192, column>>,
    Sequential<Keep<F, 1>, Keep<F, column>, Keep<F, row>, Keep<F, column>, Keep<192, row>>, Pooled<192>>;

// Figure 7: wider, for the coarsest grid.
using Expanded = Concatenate<Keep<384, Kernel{1, 3}>, Keep<384, Kernel{3, 1}>>;
using Coarse = Concatenate<Keep<320, 1>, Sequential<Keep<384, 1>, Expanded>,
                           Sequential<Keep<448, 1>, Keep<384, 3>, Expanded>, Pooled<192>>;

// Figure 10: half the grid.
using Halve35 = Concatenate<Conv<384, 3, Strides{2}>, Sequential<Keep<64, 1>, Keep<96, 3>, Conv<96, 3, Strides{2}>>,
                            MaxPooling2D<3, Strides{2}>>;
using Halve17 = Concatenate<Sequential<Keep<192, 1>, Conv<320, 3, Strides{2}>>,
                            Sequential<Keep<192, 1>, Keep<192, row>, Keep<192, column>, Conv<192, 3, Strides{2}>>,
                            MaxPooling2D<3, Strides{2}>>;

struct InceptionV3 : Sequential<
    Input<299, 299, 3>,
    Conv<32, 3, Strides{2}>, Conv<32, 3>, Keep<64, 3>, MaxPooling2D<3, Strides{2}>,
    Conv<80, 1>, Conv<192, 3>, MaxPooling2D<3, Strides{2}>,
    Wide<32>, Wide<64>, Wide<64>, Halve35,
    Factorised<128>, Factorised<160>, Factorised<160>, Factorised<192>, Halve17,
    Coarse, Coarse,
    GlobalAveragePooling2D, Dense<1000, activation<Softmax>>> {};

static_assert(InceptionV3::param_count == 23'851'784);
static_assert(InceptionV3::trainable_param_count == 23'817'352);
static_assert(InceptionV3::non_trainable_param_count == 34'432);
static_assert(InceptionV3::output_shape == Shape{1000});

}  // namespace inception_v3

using inception_v3::InceptionV3;

}  // namespace zoo
