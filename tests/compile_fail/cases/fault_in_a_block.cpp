// expect: layer 2 (conv2d_1, Conv2D<8, 7>): the kernel is larger than the input: expected an input of at least 7x7, received 6x6x8; use Same padding or a smaller kernel
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Part : Sequential<Conv2D<8, 3>, Conv2D<8, 7>> {};
#else
struct Part : Sequential<Conv2D<8, 3>, Conv2D<8, 5>> {};
#endif

struct Net : Sequential<Input<8, 8, 3>, Part> {};
