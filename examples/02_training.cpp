// Lesson 2: training, with validation after every epoch, and callbacks.
#include <cstdio>
#include <iostream>

#include <strata/data/synthetic.hpp>
#include <strata/strata.hpp>

using namespace strata;

// Small enough to train in seconds. The last layer gives one number for each of ten classes; the loss below takes them
// as they are ("logits").
struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<8, 3, Same, Strides{2}>, BatchNormWith<Momentum{0.9}>, ReLU,
    Conv2D<16, 3, Same, Strides{2}>, BatchNormWith<Momentum{0.9}>, ReLU,
    Conv2D<32, 3, Same, Strides{2}>, BatchNormWith<Momentum{0.9}>, ReLU,
    Flatten, Dense<10>> {};

// A callback is any object with members of the right names (strata/train/events.hpp); there is no base class.
struct BestEpoch {
  int epoch = -1;
  double accuracy = 0;

  void on_epoch_end(int number, const Logs& logs) {
    if (logs["val_accuracy"] <= accuracy) return;
    accuracy = logs["val_accuracy"];
    epoch = number;
  }
};

int main() {
  // Ten classes of shapes and textures, drawn by the program. Another seed gives other images to test on.
  const Dataset train = synthetic_images(2'000, Seed{1});
  const Dataset test = synthetic_images(500, Seed{2});

  Model<Net> model{Seed{42}};  // Keras' initial weights; the same for the same seed, on every machine

  BestEpoch best;
  EarlyStopping stopping{.patience = 3, .restore_best_weights = true};
  const History history =
      fit(model, train, Adam{.learning_rate = 2e-3f}, SparseCategoricalCrossentropy{.from_logits = true},
          {.epochs = 8, .batch_size = 32, .validation = &test, .seed = Seed{42}}, best, stopping);

  std::printf("best: epoch %d with %.1f %% of the test images right\n", best.epoch + 1, 100 * best.accuracy);

  // The history has one number an epoch: columns `loss` and `metric`, and any other by its name.
  if (history.loss.back() >= history.loss.front() / 2) {
    std::cerr << "the loss should have fallen by half\n";
    return 1;
  }
  if (best.accuracy < 0.6) {
    std::cerr << "at least 60 % of the test images should be right\n";
    return 1;
  }
  return 0;
}
