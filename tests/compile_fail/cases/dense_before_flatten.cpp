// expect: layer 2 (dense, Dense<10>): Dense needs a flat input: expected a vector of features, received 6x6x4; put Flatten or GlobalAveragePooling2D before it
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<4, 3>, Dense<10>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<4, 3>, Flatten, Dense<10>> {};
#endif
