// expect: no parameter of this name: expected <layer>/<parameter> as in a weight file
#include <strata/graph/sequential.hpp>
#include <strata/layers/dense.hpp>
#include <strata/runtime/model.hpp>

using namespace strata;

#ifdef STRATA_WRONG
auto weights(Model<Sequential<Input<8>, Dense<4>>>& model) { return model.get<"conv2d/kernel">().size(); }
#else
auto weights(Model<Sequential<Input<8>, Dense<4>>>& model) { return model.get<"dense/kernel">().size(); }
#endif
