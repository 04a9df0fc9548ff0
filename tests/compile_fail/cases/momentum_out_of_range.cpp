// expect: layer 1 (batch_normalization, BatchNormWith<Momentum{99}, Epsilon{1e-5}>): the momentum is not between 0 and 1: expected Momentum{0} to Momentum{1}, received 99; momentum is the share of the old average, as in Keras; in PyTorch it is one minus that
#include <strata/graph/sequential.hpp>
#include <strata/layers/batch_norm.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8>, BatchNormWith<Momentum{99.0}, Epsilon{1e-5}>> {};
#else
struct Net : Sequential<Input<8>, BatchNormWith<Momentum{0.99}, Epsilon{1e-5}>> {};
#endif
