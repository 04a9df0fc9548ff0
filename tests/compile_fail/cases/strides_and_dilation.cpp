// expect: layer 1 (conv2d, Conv2D<8, 3, Strides{2}, Dilation{2}>): strides and dilation together: expected one of them to be 1, received strides 2x2 and dilation 2x2; drop Strides or Dilation
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, Strides{2}, Dilation{2}>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, Strides{2}, Dilation{1}>> {};
#endif
