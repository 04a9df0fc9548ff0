// expect: loss and optimiser are exchanged
#include <strata/layers/dense.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

void train(Model<Net>& model, const Dataset& data) {
#ifdef STRATA_WRONG
  fit(model, data, MeanSquaredError{}, Adam{}, {.epochs = 2});
#else
  fit(model, data, Adam{}, MeanSquaredError{}, {.epochs = 2});
#endif
}
