// expect: layer 0 (input_layer, Input<2, 8, 8, 3>): an Input has one to three sizes: expected Input<height, width, channels> or Input<features>, received 4 sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<2, 8, 8, 3>, Conv2D<8, 3>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3>> {};
#endif
