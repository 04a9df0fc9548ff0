// expect: layer 1 (dense, Dense<0>): the number of units is not positive
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>

// Nothing is wrong here, so the test of this file must fail.
struct Net : strata::Sequential<strata::Input<8>, strata::Dense<4>> {};
