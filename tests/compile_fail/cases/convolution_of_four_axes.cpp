// expect: layer 1 (conv2d, Conv2D<8, 3>): a convolution needs an image: expected an input of height x width x channels, received 2x8x8x3; put it before Flatten and Dense, or give Input three sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<2, 8, 8, 3>, Conv2D<8, 3>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3>> {};
#endif
