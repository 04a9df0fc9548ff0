// Engine against the layer-by-layer executor where much is fused: shortcuts, sweeps of several samples, depthwise.
#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::check_engine;
using test::random_model;

namespace {

/// Borders that differ between a tensor's readers, shortcuts in and around them, tensors for sweeps of several samples.
struct Shortcuts
    : Sequential<Input<11, 9, 3>, Conv2D<16, 3, Same>, BatchNorm, ReLU,
                 Residual<Conv2D<16, 3, Same>, BatchNorm, ReLU, Conv2D<16, 5, Same>, BatchNorm>, ReLU,
                 Residual<Conv2D<24, 3, Same, Strides{2}>, BatchNorm, ReLU, Conv2D<24, 3, Same>, BatchNorm,
                          Projection<Conv2D<24, 1, Strides{2}>, BatchNorm>>, ReLU,
                 Residual<Conv2D<24, 1>, Tanh>, Conv2D<7, 3>, Residual<MaxPooling2D<3, Strides{1}, Same>>, Sigmoid,
                 Residual<Conv2D<7, 1>>, Flatten, Residual<Dense<84>, BatchNorm, Tanh>,
                 Residual<Dense<2000>, ReLU, Dense<84>>, Dense<4>> {};
/// Sweeps in the middle: convolutions with many weights on a small image, and around them a shortcut.
struct Heavy : Sequential<Input<6, 5, 16>, Conv2D<16, 3, Same>, ReLU,
                          Residual<Conv2D<256, 3, Same>, Tanh, Residual<Conv2D<256, 3, Same>, BatchNorm>, ReLU,
                                   Conv2D<8, 1>, Projection<Conv2D<8, 3, Same>>>,
                          MaxPooling2D<>, Conv2D<256, 1>, Sigmoid, Conv2D<8, 3, Same>, Flatten, Dense<3>> {};
struct Depthwise : Sequential<Input<9, 8, 20>, DepthwiseConv2D<3, Same>, BatchNorm, ReLU, Conv2D<24, 1>,
                              Residual<DepthwiseConv2D<3, Same, activation<SiLU>>, Conv2D<24, 1>>,
                              DepthwiseConv2D<5, Strides{2}, DepthMultiplier{2}>, Flatten, Dense<3>> {};

}  // namespace

TEST_CASE("the engine agrees with the layers one by one in fused networks", "[runtime]") {
  check_engine(random_model<Shortcuts>(), 2e-5);
  check_engine(random_model<Heavy>(), 2e-5);
  check_engine(random_model<Depthwise>(), 2e-5);
}
