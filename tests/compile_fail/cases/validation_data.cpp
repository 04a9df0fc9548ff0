// expect: write .validation = &test: a pointer to a Dataset
#include <strata/layers/dense.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

void train(Model<Net>& model, const Dataset& data) {
#ifdef STRATA_WRONG
  fit(model, data, SGD{}, MeanSquaredError{}, {.epochs = 2, .validation_data = &data});
#else
  fit(model, data, SGD{}, MeanSquaredError{}, {.epochs = 2, .validation = &data});
#endif
}
