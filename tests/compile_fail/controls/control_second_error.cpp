// expect: layer 1 (dense, Dense<0>): the number of units is not positive: expected at least one unit, received 0 units
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>

// The sentence comes, but a second error too, so the test of this file must fail.
struct Net : strata::Sequential<strata::Input<8>, strata::Dense<0>> {};
int second = "error";
