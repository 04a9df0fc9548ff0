// expect: layer 1 (conv2d, Conv2D<8, 3, 7>): unknown option: expected Same or Valid, Strides, Pad, Dilation, Groups, NoBias, L2, activation<...>, received int; remove it or spell it as listed
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, 7>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, Kernel{3, 7}>> {};
#endif
