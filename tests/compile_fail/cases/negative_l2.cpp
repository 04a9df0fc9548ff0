// expect: layer 1 (dense, Dense<3, L2{-1}>): the factor of an L2 is negative or not finite: expected a factor of 0 or more, received -1; give a factor of 0 or more, such as L2{1e-4}
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<4>, Dense<3, L2{-1.0}>> {};
#else
struct Net : Sequential<Input<4>, Dense<3, L2{1.0}>> {};
#endif
