// A training step of a network with shortcuts.
#include <strata/strata.hpp>

#include "../../examples/zoo/resnet_cifar.hpp"

using namespace strata;

float train(Model<zoo::ResNet20>& model, std::span<const float> images, std::span<const int> labels) {
  Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0.1f, .momentum = 0.9f}};
  return trainer.step(images, labels);
}
