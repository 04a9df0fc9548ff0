// expect: layer 1 (conv2d_transpose, Conv2DTranspose<4, 3>): a convolution needs an image: expected an input of height x width x channels, received 64; put it before Flatten and Dense, or give Input three sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d_transpose.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<64>, Conv2DTranspose<4, 3>> {};
#else
struct Net : Sequential<Input<8, 8, 1>, Conv2DTranspose<4, 3>> {};
#endif
