// expect: this loss takes targets: std::span<const float>, not labels
#include <span>

#include <strata/layers/dense.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

using namespace strata;

struct Net : Sequential<Input<8>, Dense<1>> {};

#ifdef STRATA_WRONG
using Target = int;
#else
using Target = float;
#endif

float train(Model<Net>& model, std::span<const float> inputs, std::span<const Target> targets) {
  return Trainer{model, MeanSquaredError{}, SGD{}}.step(inputs, targets);
}
