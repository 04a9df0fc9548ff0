// All layers, and the list of their descriptions: for tools that loop over them without naming one. A layer without
// hyper-parameters is its own description. Of several of one Keras class the more general comes last.
#pragma once

#include <type_traits>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/layers/activations.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/affine.hpp>
#include <strata/layers/alpha_dropout.hpp>
#include <strata/layers/arithmetic.hpp>
#include <strata/layers/average.hpp>
#include <strata/layers/average_pooling2d.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/channel_rescaling.hpp>
#include <strata/layers/channel_shuffle.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/conv2d_transpose.hpp>
#include <strata/layers/cropping2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/depth_to_space.hpp>
#include <strata/layers/depthwise_conv2d.hpp>
#include <strata/layers/divide.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/gaussian_dropout.hpp>
#include <strata/layers/gaussian_noise.hpp>
#include <strata/layers/global_average_pooling2d.hpp>
#include <strata/layers/global_max_pooling2d.hpp>
#include <strata/layers/glu.hpp>
#include <strata/layers/group_normalization.hpp>
#include <strata/layers/identity.hpp>
#include <strata/layers/input_normalization.hpp>
#include <strata/layers/instance_normalization.hpp>
#include <strata/layers/layer_normalization.hpp>
#include <strata/layers/local_response_normalization.hpp>
#include <strata/layers/log_softmax.hpp>
#include <strata/layers/max_pooling2d.hpp>
#include <strata/layers/maximum.hpp>
#include <strata/layers/minimum.hpp>
#include <strata/layers/more_activations.hpp>
#include <strata/layers/multiply.hpp>
#include <strata/layers/one_dimension.hpp>
#include <strata/layers/p_relu.hpp>
#include <strata/layers/permute.hpp>
#include <strata/layers/random_flip.hpp>
#include <strata/layers/random_rotation.hpp>
#include <strata/layers/random_translation.hpp>
#include <strata/layers/reductions.hpp>
#include <strata/layers/reflection_padding2d.hpp>
#include <strata/layers/repeat_vector.hpp>
#include <strata/layers/rescaling.hpp>
#include <strata/layers/reshape.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/resizing.hpp>
#include <strata/layers/rms_normalization.hpp>
#include <strata/layers/separable_conv2d.hpp>
#include <strata/layers/slice.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/layers/spatial_dropout2d.hpp>
#include <strata/layers/split.hpp>
#include <strata/layers/subtract.hpp>
#include <strata/layers/unit_normalization.hpp>
#include <strata/layers/up_sampling2d.hpp>
#include <strata/layers/zero_padding2d.hpp>

namespace strata {

using DescribedLayers = boost::mp11::mp_list<
    Absolute, Add<>, AffineConfig, AlphaDropoutConfig, Average<>, AveragePooling1DConfig, AveragePooling2DConfig,
    BatchNormalizationConfig, CELU, CenterCropConfig, ChannelShuffleConfig, ClipConfig, ConcatenateConfig, Conv1DConfig,
    Conv1DTransposeConfig, Conv2DConfig, Conv2DTransposeConfig, Cropping1DConfig, Cropping2DConfig, DenseConfig,
    DepthToSpaceConfig, Divide<>, DepthwiseConv1DConfig, DepthwiseConv2DConfig, DropoutConfig, ELUConfig, Exponential,
    Flatten, GaussianDropoutConfig, GaussianNoiseConfig, GELU, GlobalAveragePooling1DConfig,
    GlobalAveragePooling2DConfig, GlobalMaxPooling1DConfig, GlobalMaxPooling2DConfig, GLU, GroupNormalizationConfig,
    HardShrink, HardSigmoid, HardSwish, HardTanh, IdentityLayer, InstanceNormalizationConfig, LayerNormalizationConfig,
    LayerScaleConfig, LeakyReLUConfig, Linear, LocalResponseNormalizationConfig, Log, LogSigmoid, LogSoftmax, Maximum<>,
    MaxPooling1DConfig, MaxPooling2DConfig, Minimum<>, Mish, Multiply<>, Negative, Normalization, PermuteConfig,
    PowerConfig, PReLUConfig, RandomFlipConfig, RandomRotationConfig, RandomTranslationConfig, Reciprocal,
    ReduceMaxConfig, ReduceMeanConfig, ReduceMinConfig, ReduceSumConfig, ReLU, ReLU6, ReflectionPadding2DConfig,
    ReLUConfig, RepeatVectorConfig, ReplicationPadding2DConfig, RescalingConfig, ChannelRescalingConfig, ReshapeConfig,
    ResizingConfig, RMSNormalizationConfig, SELU, SeparableConv1DConfig, SeparableConv2DConfig, Sigmoid, SiLU,
    SliceConfig, Softmax, Softplus, SpaceToDepthConfig, SoftShrink, Softsign, SparsePlus, SparseSigmoid,
    SpatialDropout1DConfig, SpatialDropout2DConfig, Sqrt, Square, Squareplus, Subtract<>, Tanh, TanhShrink,
    ThresholdConfig, UnitNormalization, UpSampling1DConfig, UpSampling2DConfig, ZeroPadding1DConfig,
    ZeroPadding2DConfig>;

namespace detail {

/// f(std::type_identity<C>{}) for each description.
template <class F>
constexpr void for_each_description(F f) {
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, DescribedLayers>>(f);
}

}  // namespace detail

}  // namespace strata
