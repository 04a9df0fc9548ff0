// expect: no parameter of this name: expected <layer>/<parameter> as in a weight file
#include <strata/strata.hpp>

using namespace strata;

struct Net : Sequential<Input<4>, Dense<3>> {};

float first_weight(Model<Net>& model) {
#ifdef STRATA_WRONG
  return model.get<"dense_1/kernel">()(0, 0);
#else
  return model.get<"dense/kernel">()(0, 0);
#endif
}
