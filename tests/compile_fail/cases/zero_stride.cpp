// expect: layer 1 (conv2d, Conv2D<8, 3, Strides{1, 0}>): the strides are not positive: expected at least 1x1, received 1x0; give positive sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, Strides{1, 0}>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, Strides{1, 2}>> {};
#endif
