// expect: layer 0 (input_layer, Input<2, 1, 1, 8, 8, 3>): an Input has one to five sizes: expected Input<height, width, channels> or Input<features>, received 6 sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<2, 1, 1, 8, 8, 3>, Dense<8>> {};
#else
struct Net : Sequential<Input<2, 1, 8, 8, 3>, Dense<8>> {};
#endif
