// expect: a tensor takes as many indices as its shape has extents
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>
#include <strata/runtime/model.hpp>

using namespace strata;

struct Net : Sequential<Input<4>, Dense<3>> {};

#ifdef STRATA_WRONG
float weight(Model<Net>& model) { return model.get<"dense/kernel">()(1); }
#else
float weight(Model<Net>& model) { return model.get<"dense/kernel">()(1, 2); }
#endif
