// expect: layer 1 (conv2d, Conv2D<8, 3, Same, Pad{1, 2}>): two kinds of padding: expected one of them, received Same and Pad; keep one of them
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 1>, Conv2D<8, 3, Same, Pad{1, 2}>> {};
#else
struct Net : Sequential<Input<8, 8, 1>, Conv2D<8, 3, Pad{1, 2}>> {};
#endif
