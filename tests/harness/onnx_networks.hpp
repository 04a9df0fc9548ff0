// Networks of one or a few layers, which between them have all that has a form in ONNX.
#pragma once

#include <boost/mp11/list.hpp>

#include <strata/strata.hpp>

namespace strata::test {

struct AllOfAMultiply
    : Sequential<
          Input<4, 5, 6>,
          Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Dense<6, activation<Sigmoid>>>, Conv2D<6, 1>>> {};
struct ChannelShuffleInPieces
    : Sequential<Input<4, 5, 6>, Reshape<20, 2, 3>, Permute<1, 3, 2>, Reshape<4, 5, 6>, Conv2D<3, 1>> {};
struct FlattenedThenNormalized
    : Sequential<Input<4, 5, 6>, Conv2D<3, 3>, BatchNorm, Flatten, BatchNorm, Dense<4, activation<Softmax>>> {};
struct FlattenedImage : Sequential<Input<4, 5, 6>, Conv2D<3, 3>, Flatten, Dropout<0.5>, ReLU, Dense<4>> {};
struct FlattenedTwice : Sequential<Input<4, 5, 6>, Flatten, Add<Sequential<ReLU, Dense<4>>, Sequential<Dense<4>>>> {};
struct TwoHeads
    : Graph<Node<"image", Input<6, 6, 4>>, Node<"vector", Input<5>>, Node<"c", Conv2D<3, 3>, "image">,
            Node<"f", Flatten, "c">, Node<"d", Dense<5>, "f">, Node<"m", Add<>, "d", "vector">,
            Node<"out", Softmax, "m">, Node<"dropped", Dropout<0.5>, "image">, Outputs<"out", "dropped", "c">> {};
struct Parts
    : Graph<Node<"x", Input<6, 4, 8>>, Node<"s", Split<2>, "x">, Node<"r", Split<3, 1>, "s:1">,
            Node<"c", Conv2D<4, 1>, "s:0">, Node<"y", Concatenate<Along<1>>, "r:2", "c", "r:0">, Outputs<"y">> {};
struct Folds : Sequential<Input<8, 9, 4>, Conv2D<6, 3, Groups{2}, NoBias>, BatchNorm, ReLU,
                          DepthwiseConv2D<3, DepthMultiplier{2}>, BatchNormWith<NoScale>,
                          Conv2DTranspose<5, 3, Strides{2}>, BatchNorm, SeparableConv2D<4, 3, NoBias>,
                          BatchNormWith<NoCenter>, Flatten, Dense<6>, BatchNorm, BatchNorm> {};

using RepeatsOfItsMean = Sequential<GlobalAveragePooling1D, RepeatVector<3>>;

using boost::mp11::mp_list;

/// Layers by what they are given.
using OnnxActivations =
    mp_list<Sigmoid, Tanh, ReLU, ReLU6, SELU, GELU, TanhGELU, SiLU, Softplus, HardSigmoid, HardSwish, Mish, Softsign,
            Exponential, LogSigmoid, CELU, HardTanh, HardShrink, SoftShrink, TanhShrink, Squareplus, SparseSigmoid,
            SparsePlus, LeakyReLU<>, LeakyReLU<0.1>, ELU<>, ELU<0.5>, ReLUWith<MaxValue{0.5}>,
            ReLUWith<Threshold{0.25}>, ReLUWith<NegativeSlope{0.1}, MaxValue{0.5}>,
            ReLUWith<NegativeSlope{0.1}, Threshold{0.25}, MaxValue{0.5}>, ReLUWith<Threshold{0.25}, MaxValue{0.5}>,
            Softmax, LogSoftmax, GLU, PReLU<>, PReLU<SharedAxes{1, 2}>, PReLU<SharedAxes{3}>, Absolute, Negative,
            Square, Sequential<Square, Sqrt>, Sequential<Exponential, Log>, Sequential<Softplus, Reciprocal>,
            Clip<-0.5, 1>, Power<3>, Sequential<Softplus, Power<-0.5>>, Sequential<Softplus, Power<1.7>>,
            ThresholdLayer<0.5, -1>>;
using OnnxConvolutions = mp_list<
    Conv2D<5, 3>, Conv2D<5, Kernel{2, 3}, Same, Strides{2, 1}, NoBias>, Conv2D<6, 3, Same, Dilation{2}, Groups{2}>,
    Conv2D<6, 3, Same, Strides{2}, activation<SiLU>>, DepthwiseConv2D<3, Same, Strides{2}>,
    DepthwiseConv2D<Kernel{2, 3}, DepthMultiplier{2}, NoBias>, SeparableConv2D<5, 3, Same, activation<ReLU>>,
    SeparableConv2D<5, 3, DepthMultiplier{2}, NoBias>, Conv2DTranspose<5, 3>, Conv2DTranspose<5, 3, Same, Strides{2}>,
    Conv2DTranspose<5, 2, Strides{3}>, Conv2DTranspose<5, Kernel{4, 3}, Same, Strides{2}, NoBias>,
    Conv2DTranspose<5, 3, Strides{2}, OutputPadding{1}>, Conv2DTranspose<5, 3, Same, Strides{2}, OutputPadding{0}>,
    Conv2DTranspose<5, 3, Same, Dilation{2}>, Dense<5>, Dense<5, NoBias, activation<ReLU>>,
    Conv2D<5, 3, Strides{2}, Pad{1, 0, 2, 1}>, DepthwiseConv2D<3, Pad{1}>, SeparableConv2D<5, 3, Pad{0, 2}>,
    Conv2DTranspose<5, 4, Strides{2}, Pad{1, 2, 0, 1}>, Conv2DTranspose<5, 3, Strides{2}, Pad{1}, OutputPadding{1}>>;
using OnnxPoolings =
    mp_list<MaxPooling2D<>, MaxPooling2D<3, Strides{2}, Same>, MaxPooling2D<Kernel{2, 3}, Strides{1}>,
            MaxPooling2D<3, Strides{2}, Pad{1, 0, 0, 2}, CeilMode>, AveragePooling2D<>,
            AveragePooling2D<3, Strides{2}, Same>, AveragePooling2D<3, Strides{2}, Pad{1}>,
            AveragePooling2D<3, Strides{2}, Pad{1}, CeilMode, CountPadding>, GlobalAveragePooling2D, GlobalMaxPooling2D,
            GlobalAveragePooling2DWith<KeepDims>, GlobalMaxPooling2DWith<KeepDims>, ReduceMean<1>, ReduceMean<-1>,
            ReduceMean<2, KeepDims>, ReduceSum<3, KeepDims>, ReduceSum<-1>, ReduceMax<3>, ReduceMax<1, KeepDims>,
            ReduceMin<-1, KeepDims>, ReduceMin<2>>;
using OnnxNormalizations =
    mp_list<BatchNorm, BatchNormWith<Epsilon{1e-5}, NoScale>, BatchNormWith<NoCenter>, LayerNormalization,
            LayerNormalizationWith<NoScale, Epsilon{1e-6}>, LayerNormalizationWith<NoCenter>, GroupNormalization<2>,
            GroupNormalization<-1>, GroupNormalization<4, NoScale>, GroupNormalization<1, NoCenter>,
            InstanceNormalization, InstanceNormalizationWith<NoScale, Epsilon{1e-3}>, RMSNormalization,
            UnitNormalization, LocalResponseNormalization<3>, LocalResponseNormalization<5, 0.5, 0.6, 2>, Affine,
            AffineWith<NoCenter>, AffineWith<NoScale>, AffineWith<PerElement>, AffineWith<NoScale, PerElement>,
            AffineWith<NoCenter, PerElement>, LayerScale<4>, LayerScale<4, 0.1>, Rescaling<1 / 255.0>, Rescaling<2, -1>,
            ChannelRescaling<PerChannel{1, 2, 3, 4}, PerChannel{-1, 0, 1, 2}>, ChannelRescaling<2>, Normalization>;
using OnnxMoves =
    mp_list<ZeroPadding2D<>, ZeroPadding2D<ZeroPad{0, 1, 2, 3}>, ReflectionPadding2D<>,
            ReflectionPadding2D<ZeroPad{0, 1, 2, 3}>, ReplicationPadding2D<ZeroPad{0, 1, 2, 3}>, Cropping2D<1>,
            Cropping2D<ZeroPad{1, 2, 0, 3}>, CenterCrop<4, 3>, Slice<1, 1, 6, 2>, Slice<2, -3, 100>, Slice<-1, 1, 4>,
            Slice<3, 0, -1, 2>, ChannelShuffle<2>, DepthToSpace<2>, DepthToSpace<2, CRD>,
            Sequential<Cropping2D<ZeroPad{1, 0, 0, 0}>, SpaceToDepth<2>>,
            Sequential<Cropping2D<ZeroPad{0, 1, 0, 0}>, SpaceToDepth<3, CRD>>, UpSampling2D<>,
            UpSampling2D<Kernel{2, 3}, Bilinear>, Resizing<5, 9>, Resizing<5, 9, Nearest>, Resizing<13, 3>,
            Resizing<13, 3, Nearest>, Resizing<14, 18, Nearest, Asymmetric, Floor>,
            Resizing<5, 9, Nearest, RoundPreferFloor>, Resizing<5, 9, Nearest, Asymmetric, Ceil>,
            Resizing<4, 11, Nearest, AlignCorners, Floor>, Resizing<5, 9, Asymmetric>, Resizing<13, 3, AlignCorners>,
            Resizing<1, 9, PyTorchHalfPixel>, Flatten, Reshape<168>, Reshape<42, 4>, Reshape<7, 24>, Reshape<4, 42>,
            Reshape<7, 12, 2>, Permute<2, 1, 3>, Permute<3, 1, 2>, Permute<1, 3, 2>, Dropout<0.5>,
            SpatialDropout2D<0.5>, GaussianNoise<0.1>, IdentityLayer, Linear, RandomFlipLayer<>>;
using OnnxMerges =
    mp_list<Add<Sequential<>, Conv2D<4, 1>>, Add<Sequential<>, ReLU, Conv2D<4, 1>>,
            Average<Sequential<>, ReLU, Conv2D<4, 1>>, Maximum<Sequential<>, Conv2D<4, 1>>,
            Minimum<Sequential<>, Conv2D<4, 1>>, Subtract<Sequential<>, Conv2D<4, 1>>, Divide<Sequential<>, Softplus>,
            Concatenate<Sequential<>, Conv2D<3, 1>, ReLU>, Concatenate<Along<1>, Cropping2D<ZeroPad{2, 0, 0, 0}>, ReLU>,
            Concatenate<Along<2>, ReLU, Cropping2D<ZeroPad{0, 0, 1, 1}>>, Concatenate<Along<3>, ReLU, Conv2D<3, 1>>,
            Multiply<ReLU, Conv2D<4, 1>>, Residual<Conv2D<4, 3, Same>>,
            Add<Permute<1, 3, 2>, Sequential<Conv2D<4, 1>, Permute<1, 3, 2>>>, Add<GlobalMaxPooling2D, Sequential<>>,
            Subtract<GlobalAveragePooling2D, Conv2D<4, 1>>, Multiply<Sequential<>, ReduceMean<-1, KeepDims>>,
            Maximum<ReduceMean<1, KeepDims>, Sequential<>, GlobalAveragePooling2D>,
            Divide<Sequential<>, Sequential<Softplus, ReduceSum<1>>>, Average<Sequential<>, ReduceMax<2, KeepDims>>>;
using OnnxSequences =
    mp_list<Conv1D<5, 3>, Conv1D<5, 3, Strides{2}, Pad{2, 1}>, Conv1DTranspose<5, 3, Strides{2}, Pad{0, 1}>,
            Conv1D<6, 3, Causal, Dilation{2}, Groups{2}>, Conv1D<5, 3, Same, Strides{2}, NoBias>,
            DepthwiseConv1D<3, DepthMultiplier{2}>, SeparableConv1D<5, 3, Same>, Conv1DTranspose<5, 3, Strides{2}>,
            Conv1DTranspose<5, 3, Same, Strides{2}>, MaxPooling1D<>, MaxPooling1D<3, Same, Strides{2}>,
            AveragePooling1D<3, Same, Strides{2}>, GlobalMaxPooling1D, GlobalAveragePooling1D,
            GlobalAveragePooling1DWith<KeepDims>, ZeroPadding1D<Ends{1, 2}>, Cropping1D<Ends{1, 2}>, UpSampling1D<3>,
            SpatialDropout1D<0.5>, BatchNorm, LayerNormalization, GroupNormalization<2>, InstanceNormalization,
            AffineWith<PerElement>, LocalResponseNormalization<3>, Softmax, GLU, Dense<5>, Flatten, Reshape<3, 3, 4>,
            Permute<2, 1>, PReLU<SharedAxes{1}>, ChannelShuffle<2>, Slice<1, 2, 9, 3>, Slice<-1, 0, 4, 2>, ReduceMax<1>,
            ReduceSum<-1>, Concatenate<Along<1>, ReLU, Cropping1D<Ends{1, 2}>>, Add<GlobalMaxPooling1D, Sequential<>>>;
using OnnxVectors =
    mp_list<Dense<5>, Dense<5, NoBias, activation<Softmax>>, BatchNorm, LayerNormalization, GroupNormalization<2>,
            InstanceNormalization, RMSNormalization, UnitNormalization, LocalResponseNormalization<3>, Affine,
            LayerScale<8>, Softmax, GLU, PReLU<>, RepeatVector<3>, Reshape<2, 4>, Reshape<1, 1, 8>, Reshape<2, 2, 2>,
            ChannelShuffle<4>, Slice<1, 2, 7, 2>, ReduceMean<1, KeepDims>, Concatenate<Dense<3>, Sequential<>>,
            AlphaDropout<0.1>>;

/// Samples (2, 3, 2, 4), or with one axis more.
using OnnxMoreAxes =
    mp_list<ReLU, PReLU<SharedAxes{1, 3}>, Softmax, GLU, Dense<5>, Dense<5, NoBias>, BatchNorm, LayerNormalization,
            GroupNormalization<2>, InstanceNormalization, RMSNormalization, UnitNormalization,
            LocalResponseNormalization<3>, AffineWith<PerElement>, LayerScale<4>, Rescaling<2, -1>, Dropout<0.5>,
            ReduceMean<2>, ReduceSum<-1>, ReduceMax<1, KeepDims>, Slice<1, 1, 2>, Slice<2, 1, 2>, Slice<-1, 0, 4, 2>,
            ChannelShuffle<2>, Reshape<6, 8>, Reshape<2, 2, 3, 2, 2>, Sequential<Flatten, Dense<3>>, Flatten,
            Concatenate<Along<2>, ReLU, Slice<2, 0, 1>>, Concatenate<Dense<3>, Sequential<>>,
            Add<Sequential<>, ReduceMean<2, KeepDims>>, Multiply<Sequential<>, Sequential<ReduceMax<1>, ReduceMax<1>>>>;

/// f.template operator()<Net>() for each, one by one.
template <class F>
void for_each_onnx_network(F f) {
  const auto each = [&]<class In, class... Layer>(In, mp_list<Layer...>) {
    (f.template operator()<Sequential<In, Layer>>(), ...);
  };
  const auto images = [&]<class... List>() { (each(Input<7, 6, 4>{}, List{}), ...); };
  images.template
  operator()<OnnxActivations, OnnxConvolutions, OnnxPoolings, OnnxNormalizations, OnnxMoves, OnnxMerges>();
  each(Input<9, 4>{}, OnnxSequences{});
  each(Input<8>{}, OnnxVectors{});
  each(Input<2, 3, 2, 4>{}, OnnxMoreAxes{});
  each(Input<2, 3, 1, 2, 4>{}, OnnxMoreAxes{});
  f.template operator()<Sequential<Input<2, 3, 2, 4>, Permute<3, 1, 4, 2>, Dense<3>, Permute<2, 4, 1, 3>>>();
  f.template operator()<AllOfAMultiply>();
  f.template operator()<ChannelShuffleInPieces>();
  f.template operator()<FlattenedThenNormalized>();
  f.template operator()<FlattenedImage>();
  f.template operator()<FlattenedTwice>();
  f.template operator()<Parts>();
  f.template operator()<Folds>();
}

/// Layers side by side over one input: a network of many compiles in a third of the time.
template <class In, class... Layer>
using SideBySide = Sequential<In, Concatenate<Sequential<Layer, Flatten>...>>;

/// Some of them for the ordinary tests: the ways to write operators, but few kernels, which are dear to compile.
template <class F>
void for_some_onnx_networks(F f) {
  using Image = Input<7, 6, 4>;
  f.template operator()<
      SideBySide<Image, ReLU6, GELU, TanhGELU, SiLU, HardSwish, Mish, LogSigmoid, SoftShrink, Squareplus, SparsePlus,
                 LeakyReLU<>, ReLUWith<NegativeSlope{0.1}, Threshold{0.25}, MaxValue{0.5}>, Softmax, GLU,
                 PReLU<SharedAxes{1, 2}>, Square, Clip<-0.5, 1>, Power<3>, ThresholdLayer<0.5, -1>, LayerNormalization,
                 GroupNormalization<2>, InstanceNormalization, RMSNormalization, UnitNormalization,
                 LocalResponseNormalization<3>, AffineWith<PerElement>, LayerScale<4>, Rescaling<2, -1>,
                 ChannelRescaling<PerChannel{1, 2, 3, 4}, PerChannel{-1, 0, 1, 2}>, Normalization>>();
  f.template operator()<SideBySide<
      Image, MaxPooling2D<3, Strides{2}, Pad{1, 0, 0, 2}, CeilMode>, AveragePooling2D<3, Strides{2}, Same>,
      GlobalMaxPooling2D, ReduceMean<-1>, ReduceSum<2>, ZeroPadding2D<ZeroPad{0, 1, 2, 3}>, ReflectionPadding2D<>,
      ReplicationPadding2D<ZeroPad{0, 1, 2, 3}>, CenterCrop<4, 3>, Slice<2, -3, 100>, Slice<-1, 1, 4>,
      ChannelShuffle<2>, DepthToSpace<2, CRD>, Sequential<Cropping2D<ZeroPad{0, 1, 0, 0}>, SpaceToDepth<3, CRD>>,
      UpSampling2D<>, Resizing<4, 11, Nearest, AlignCorners, Floor>, Reshape<7, 24>, Permute<3, 1, 2>,
      RandomFlipLayer<>, Concatenate<Along<1>, Cropping2D<ZeroPad{2, 0, 0, 0}>, ReLU>,
      Subtract<GlobalAveragePooling2D, ReLU>, Divide<Sequential<>, Sequential<Softplus, ReduceSum<1>>>,
      Add<ReLU, Sequential<>, ReduceMax<-1, KeepDims>>, Multiply<Sequential<>, GlobalAveragePooling2D, ReLU>>>();
  f.template operator()<SideBySide<Input<9, 4>, ZeroPadding1D<Ends{1, 2}>, Cropping1D<Ends{1, 2}>, UpSampling1D<3>,
                                   Reshape<3, 3, 4>, RepeatsOfItsMean>>();
  f.template operator()<SideBySide<
      Input<2, 3, 1, 2, 4>, PReLU<SharedAxes{1, 3}>, Softmax, LayerNormalization, GroupNormalization<2>, BatchNorm,
      LocalResponseNormalization<3>, Dense<3>, ReduceMean<2>, Slice<1, 1, 2>, Slice<-1, 0, 4, 2>, Reshape<2, 3, 2, 4>,
      Permute<3, 1, 4, 5, 2>, Concatenate<Along<2>, ReLU, Slice<2, 0, 1>>, Add<Sequential<>, ReduceMean<2, KeepDims>>,
      Sequential<Reshape<6, 2, 2, 2>, Dense<3>, Permute<2, 4, 1, 3>>>>();
  f.template operator()<Parts>();
  f.template operator()<FlattenedThenNormalized>();
}

}  // namespace strata::test
