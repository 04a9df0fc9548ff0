// expect: layer 1 (max_pooling2d, MaxPooling2D<3>): the pool is larger than the input: expected an input of at least 3x3, received 8x2x3; use Same padding or a smaller pool
#include <strata/graph/sequential.hpp>
#include <strata/layers/max_pooling2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 2, 3>, MaxPooling2D<3>> {};
#else
struct Net : Sequential<Input<8, 2, 3>, MaxPooling2D<3, Same>> {};
#endif
