// Networks of one or a few layers, which between them have all that has a form in ONNX.
#pragma once

#include <strata/strata.hpp>

namespace strata::test {

struct AllOfAMultiply
    : Sequential<
          Input<4, 5, 6>,
          Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Dense<6, activation<Sigmoid>>>, Conv2D<6, 1>>> {};
struct ChannelShuffle
    : Sequential<Input<4, 5, 6>, Reshape<20, 2, 3>, Permute<1, 3, 2>, Reshape<4, 5, 6>, Conv2D<3, 1>> {};
struct FlattenedThenNormalized
    : Sequential<Input<4, 5, 6>, Conv2D<3, 3>, Flatten, BatchNorm, Dense<4, activation<Softmax>>> {};
struct FlattenedImage : Sequential<Input<4, 5, 6>, Conv2D<3, 3>, Flatten, Dropout<0.5>, ReLU, Dense<4>> {};
struct FlattenedTwice : Sequential<Input<4, 5, 6>, Flatten, Add<Sequential<ReLU, Dense<4>>, Sequential<Dense<4>>>> {};
struct TwoHeads
    : Graph<Node<"image", Input<6, 6, 4>>, Node<"vector", Input<5>>, Node<"c", Conv2D<3, 3>, "image">,
            Node<"f", Flatten, "c">, Node<"d", Dense<5>, "f">, Node<"m", Add<>, "d", "vector">,
            Node<"out", Softmax, "m">, Node<"dropped", Dropout<0.5>, "image">, Outputs<"out", "dropped", "c">> {};
struct Folds : Sequential<Input<8, 9, 4>, Conv2D<6, 3, Groups{2}, NoBias>, BatchNorm, ReLU,
                          DepthwiseConv2D<3, DepthMultiplier{2}>, BatchNormWith<NoScale>,
                          Conv2DTranspose<5, 3, Strides{2}>, BatchNorm, SeparableConv2D<4, 3, NoBias>,
                          BatchNormWith<NoCenter>, Flatten, Dense<6>, BatchNorm, BatchNorm> {};

/// f.template operator()<Net>() for each.
template <class F>
void for_each_onnx_network(F f) {
  const auto image = [&]<class... Layer>() { (f.template operator()<Sequential<Input<7, 6, 4>, Layer>>(), ...); };
  const auto sequence = [&]<class... Layer>() { (f.template operator()<Sequential<Input<9, 4>, Layer>>(), ...); };
  const auto vector = [&]<class... Layer>() { (f.template operator()<Sequential<Input<8>, Layer>>(), ...); };

  image.template
  operator()<Sigmoid, Tanh, ReLU, ReLU6, SELU, GELU, TanhGELU, SiLU, Softplus, HardSigmoid, HardSwish, Mish, Softsign,
             Exponential, LogSigmoid, CELU, HardTanh, HardShrink, SoftShrink, TanhShrink, Squareplus, SparseSigmoid,
             SparsePlus, LeakyReLU<>, LeakyReLU<0.1>, ELU<>, ELU<0.5>, ReLUWith<MaxValue{0.5}>,
             ReLUWith<Threshold{0.25}>, ReLUWith<NegativeSlope{0.1}, MaxValue{0.5}>,
             ReLUWith<NegativeSlope{0.1}, Threshold{0.25}, MaxValue{0.5}>, ReLUWith<Threshold{0.25}, MaxValue{0.5}>,
             Softmax, LogSoftmax, PReLU<>, PReLU<SharedAxes{1, 2}>, PReLU<SharedAxes{3}>>();
  image.template operator()<
      Conv2D<5, 3>, Conv2D<5, Kernel{2, 3}, Same, Strides{2, 1}, NoBias>, Conv2D<6, 3, Same, Dilation{2}, Groups{2}>,
      Conv2D<6, 3, Same, Strides{2}, activation<SiLU>>, DepthwiseConv2D<3, Same, Strides{2}>,
      DepthwiseConv2D<Kernel{2, 3}, DepthMultiplier{2}, NoBias>, SeparableConv2D<5, 3, Same, activation<ReLU>>,
      SeparableConv2D<5, 3, DepthMultiplier{2}, NoBias>, Conv2DTranspose<5, 3>, Conv2DTranspose<5, 3, Same, Strides{2}>,
      Conv2DTranspose<5, 2, Strides{3}>, Conv2DTranspose<5, Kernel{4, 3}, Same, Strides{2}, NoBias>,
      Conv2DTranspose<5, 3, Strides{2}, OutputPadding{1}>, Conv2DTranspose<5, 3, Same, Strides{2}, OutputPadding{0}>,
      Conv2DTranspose<5, 3, Same, Dilation{2}>, Dense<5>, Dense<5, NoBias, activation<ReLU>>>();
  image.template
  operator()<MaxPooling2D<>, MaxPooling2D<3, Strides{2}, Same>, MaxPooling2D<Kernel{2, 3}, Strides{1}>,
             AveragePooling2D<>, AveragePooling2D<3, Strides{2}, Same>, GlobalAveragePooling2D, GlobalMaxPooling2D,
             GlobalAveragePooling2DWith<KeepDims>, GlobalMaxPooling2DWith<KeepDims>, BatchNorm,
             BatchNormWith<Epsilon{1e-5}, NoScale>, BatchNormWith<NoCenter>, LayerNormalization,
             LayerNormalizationWith<NoScale, Epsilon{1e-6}>, LayerNormalizationWith<NoCenter>, GroupNormalization<2>,
             GroupNormalization<-1>, GroupNormalization<4, NoScale>, GroupNormalization<1, NoCenter>, RMSNormalization,
             UnitNormalization, Rescaling<1 / 255.0>, Rescaling<2, -1>,
             ChannelRescaling<PerChannel{1, 2, 3, 4}, PerChannel{-1, 0, 1, 2}>, ChannelRescaling<2>, Normalization>();
  image.template
  operator()<ZeroPadding2D<>, ZeroPadding2D<ZeroPad{0, 1, 2, 3}>, Cropping2D<1>, Cropping2D<ZeroPad{1, 2, 0, 3}>,
             CenterCrop<4, 3>, UpSampling2D<>, UpSampling2D<Kernel{2, 3}, Bilinear>, Resizing<5, 9>,
             Resizing<5, 9, Nearest>, Resizing<13, 3>, Resizing<13, 3, Nearest>, Flatten, Reshape<168>, Reshape<42, 4>,
             Reshape<7, 24>, Reshape<4, 42>, Reshape<7, 12, 2>, Permute<2, 1, 3>, Permute<3, 1, 2>, Permute<1, 3, 2>,
             Dropout<0.5>, SpatialDropout2D<0.5>, GaussianNoise<0.1>, IdentityLayer, Linear, RandomFlipLayer<>>();
  image.template
  operator()<Conv2D<5, 3, Strides{2}, Pad{1, 0, 2, 1}>, DepthwiseConv2D<3, Pad{1}>, SeparableConv2D<5, 3, Pad{0, 2}>,
             Conv2DTranspose<5, 4, Strides{2}, Pad{1, 2, 0, 1}>, MaxPooling2D<3, Strides{2}, Pad{1, 0, 0, 2}, CeilMode>,
             Conv2DTranspose<5, 3, Strides{2}, Pad{1}, OutputPadding{1}>, AveragePooling2D<3, Strides{2}, Pad{1}>,
             AveragePooling2D<3, Strides{2}, Pad{1}, CeilMode, CountPadding>>();
  image.template operator()<
      Add<Sequential<>, Conv2D<4, 1>>, Add<Sequential<>, ReLU, Conv2D<4, 1>>, Average<Sequential<>, ReLU, Conv2D<4, 1>>,
      Maximum<Sequential<>, Conv2D<4, 1>>, Minimum<Sequential<>, Conv2D<4, 1>>, Subtract<Sequential<>, Conv2D<4, 1>>,
      Concatenate<Sequential<>, Conv2D<3, 1>, ReLU>, Multiply<ReLU, Conv2D<4, 1>>, Residual<Conv2D<4, 3, Same>>,
      Add<Permute<1, 3, 2>, Sequential<Conv2D<4, 1>, Permute<1, 3, 2>>>>();
  sequence.template
  operator()<Conv1D<5, 3>, Conv1D<5, 3, Strides{2}, Pad{2, 1}>, Conv1DTranspose<5, 3, Strides{2}, Pad{0, 1}>,
             Conv1D<6, 3, Causal, Dilation{2}, Groups{2}>, Conv1D<5, 3, Same, Strides{2}, NoBias>,
             DepthwiseConv1D<3, DepthMultiplier{2}>, SeparableConv1D<5, 3, Same>, Conv1DTranspose<5, 3, Strides{2}>,
             Conv1DTranspose<5, 3, Same, Strides{2}>, MaxPooling1D<>, MaxPooling1D<3, Same, Strides{2}>,
             AveragePooling1D<3, Same, Strides{2}>, GlobalMaxPooling1D, GlobalAveragePooling1D,
             GlobalAveragePooling1DWith<KeepDims>, ZeroPadding1D<Ends{1, 2}>, Cropping1D<Ends{1, 2}>, UpSampling1D<3>,
             SpatialDropout1D<0.5>, BatchNorm, LayerNormalization, GroupNormalization<2>, Softmax, Dense<5>, Flatten,
             Reshape<3, 3, 4>, Permute<2, 1>, PReLU<SharedAxes{1}>>();
  vector.template
  operator()<Dense<5>, Dense<5, NoBias, activation<Softmax>>, BatchNorm, LayerNormalization, GroupNormalization<2>,
             RMSNormalization, UnitNormalization, Softmax, PReLU<>, RepeatVector<3>, Reshape<2, 4>, Reshape<1, 1, 8>,
             Reshape<2, 2, 2>, Concatenate<Dense<3>, Sequential<>>, AlphaDropout<0.1>>();
  f.template operator()<AllOfAMultiply>();
  f.template operator()<ChannelShuffle>();
  f.template operator()<FlattenedThenNormalized>();
  f.template operator()<FlattenedImage>();
  f.template operator()<FlattenedTwice>();
  f.template operator()<Folds>();
}

}  // namespace strata::test
