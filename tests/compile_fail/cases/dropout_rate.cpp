// expect: layer 1 (dropout, Dropout<1.5>): the rate of a Dropout is not in [0, 1): expected a rate from 0 to below 1, received 1.5; give the share of elements to drop, 0.5 for half
#include <strata/graph/sequential.hpp>
#include <strata/layers/dropout.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8>, Dropout<1.5>> {};
#else
struct Net : Sequential<Input<8>, Dropout<0.5>> {};
#endif
