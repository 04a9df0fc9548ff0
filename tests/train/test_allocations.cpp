#include "harness/allocations.hpp"
#include "harness/catch.hpp"

#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

#include "train/support.hpp"

using namespace strata;
using namespace strata::train_test;

namespace {
struct Net : Sequential<Input<6, 5, 2>, Conv2D<4, 3, Same>, BatchNorm, ReLU, Dropout<0.25>, Flatten,
                        Dense<3, activation<Softmax>>> {};
}  // namespace

TEST_CASE("a step allocates nothing once a batch of its size was seen", "[train]") {
  Model<Net> model{Seed{1}};
  Trainer trainer{model, SparseCategoricalCrossentropy{}, Adam{.learning_rate = CosineDecay{1e-3, 100}, .clipnorm = 1}};
  const std::vector<float> inputs = normal(8 * 60, 1);
  const std::vector<int> classes = labels(8, 3, 2);
  trainer.step(inputs, classes);
  const std::size_t before = test::allocations();
  CHECK((before > 0) == test::counts_allocations);
  for (const std::size_t batch : {8, 3, 8})
    trainer.step(std::span(inputs).first(60 * batch), std::span(classes).first(batch));
  CHECK(test::allocations() == before);
}
