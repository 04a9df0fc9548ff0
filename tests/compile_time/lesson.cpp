// The lesson's network, trained and deployed.
#include <strata/strata.hpp>

using namespace strata;

struct Net : Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid, Conv2D<32, 3, Same>, BatchNorm,
                        Sigmoid, MaxPooling2D<>, Flatten, Dense<10>> {};

float train(Model<Net>& model, std::span<const float> images, std::span<const int> labels) {
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, Adam{.learning_rate = 1e-3f}};
  return trainer.step(images, labels);
}
void infer(const Model<Net>& model, std::span<const float> images, std::span<float> scores) {
  const Engine<Net> engine{model};
  engine(images, scores);
}
