// expect: layer 1 (conv2d, Conv2D<1, 3>): a tensor is too large: expected fewer than 2147483647 elements, received a padded gradient of 46342x46342x1; make its sizes smaller
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<46340, 46340, 1>, Conv2D<1, 3>> {};
#else
struct Net : Sequential<Input<46338, 46338, 1>, Conv2D<1, 3>> {};
#endif
