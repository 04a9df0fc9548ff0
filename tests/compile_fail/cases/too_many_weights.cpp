// expect: layer 1 (dense, Dense<65537>): a tensor is too large: expected fewer than 2147483647 elements, received weights of 65536x65537; make its sizes smaller
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<65536>, Dense<65537>> {};
#else
struct Net : Sequential<Input<64>, Dense<65>> {};
#endif
