// expect: expected a model, a loss and an optimiser: Trainer{model, loss, Adam{}}
#include <strata/layers/dense.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

float train(Model<Net>& model, std::span<const float> inputs, std::span<const float> targets) {
#ifdef STRATA_WRONG
  Trainer trainer{model, MeanSquaredError{}};
#else
  Trainer trainer{model, MeanSquaredError{}, Adam{}};
#endif
  return trainer.step(inputs, targets);
}
