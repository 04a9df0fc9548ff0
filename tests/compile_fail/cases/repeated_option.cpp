// expect: layer 1 (conv2d, Conv2D<8, 3, Strides{1}, Same, Strides{2}>): repeated option: expected each option at most once, received Strides; keep one of them
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, Strides{1}, Same, Strides{2}>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, Same, Strides{2}>> {};
#endif
