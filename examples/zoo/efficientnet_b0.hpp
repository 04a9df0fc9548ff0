// EfficientNet-B0: Tan & Le 2019, arXiv 1905.11946, Table 1. Keras: applications.EfficientNetB0. Pixels go from 0 to
// 255. Stochastic depth, the identity at inference, is left out.
#pragma once

#include <strata/types.hpp>

#include "repeat.hpp"

namespace zoo {
namespace efficientnet_b0 {
using namespace strata;

template <int Filters>
using Pointwise = Sequential<Conv2D<Filters, 1, NoBias>, BatchNorm>;

// A factor for each channel (squeeze and excitation, arXiv 1709.01507).
template <int Channels, int Squeezed>
using Excite = Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Reshape<1, 1, Channels>,
                                                 Conv2D<Squeezed, 1, activation<SiLU>>,
                                                 Conv2D<Channels, 1, activation<Sigmoid>>>>;

template <int Channels, int Squeezed, int To, int Size, int Stride>
using Filter = Sequential<DepthwiseConv2D<Size, Same, Strides{Stride}, NoBias>, BatchNorm, SiLU,
                          Excite<Channels, Squeezed>, Pointwise<To>>;

// MBConv6: the inverted residual of MobileNetV2.
template <int From, int To, int Size, int Stride = 1>
using MBConv = Sequential<Pointwise<6 * From>, SiLU, Filter<6 * From, From / 4, To, Size, Stride>>;

template <int Times, int Filters, int Size>
using Keep = Repeat<Times, Residual<MBConv<Filters, Filters, Size>>>;

struct EfficientNetB0 : Sequential<
    Input<224, 224, 3>,
    Rescaling<1 / 255.0>, Normalization,
    Conv2D<32, 3, Same, Strides{2}, NoBias>, BatchNorm, SiLU,
    Filter<32, 8, 16, 3, 1>,
    MBConv<16, 24, 3, 2>, Keep<1, 24, 3>,
    MBConv<24, 40, 5, 2>, Keep<1, 40, 5>,
    MBConv<40, 80, 3, 2>, Keep<2, 80, 3>,
    MBConv<80, 112, 5>, Keep<2, 112, 5>,
    MBConv<112, 192, 5, 2>, Keep<3, 192, 5>,
    MBConv<192, 320, 3>,
    Pointwise<1280>, SiLU,
    GlobalAveragePooling2D, Dropout<0.2>, Dense<1000, activation<Softmax>>> {};

static_assert(EfficientNetB0::param_count == 5'330'571);
static_assert(EfficientNetB0::trainable_param_count == 5'288'548);
static_assert(EfficientNetB0::non_trainable_param_count == 42'023);
static_assert(EfficientNetB0::output_shape == Shape{1000});

}  // namespace efficientnet_b0

using efficientnet_b0::EfficientNetB0;

}  // namespace zoo
