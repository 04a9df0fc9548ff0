// expect: layer 1 (dense, Dense<-4>): the number of units is not positive: expected at least one unit, received -4 units; give a positive number
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8>, Dense<-4>> {};
#else
struct Net : Sequential<Input<8>, Dense<4>> {};
#endif
