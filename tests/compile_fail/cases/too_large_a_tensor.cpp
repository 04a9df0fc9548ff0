// expect: layer 0 (input_layer, Input<65537, 65536, 1>): a tensor is too large: expected fewer than 2147483647 elements, received an output of 65537x65536x1; make its sizes smaller
#include <strata/graph/sequential.hpp>
#include <strata/layers/flatten.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<65537, 65536, 1>, Flatten> {};
#else
struct Net : Sequential<Input<65, 65, 1>, Flatten> {};
#endif
