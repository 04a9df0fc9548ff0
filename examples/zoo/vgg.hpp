// VGG-16 and VGG-19: Simonyan & Zisserman 2014, arXiv 1409.1556, Table 1, columns D and E.
// Keras: applications.VGG16, applications.VGG19.
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace vgg {
using namespace strata;

template <int Filters, int Convolutions>
using Block = Sequential<Repeat<Convolutions, Conv2D<Filters, 3, Same, activation<ReLU>>>, MaxPooling2D<2>>;

using Head = Sequential<Flatten, Dense<4096, activation<ReLU>>, Dense<4096, activation<ReLU>>,
                        Dense<1000, activation<Softmax>>>;

struct VGG16 : Sequential<
    Input<224, 224, 3>, Block<64, 2>, Block<128, 2>, Block<256, 3>, Block<512, 3>, Block<512, 3>, Head> {};

struct VGG19 : Sequential<
    Input<224, 224, 3>, Block<64, 2>, Block<128, 2>, Block<256, 4>, Block<512, 4>, Block<512, 4>, Head> {};

static_assert(VGG16::param_count == 138'357'544);
static_assert(VGG16::trainable_param_count == 138'357'544);
static_assert(VGG16::non_trainable_param_count == 0);
static_assert(VGG16::output_shape == Shape{1000});

static_assert(VGG19::param_count == 143'667'240);
static_assert(VGG19::trainable_param_count == 143'667'240);
static_assert(VGG19::non_trainable_param_count == 0);
static_assert(VGG19::output_shape == Shape{1000});

}  // namespace vgg

using vgg::VGG16;
using vgg::VGG19;

}  // namespace zoo
