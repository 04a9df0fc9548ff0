// expect: layer 1 (conv2d, Conv2D<8, 3, Groups{4}>): the groups do not divide the input channels: expected input channels that are a multiple of 4, received 8x8x6; change Groups or the layer before
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 6>, Conv2D<8, 3, Groups{4}>> {};
#else
struct Net : Sequential<Input<8, 8, 8>, Conv2D<8, 3, Groups{4}>> {};
#endif
