// expect: layer 1 (max_pooling2d, MaxPooling2D<0>): the pool size is not positive: expected at least 1x1, received 0x0; give positive sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/max_pooling2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, MaxPooling2D<0>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, MaxPooling2D<1>> {};
#endif
