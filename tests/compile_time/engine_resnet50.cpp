// Deployment of a large network.
#include <strata/strata.hpp>

#include "../../examples/zoo/resnet50.hpp"

using namespace strata;

void infer(const Model<zoo::ResNet50>& model, std::span<const float> images, std::span<float> scores) {
  const Engine<zoo::ResNet50> engine{model};
  engine(images, scores);
}
