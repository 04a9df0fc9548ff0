// expect: layer 2 (conv2d_1, Conv2D<16, 5, Strides{2}>): the kernel is larger than the input: expected an input of at least 5x5, received 2x2x8; use Same padding or a smaller kernel
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<4, 4, 3>, Conv2D<8, 3>, Conv2D<16, 5, Strides{2}>> {};
#else
struct Net : Sequential<Input<4, 4, 3>, Conv2D<8, 3>, Conv2D<16, 5, Strides{2}, Same>> {};
#endif
