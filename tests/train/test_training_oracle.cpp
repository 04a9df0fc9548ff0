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

#include "harness/fixture.hpp"
#include "train/support.hpp"

using namespace strata;
using namespace strata::train_test;
using strata::test::Fixture;

namespace {

using V = simd::Vector<float>;

template <class Target, class Loss>
void check_loss(const std::string& name, const Loss& loss) {
  for (const std::string library : {"pytorch", "tfjs"}) {
    if (library == "tfjs" &&
        (name.ends_with("clipped") || name.ends_with("images") || name == "categorical_crossentropy_logits" ||
         name == "sparse_categorical_crossentropy_probabilities"))
      continue;  // not made there
    CAPTURE(library, name);
    const Fixture fixture(library + "/loss_" + name);
    const std::vector<float> predictions = fixture.floats("predictions");
    const std::vector<int> extents = fixture.shape("predictions");
    Shape shape;
    for (std::size_t axis = 1; axis < extents.size(); ++axis) shape.extents[axis - 1] = extents[axis], ++shape.rank;
    std::vector<Target> targets;
    if constexpr (std::is_same_v<Target, int>)
      targets = fixture.ints("targets");
    else
      targets = fixture.floats("targets");
    std::vector<float> gradient(predictions.size());
    const double mean = loss.template evaluate<V>(predictions.data(), std::span<const Target>(targets), gradient.data(),
                                                  static_cast<std::size_t>(extents[0]), shape);
    CHECK(mean == Approx(fixture.floats("loss")[0]).epsilon(2e-6));
    if (fixture.has("gradient")) CHECK(difference(gradient, fixture.floats("gradient")) < 2e-6);
  }
}

/// A layer with two tensors, for clipping.
struct TwoTensors {
  static constexpr const char* class_name = "TwoTensors";
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape) { return {{"first", {15}}, {"second", {25}}}; }
};
struct TwoTensorNet : Sequential<Input<40>, TwoTensors> {};

template <class Optimizer>
void check_optimizer(const std::string& name, const Optimizer& optimizer) {
  CAPTURE(name);
  const Fixture fixture("pytorch/optimizer_" + name);
  std::vector<float> parameters = fixture.floats("parameters_0"), slots(Optimizer::slots * 40);
  const std::vector<float> all = fixture.floats("gradients");
  for (std::size_t t = 0; t < 6; ++t) {
    std::vector<float> gradients(all.begin() + static_cast<std::ptrdiff_t>(40 * t),
                                 all.begin() + static_cast<std::ptrdiff_t>(40 * (t + 1)));
    detail::clip_gradients<TwoTensorNet, V>(optimizer, std::span(gradients));
    apply_gradients<V>(optimizer, t, std::span(parameters), std::span<const float>(gradients), std::span(slots));
    CHECK(difference(parameters, fixture.floats("parameters_" + std::to_string(t + 1))) < 1e-6);
  }
}

template <class Net>
void load(Model<Net>& model, const Fixture& fixture, const std::string& prefix) {
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float> elements) {
    const auto values = fixture.floats(prefix + "/" + std::string(Text(node.name)) + "/" + std::string(parameter.name));
    REQUIRE(values.size() == elements.size());
    std::copy(values.begin(), values.end(), elements.begin());
  });
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
  load(model, fixture, "initial");
  Trainer trainer{model, loss, optimizer};
  const std::vector<float> inputs = fixture.floats("inputs"), losses = fixture.floats("losses");
  const std::vector<int> labels = fixture.ints("targets");
  const std::size_t steps = losses.size(), batch = labels.size() / steps, width = inputs.size() / steps;
  for (std::size_t step = 0; step < steps; ++step) {
    CAPTURE(step);
    const float value =
        trainer.step(std::span(inputs).subspan(step * width, width), std::span(labels).subspan(step * batch, batch));
    CHECK(value == Approx(losses[step]).epsilon(tolerance.parameters));
    model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float> elements) {
      const std::string tensor = std::string(Text(node.name)) + "/" + std::string(parameter.name);
      const std::string stored = "step" + std::to_string(step + 1) + "/" + tensor;
      if (!fixture.has(stored)) return;
      CAPTURE(tensor);
      const bool noisy = (tensor.starts_with("conv2d") && parameter.name == "bias") || parameter.name == "moving_mean";
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
  check_loss<int>("sparse_categorical_crossentropy_logits", SparseCategoricalCrossentropy{.from_logits = true});
  check_loss<int>("sparse_categorical_crossentropy_probabilities", SparseCategoricalCrossentropy{});
  check_loss<int>("sparse_categorical_crossentropy_clipped", SparseCategoricalCrossentropy{});
  check_loss<float>("categorical_crossentropy_logits", CategoricalCrossentropy{.from_logits = true});
  check_loss<float>("categorical_crossentropy_logits_smoothing",
                    CategoricalCrossentropy{.from_logits = true, .label_smoothing = 0.1});
  check_loss<float>("categorical_crossentropy_probabilities", CategoricalCrossentropy{});
  check_loss<float>("binary_crossentropy_logits", BinaryCrossentropy{.from_logits = true});
  check_loss<float>("binary_crossentropy_probabilities", BinaryCrossentropy{});
  check_loss<float>("mean_squared_error", MeanSquaredError{});
  check_loss<float>("mean_squared_error_images", MeanSquaredError{});
}

TEST_CASE("optimisers equal the formulas checked against torch.optim", "[train][oracle]") {
  check_optimizer("sgd", SGD{.learning_rate = 0.01f});
  check_optimizer("sgd_momentum", SGD{.learning_rate = 0.01f, .momentum = 0.9f});
  check_optimizer("sgd_nesterov", SGD{.learning_rate = 0.01f, .momentum = 0.9f, .nesterov = true});
  check_optimizer("sgd_clipvalue", SGD{.learning_rate = 0.1f, .clipvalue = 0.5f});
  check_optimizer("sgd_clipnorm", SGD{.learning_rate = 0.1f, .clipnorm = 2.0f});
  check_optimizer("sgd_global_clipnorm", SGD{.learning_rate = 0.1f, .global_clipnorm = 2.0f});
  check_optimizer("adam", Adam{});
  check_optimizer("adam_small_gradients", Adam{.learning_rate = 0.01f});
  check_optimizer("adam_w", AdamW{.learning_rate = 0.01f, .weight_decay = 0.004f});
  check_optimizer("rmsprop", RMSprop{});
  check_optimizer("rmsprop_small_gradients", RMSprop{.learning_rate = 0.01f});
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
