// Small networks that are measured, beside those of examples/zoo.
#pragma once

#include <strata/strata.hpp>

namespace strata::benchmarks {

/// The lesson's network.
struct Lesson : Sequential<
    Input<32, 32, 3>,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};

/// The lesson's network and a classifier.
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

}  // namespace strata::benchmarks
