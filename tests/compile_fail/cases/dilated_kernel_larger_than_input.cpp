// expect: layer 1 (conv2d, Conv2D<8, Kernel{1, 3}, Dilation{3}>): the kernel is larger than the input: expected an input of at least 1x7, received 6x6x3; use Same padding or a smaller kernel
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<6, 6, 3>, Conv2D<8, Kernel{1, 3}, Dilation{3}>> {};
#else
struct Net : Sequential<Input<7, 7, 3>, Conv2D<8, Kernel{1, 3}, Dilation{3}>> {};
#endif
