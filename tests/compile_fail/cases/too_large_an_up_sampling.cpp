// expect: layer 1 (up_sampling2d, UpSampling2D<2000000000>): a tensor is too large: expected fewer than 2147483647 elements, received an output of 2147483647x2147483647x1; make its sizes smaller
#include <strata/graph/sequential.hpp>
#include <strata/layers/up_sampling2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 1>, UpSampling2D<2000000000>> {};
#else
struct Net : Sequential<Input<8, 8, 1>, UpSampling2D<2>> {};
#endif
