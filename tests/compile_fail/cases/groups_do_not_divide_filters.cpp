// expect: layer 1 (conv2d, Conv2D<6, 3, Groups{4}>): the groups do not divide the filters: expected filters that are a multiple of 4, received 6 filters; change Groups or the number of filters
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 8>, Conv2D<6, 3, Groups{4}>> {};
#else
struct Net : Sequential<Input<8, 8, 8>, Conv2D<8, 3, Groups{4}>> {};
#endif
