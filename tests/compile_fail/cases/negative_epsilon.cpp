// expect: layer 1 (layer_normalization, LayerNormalizationWith<Epsilon{-1}>): the epsilon is not positive: expected a positive Epsilon, received -1; give a small positive Epsilon
#include <strata/graph/sequential.hpp>
#include <strata/layers/layer_normalization.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<4>, LayerNormalizationWith<Epsilon{-1.0}>> {};
#else
struct Net : Sequential<Input<4>, LayerNormalizationWith<Epsilon{1e-5}>> {};
#endif
