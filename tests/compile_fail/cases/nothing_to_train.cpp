// expect: nothing to train
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<2, 2, 3>, Flatten> {};
#else
struct Net : Sequential<Input<2, 2, 3>, Flatten, Dense<2> > {};
#endif

void train(Model<Net>& model) { Trainer trainer{model, MeanSquaredError{}, SGD{}}; }
