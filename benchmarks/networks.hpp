// The networks that are measured. Peers build theirs from descriptions that prepare.cpp writes from these types.
#pragma once

#include <cstddef>

#include <strata/strata.hpp>

#include "zoo/densenet121.hpp"
#include "zoo/efficientnet_b0.hpp"
#include "zoo/inception_v3.hpp"
#include "zoo/mobilenet.hpp"
#include "zoo/mobilenet_v2.hpp"
#include "zoo/resnet50.hpp"
#include "zoo/vgg.hpp"

namespace strata::benchmarks {

/// The lesson's network.
struct Lesson : Sequential<
    Input<32, 32, 3>,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};

/// What is trained: the lesson's network and a classifier. Called `training` in files and commands.
struct LessonClassifier : Sequential<
    Input<32, 32, 3>,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Flatten, Dense<10>> {};

/// LeCun et al. 1998 for MNIST, with plain average pooling.
struct LeNet5 : Sequential<
    Input<28, 28, 1>,
    Conv2D<6, 5, Same>, Tanh, AveragePooling2D<>,
    Conv2D<16, 5>, Tanh, AveragePooling2D<>,
    Flatten, Dense<120>, Tanh, Dense<84>, Tanh, Dense<10>> {};

/// A convolution, normalised and rectified.
template <int Filters, int Size, auto... Options>
using ConvBNReLU = Sequential<Conv2D<Filters, Size, Same, NoBias, Options...>, BatchNorm, ReLU>;

/// Depthwise, then pointwise (Howard et al. 2017, MobileNet).
template <int Channels, int Filters, int Stride>
using Separable = Sequential<
    ConvBNReLU<Channels, 3, Groups{Channels}, Strides{Stride}>,
    ConvBNReLU<Filters, 1>>;

struct SmallMobileNet : Sequential<
    Input<32, 32, 3>,
    ConvBNReLU<32, 3>,
    Separable<32, 64, 1>,
    Separable<64, 128, 2>, Separable<128, 128, 1>,
    Separable<128, 256, 2>, Separable<256, 256, 1>,
    Separable<256, 512, 2>,
    GlobalAveragePooling2D, Dense<10>> {};

/// He et al. 2015, section 4.2, with projections where the size changes.
template <int Filters>
using Block = Sequential<
    Residual<ConvBNReLU<Filters, 3>,
             Conv2D<Filters, 3, Same, NoBias>, BatchNorm>,
    ReLU>;
template <int Filters>
using DownBlock = Sequential<
    Residual<ConvBNReLU<Filters, 3, Strides{2}>,
             Conv2D<Filters, 3, Same, NoBias>, BatchNorm,
             Projection<Conv2D<Filters, 1, Strides{2}, NoBias>, BatchNorm>>,
    ReLU>;

struct ResNet20 : Sequential<
    Input<32, 32, 3>,
    ConvBNReLU<16, 3>,
    Block<16>, Block<16>, Block<16>,
    DownBlock<32>, Block<32>, Block<32>,
    DownBlock<64>, Block<64>, Block<64>,
    GlobalAveragePooling2D, Dense<10>> {};

/// One number: what remains is the cost of a call.
struct Nothing : Sequential<Input<1, 1, 1>, ReLU> {};

/// How many samples the inference benchmarks have of a network: the larger of two batches, or one large image.
template <class Net>
inline constexpr std::size_t sample_count = Net::input_shape.size() > 64 * 64 * 3 ? 1 : 32;

/// Calls `visit.operator()<Net>(name)` for each small network of the inference benchmarks.
template <class Visit>
void for_each_small_network(Visit&& visit) {
  visit.template operator()<Lesson>("lesson");
  visit.template operator()<LeNet5>("lenet");
  visit.template operator()<ResNet20>("resnet20");
  visit.template operator()<SmallMobileNet>("small_mobilenet");
  visit.template operator()<Nothing>("nothing");
}

/// And for the published ones, of ImageNet's size.
template <class Visit>
void for_each_network(Visit&& visit) {
  for_each_small_network(visit);
  visit.template operator()<zoo::MobileNet>("mobilenet");
  visit.template operator()<zoo::MobileNetV2>("mobilenet_v2");
  visit.template operator()<zoo::EfficientNetB0>("efficientnet_b0");
  visit.template operator()<zoo::ResNet50>("resnet50");
  visit.template operator()<zoo::DenseNet121>("densenet121");
  visit.template operator()<zoo::InceptionV3>("inception_v3");
  visit.template operator()<zoo::VGG16>("vgg16");
}

}  // namespace strata::benchmarks
