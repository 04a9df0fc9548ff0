// expect: compile the file that holds the network without them, or with -fno-fast-math after them
// flag: -ffast-math
#include <strata/strata.hpp>

struct Net : strata::Sequential<strata::Input<4>, strata::Softmax> {};
static_assert(Net::param_count == 0);
