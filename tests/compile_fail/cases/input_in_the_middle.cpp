// expect: layer 2 (input_layer_1, Input<6, 6, 8>): Input in the middle of a network: expected one Input, the first layer, received Input<6, 6, 8>; remove this Input
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3>, Input<6, 6, 8>, Conv2D<8, 3>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3>, Conv2D<8, 3>> {};
#endif
