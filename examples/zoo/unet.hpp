// U-Net: Ronneberger et al. 2015, arXiv 1505.04597, Figure 1, sizes as printed: 572x572 pixels in, 388x388 labels out.
// The paper names no count; this one is of the figure, with biases and up-convolutions as section 2 describes them:
// upsampling, then a convolution of 2x2. No Keras name.
#pragma once

#include <strata/types.hpp>

namespace zoo {
namespace unet {
using namespace strata;

template <int Filters>
using Twice = Sequential<Conv2D<Filters, 3, activation<ReLU>>, Conv2D<Filters, 3, activation<ReLU>>>;

// Down, through what lies Below, up again, and beside that a copy of what came, cut to its size.
template <int Filters, int Crop, class Below>
using Level = Sequential<
    Twice<Filters>,
    Concatenate<Cropping2D<Crop>,
                Sequential<MaxPooling2D<2>, Below, UpSampling2D<2>, Conv2D<Filters, 2, Same, activation<ReLU>>>>,
    Twice<Filters>>;

struct UNet : Sequential<
    Input<572, 572, 1>,
    Level<64, 88, Level<128, 40, Level<256, 16, Level<512, 4, Twice<1024>>>>>,
    Conv2D<2, 1, activation<Softmax>>> {};

static_assert(UNet::param_count == 31'030'658);
static_assert(UNet::trainable_param_count == 31'030'658);
static_assert(UNet::non_trainable_param_count == 0);
static_assert(UNet::output_shape == Shape{388, 388, 2});

}  // namespace unet

using unet::UNet;

}  // namespace zoo
