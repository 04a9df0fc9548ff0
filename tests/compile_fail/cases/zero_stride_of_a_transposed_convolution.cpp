// expect: layer 1 (conv2d_transpose, Conv2DTranspose<8, 3, Strides{1, 0}>): the strides are not positive: expected at least 1x1, received 1x0; give positive sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d_transpose.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2DTranspose<8, 3, Strides{1, 0}>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2DTranspose<8, 3, Strides{1, 2}>> {};
#endif
