// expect: layer 1 (dense, Dense<0>): the number of units is not positive
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>

// Wrong in another way than expected, so the test of this file must fail.
struct Net : strata::Sequential<strata::Input<8, 8, 1>, strata::Dense<4>> {};
