// expect: layer 1 (conv2d, Conv2D<0, 3>): the number of filters is not positive: expected at least one filter, received 0 filters; give a positive number
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<0, 3>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<1, 3>> {};
#endif
