// Every kind of layer that is described by a value, for tools that loop over them without naming one. A layer without
// hyper-parameters is its own description.
#pragma once

#include <boost/mp11/list.hpp>

#include <strata/strata.hpp>

namespace strata {

using DescribedLayers = boost::mp11::mp_list<
    Add<>, Average<>, AveragePooling2DConfig, BatchNormalizationConfig, Concatenate<>, Conv2DConfig,
    Conv2DTransposeConfig, Cropping2DConfig, DenseConfig, DepthwiseConv2DConfig, DropoutConfig, ELUConfig, Flatten,
    GELU, GaussianNoiseConfig, GlobalAveragePooling2D, GlobalMaxPooling2D, GroupNormalizationConfig, HardSigmoid, HardSwish,
    LayerNormalizationConfig, LeakyReLUConfig, MaxPooling2DConfig, Maximum<>, Multiply<>, Normalization, PReLUConfig,
    PermuteConfig, RandomFlipConfig, RandomRotationConfig, RandomTranslationConfig, ReLU, ReLU6, RescalingConfig,
    ReshapeConfig, SELU, SeparableConv2DConfig, SiLU, Sigmoid, Softmax, Softplus, SpatialDropout2DConfig, Tanh,
    UpSampling2DConfig, ZeroPadding2DConfig>;

}  // namespace strata
