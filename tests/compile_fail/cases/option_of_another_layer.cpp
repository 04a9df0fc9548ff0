// expect: layer 1 (dense, Dense<8, Same>): unknown option: expected NoBias, L2, activation<...>, received Same; remove it or spell it as listed
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8>, Dense<8, Same>> {};
#else
struct Net : Sequential<Input<8>, Dense<8, NoBias>> {};
#endif
