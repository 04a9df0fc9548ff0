// expect: a softmax over one class is always 1
#include <strata/layers/dense.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8>, Dense<1>> {};
#else
struct Net : Sequential<Input<8>, Dense<2>> {};
#endif

void train(Model<Net>& model) { Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{}}; }
