// expect: expected a model that can change, such as Model<Net> model
#include <strata/layers/dense.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

float train(std::span<const float> inputs, std::span<const float> targets) {
#ifdef STRATA_WRONG
  Net model;
#else
  Model<Net> model;
#endif
  Trainer trainer{model, MeanSquaredError{}, Adam{}};
  return trainer.step(inputs, targets);
}
