// expect: layer 1 (input_layer_1, Input<8, 8, 3>): Input in the middle of a network: expected one Input, the first layer, received Input<8, 8, 3>; remove this Input
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Part : Sequential<Input<8, 8, 3>, Conv2D<8, 3>> {};
#else
struct Part : Sequential<Conv2D<8, 3>> {};
#endif

struct Net : Sequential<Input<8, 8, 3>, Part> {};
