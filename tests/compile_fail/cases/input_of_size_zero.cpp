// expect: layer 0 (input_layer, Input<8, 0, 3>): a size is zero or negative: expected an output of positive sizes, received an output of 8x0x3; give positive sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 0, 3>, Conv2D<8, 3>> {};
#else
struct Net : Sequential<Input<8, 3, 3>, Conv2D<8, 3>> {};
#endif
