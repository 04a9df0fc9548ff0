// Xception: Chollet 2016, arXiv 1610.02357, Figure 5. Keras: applications.Xception.
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace xception {
using namespace strata;

template <int Filters>
using Separable = Sequential<SeparableConv2D<Filters, 3, Same, NoBias>, BatchNorm>;

template <int Filters, class... Body>
using Halve = Residual<Body..., MaxPooling2D<3, Strides{2}, Same>,
                       Projection<Conv2D<Filters, 1, Strides{2}, NoBias>, BatchNorm>>;

using Middle = Residual<ReLU, Separable<728>, ReLU, Separable<728>, ReLU, Separable<728>>;

struct Xception : Sequential<
    Input<299, 299, 3>,
    Conv2D<32, 3, Strides{2}, NoBias>, BatchNorm, ReLU, Conv2D<64, 3, NoBias>, BatchNorm, ReLU,
    Halve<128, Separable<128>, ReLU, Separable<128>>,
    Halve<256, ReLU, Separable<256>, ReLU, Separable<256>>,
    Halve<728, ReLU, Separable<728>, ReLU, Separable<728>>,
    Repeat<8, Middle>,
    Halve<1024, ReLU, Separable<728>, ReLU, Separable<1024>>,
    Separable<1536>, ReLU, Separable<2048>, ReLU,
    GlobalAveragePooling2D, Dense<1000, activation<Softmax>>> {};

static_assert(Xception::param_count == 22'910'480);
static_assert(Xception::trainable_param_count == 22'855'952);
static_assert(Xception::non_trainable_param_count == 54'528);
static_assert(Xception::output_shape == Shape{1000});

}  // namespace xception

using xception::Xception;

}  // namespace zoo
