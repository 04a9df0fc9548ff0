// NASNet-A (4 @ 1056): Zoph et al. 2017, arXiv 1707.07012, Figure 4 and Appendix A. Keras: applications.NASNetMobile.
// A cell reads the two cells before it.
#pragma once

#include <strata/types.hpp>

#include "nodes.hpp"

namespace zoo {
namespace nasnet_mobile {
using namespace strata;

using Norm = BatchNormWith<Momentum{0.9997}>;

template <int Filters>
using Pointwise = Conv2D<Filters, 1, NoBias>;

template <int Filters, int Size, int Stride>
using SeparableOnce = Sequential<ReLU, SeparableConv2D<Filters, Size, Same, Strides{Stride}, NoBias>, Norm>;
template <int Filters, int Size, int Stride = 1>
using Separable = Sequential<SeparableOnce<Filters, Size, Stride>, SeparableOnce<Filters, Size, 1>>;

using Average = AveragePooling2D<3, Strides{1}, Same>;

// What comes from the cell before the previous one, made to fit: as it is, with other channels, or on half the grid, of
// which the second half of the channels are seen one cell to the right and below.
using Keep = Sequential<>;
template <int Filters>
using Project = Sequential<ReLU, Pointwise<Filters>, Norm>;
template <int Filters>
using Halve = Sequential<
    ReLU, Concatenate<Sequential<AveragePooling2D<1, Strides{2}>, Pointwise<Filters / 2>>,
                      Sequential<Cropping2D<ZeroPad{1, 0, 1, 0}>, ZeroPadding2D<ZeroPad{0, 1, 0, 1}>,
                                 AveragePooling2D<1, Strides{2}>, Pointwise<Filters / 2>>>, Norm>;

// h is the output of the previous cell, p that of the one before. What reads p comes first: less is kept in memory.
template <FixedString Cell, int Filters, class Fit, FixedString Previous, FixedString BeforeIt>
using Normal = Nodes<
    Node<Cell + "_p", Fit, BeforeIt>,
    Node<Cell + "_h", Project<Filters>, Previous>,
    Node<Cell + "_1h", Separable<Filters, 5>, Cell + "_h">,
    Node<Cell + "_1p", Separable<Filters, 3>, Cell + "_p">,
    Node<Cell + "_1", Add<>, Cell + "_1h", Cell + "_1p">,
    Node<Cell + "_2", Add<Separable<Filters, 5>, Separable<Filters, 3>>, Cell + "_p">,
    Node<Cell + "_3h", Average, Cell + "_h">,
    Node<Cell + "_3", Add<>, Cell + "_3h", Cell + "_p">,
    Node<Cell + "_4", Add<Average, Average>, Cell + "_p">,
    Node<Cell + "_5", Residual<Separable<Filters, 3>>, Cell + "_h">,
    Node<Cell, Concatenate<>, Cell + "_p", Cell + "_1", Cell + "_2", Cell + "_3", Cell + "_4", Cell + "_5">>;

// Half the grid. Keras pads with zeros before it pools: one cell on every side, Before, where the size is odd.
template <FixedString Cell, int Filters, class Fit, FixedString Previous, FixedString BeforeIt, int Before = 0>
using Reduction = Nodes<
    Node<Cell + "_p", Fit, BeforeIt>,
    Node<Cell + "_1p", Separable<Filters, 7, 2>, Cell + "_p">,
    Node<Cell + "_2p", Separable<Filters, 7, 2>, Cell + "_p">,
    Node<Cell + "_3p", Separable<Filters, 5, 2>, Cell + "_p">,
    Node<Cell + "_h", Project<Filters>, Previous>,
    Node<Cell + "_1h", Separable<Filters, 5, 2>, Cell + "_h">,
    Node<Cell + "_1", Add<>, Cell + "_1h", Cell + "_1p">,
    Node<Cell + "_padded", ZeroPadding2D<ZeroPad{Before, 1, Before, 1}>, Cell + "_h">,
    Node<Cell + "_max", MaxPooling2D<3, Strides{2}>, Cell + "_padded">,
    Node<Cell + "_2", Add<>, Cell + "_max", Cell + "_2p">,
    Node<Cell + "_average", AveragePooling2D<3, Strides{2}>, Cell + "_padded">,
    Node<Cell + "_3", Add<>, Cell + "_average", Cell + "_3p">,
    Node<Cell + "_4a", Average, Cell + "_1">,
    Node<Cell + "_4", Add<>, Cell + "_2", Cell + "_4a">,
    Node<Cell + "_5a", Separable<Filters, 3>, Cell + "_1">,
    Node<Cell + "_5", Add<>, Cell + "_5a", Cell + "_max">,
    Node<Cell, Concatenate<>, Cell + "_2", Cell + "_3", Cell + "_4", Cell + "_5">>;

struct NASNetMobile : GraphOf<
    Node<"image", Input<224, 224, 3>>,
    Node<"stem", Sequential<Conv2D<32, 3, Strides{2}, NoBias>, Norm>, "image">,
    Reduction<"reduction1", 11, Keep, "stem", "stem", 1>,
    Reduction<"reduction2", 22, Halve<22>, "reduction1", "stem">,
    Normal<"normal1", 44, Halve<44>, "reduction2", "reduction1">,
    Normal<"normal2", 44, Project<44>, "normal1", "reduction2">,
    Normal<"normal3", 44, Project<44>, "normal2", "normal1">,
    Normal<"normal4", 44, Project<44>, "normal3", "normal2">,
    Reduction<"reduction3", 88, Project<88>, "normal4", "normal3">,
    Normal<"normal5", 88, Halve<88>, "reduction3", "normal4">,
    Normal<"normal6", 88, Project<88>, "normal5", "reduction3">,
    Normal<"normal7", 88, Project<88>, "normal6", "normal5">,
    Normal<"normal8", 88, Project<88>, "normal7", "normal6">,
    Reduction<"reduction4", 176, Project<176>, "normal8", "normal7">,
    Normal<"normal9", 176, Halve<176>, "reduction4", "normal8">,
    Normal<"normal10", 176, Project<176>, "normal9", "reduction4">,
    Normal<"normal11", 176, Project<176>, "normal10", "normal9">,
    Normal<"normal12", 176, Project<176>, "normal11", "normal10">,
    Node<"head", Sequential<ReLU, GlobalAveragePooling2D, Dense<1000, activation<Softmax>>>, "normal12">,
    Outputs<"head">> {};

static_assert(NASNetMobile::param_count == 5'326'716);
static_assert(NASNetMobile::trainable_param_count == 5'289'978);
static_assert(NASNetMobile::non_trainable_param_count == 36'738);
static_assert(NASNetMobile::output_shape == Shape{1000});

}  // namespace nasnet_mobile

using nasnet_mobile::NASNetMobile;

}  // namespace zoo
