/// Losses, optimisers and whole training runs against PyTorch and TensorFlow.js (tests/oracle/README.md).
#include "harness/catch.hpp"

#include <string>

#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/max_pooling2d.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/train/evaluate.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

#include "train/check_oracle.hpp"

using namespace strata;
using namespace strata::train_test;
using strata::test::Fixture;

namespace {

template <class Target, class Loss>
void check_losses(const std::string& name, const Loss& loss) {
  check_loss<Target>("pytorch/loss_" + name, loss);
  if (!name.ends_with("clipped") && !name.ends_with("images") && name != "categorical_crossentropy_logits" &&
      name != "sparse_categorical_crossentropy_probabilities")  // not made there
    check_loss<Target>("tfjs/loss_" + name, loss);
}

struct Tolerance {
  double parameters = 1e-5, noisy = 1e-5, output = 2e-5;
};

/// Steps through a fixture: losses, parameters and moving statistics wherever they are stored, the output at the end.
template <class Net, class Loss, class Optimizer>
void check_training(const std::string& name, Loss loss, Optimizer optimizer, Tolerance tolerance = {}) {
  CAPTURE(name);
  const Fixture fixture(name);
  Model<Net> model;
  load(model, fixture, "initial/");
  Trainer trainer{model, loss, optimizer};
  const std::vector<float> inputs = fixture.floats("inputs"), losses = fixture.floats("losses");
  const std::vector<int> labels = fixture.ints("targets");
  const std::size_t steps = losses.size(), batch = labels.size() / steps, width = inputs.size() / steps;
  for (std::size_t step = 0; step < steps; ++step) {
    CAPTURE(step);
    const float value =
        trainer.step(std::span(inputs).subspan(step * width, width), std::span(labels).subspan(step * batch, batch));
    CHECK(value == Approx(losses[step]).epsilon(tolerance.parameters));
    each_parameter(model, [&](const std::string& tensor, std::span<float> elements) {
      const std::string stored = "step" + std::to_string(step + 1) + "/" + tensor;
      if (!fixture.has(stored)) return;
      CAPTURE(tensor);
      const bool noisy = (tensor.starts_with("conv2d") && tensor.ends_with("/bias")) ||
                         tensor.ends_with("/moving_mean");
      CHECK(difference(elements, fixture.floats(stored)) < (noisy ? tolerance.noisy : tolerance.parameters));
    });
  }
  const auto output = predict(model, std::span(inputs).first(width), static_cast<int>(batch));
  CHECK(difference(output, fixture.floats("output")) < tolerance.output);
}

struct Classifier : Sequential<Input<12, 12, 3>, Conv2D<8, 3, Same>, BatchNorm, Sigmoid, Conv2D<16, 3, Same>, BatchNorm,
                               ReLU, MaxPooling2D<2>, Flatten, Dense<10>> {};
struct NoBiasClassifier
    : Sequential<Input<12, 12, 3>, Conv2D<8, 3, Same, NoBias>, BatchNorm, Sigmoid, Conv2D<16, 3, Same, NoBias>,
                 BatchNorm, ReLU, MaxPooling2D<2>, Flatten, Dense<10>> {};
struct Small : Sequential<Input<9, 7, 3>, Conv2D<8, 3, Same, Strides{2}, NoBias>, BatchNorm, ReLU,
                          MaxPooling2D<2, Same>, Flatten, Dense<5, activation<Softmax>>> {};

}  // namespace

TEST_CASE("losses equal PyTorch's and TensorFlow.js'", "[train][oracle]") {
  check_losses<int>("sparse_categorical_crossentropy_logits", SparseCategoricalCrossentropy{.from_logits = true});
  check_losses<int>("sparse_categorical_crossentropy_probabilities", SparseCategoricalCrossentropy{});
  check_losses<int>("sparse_categorical_crossentropy_clipped", SparseCategoricalCrossentropy{});
  check_losses<float>("categorical_crossentropy_logits", CategoricalCrossentropy{.from_logits = true});
  check_losses<float>("categorical_crossentropy_logits_smoothing",
                    CategoricalCrossentropy{.from_logits = true, .label_smoothing = 0.1});
  check_losses<float>("categorical_crossentropy_probabilities", CategoricalCrossentropy{});
  check_losses<float>("binary_crossentropy_logits", BinaryCrossentropy{.from_logits = true});
  check_losses<float>("binary_crossentropy_probabilities", BinaryCrossentropy{});
  check_losses<float>("mean_squared_error", MeanSquaredError{});
  check_losses<float>("mean_squared_error_images", MeanSquaredError{});
}

TEST_CASE("optimisers equal the formulas checked against torch.optim", "[train][oracle]") {
  check_optimizer("pytorch/optimizer_sgd", SGD{.learning_rate = 0.01f});
  check_optimizer("pytorch/optimizer_sgd_momentum", SGD{.learning_rate = 0.01f, .momentum = 0.9f});
  check_optimizer("pytorch/optimizer_sgd_nesterov", SGD{.learning_rate = 0.01f, .momentum = 0.9f, .nesterov = true});
  check_optimizer("pytorch/optimizer_sgd_clipvalue", SGD{.learning_rate = 0.1f, .clipvalue = 0.5f});
  check_optimizer("pytorch/optimizer_sgd_clipnorm", SGD{.learning_rate = 0.1f, .clipnorm = 2.0f});
  check_optimizer("pytorch/optimizer_sgd_global_clipnorm", SGD{.learning_rate = 0.1f, .global_clipnorm = 2.0f});
  check_optimizer("pytorch/optimizer_adam", Adam{});
  check_optimizer("pytorch/optimizer_adam_small_gradients", Adam{.learning_rate = 0.01f});
  check_optimizer("pytorch/optimizer_adam_w", AdamW{.learning_rate = 0.01f, .weight_decay = 0.004f});
  check_optimizer("pytorch/optimizer_rmsprop", RMSprop{});
  check_optimizer("pytorch/optimizer_rmsprop_small_gradients", RMSprop{.learning_rate = 0.01f});
}

TEST_CASE("six steps of a network equal PyTorch's", "[train][oracle]") {
  // tolerances: the table in tests/oracle/README.md
  check_training<Classifier>("pytorch/train_sgd_momentum", SparseCategoricalCrossentropy{.from_logits = true},
                             SGD{.learning_rate = 0.05f, .momentum = 0.9f}, {.output = 2e-4});
  check_training<NoBiasClassifier>("pytorch/train_adam_no_bias", SparseCategoricalCrossentropy{.from_logits = true},
                                   Adam{});
  check_training<Classifier>("pytorch/train_adam", SparseCategoricalCrossentropy{.from_logits = true}, Adam{},
                             {.noisy = 7e-3, .output = 2e-3});
}

TEST_CASE("three steps of a network equal TensorFlow.js'", "[train][oracle]") {
  check_training<Small>("tfjs/train_sgd_momentum", SparseCategoricalCrossentropy{},
                        SGD{.learning_rate = 0.05f, .momentum = 0.9f});
  check_training<Small>("tfjs/train_adam", SparseCategoricalCrossentropy{}, Adam{.epsilon = 1e-10f}, {.output = 1e-4});
}
