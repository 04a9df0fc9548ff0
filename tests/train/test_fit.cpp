#include "harness/catch.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>

#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/train/callbacks.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>

#include "harness/check_network.hpp"
#include "train/support.hpp"

using namespace strata;
using Catch::Matchers::ContainsSubstring;
using namespace strata::train_test;

namespace {

struct Net : Sequential<Input<2>, Dense<16>, BatchNorm, Tanh, Dropout<0.1>, Dense<2, activation<Softmax>>> {};
struct Decayed : Sequential<Input<2>, Dense<4, L2{0.1}>, Tanh, Dense<1, activation<Sigmoid>>> {};
struct Line : Sequential<Input<2>, Dense<1>> {};

const Dataset train_set = circle(330, 1), test_set = circle(150, 2);

Dataset plane() {
  Samples samples{.shape = {2}, .inputs = normal(200, 3)};
  for (std::size_t i = 0; i < 100; ++i)
    samples.targets.push_back(2 * samples.inputs[2 * i] - samples.inputs[2 * i + 1] + 0.5f);
  return Dataset(std::move(samples));
}

}  // namespace

TEST_CASE("fit learns, and its history has Keras' columns", "[train]") {
  Model<Net> model{Seed{42}};
  auto history = fit(model, train_set, Adam{.learning_rate = 1e-2f}, SparseCategoricalCrossentropy{},
                     {.epochs = 20, .batch_size = 32, .validation = &test_set, .seed = Seed{3}, .verbose = 0});
  REQUIRE(history.loss.size() == 20);
  CHECK(history.epoch.back() == 19);
  CHECK(history.metric.back() > 0.8);  // with dropout
  CHECK(history.val_metric.back() > 0.9);
  CHECK(history.loss.back() < 0.7 * history.loss.front());
  CHECK(history["accuracy"] == history.metric);
  CHECK(history["val_loss"] == history.val_loss);
  CHECK(history.seconds.size() == 20);
  CHECK_THROWS_AS(history["val_auc"], InvalidArgument);

  const Evaluation result = evaluate(model, test_set, SparseCategoricalCrossentropy{});
  CHECK(result.loss == Approx(history.val_loss.back()).epsilon(1e-6));
  CHECK(result.metric == history.val_metric.back());
}

TEST_CASE("fit is a loop over step", "[train]") {
  // four batches, the last of 30 samples: the epoch's numbers are means over samples
  Model<Net> model{Seed{1}}, other{Seed{1}};
  const auto history = fit(model, train_set, SGD{}, SparseCategoricalCrossentropy{},
                           {.batch_size = 100, .shuffle = false, .verbose = 0});
  Trainer trainer{other, SparseCategoricalCrossentropy{}, SGD{}};
  double sum = 0;
  for (std::size_t first = 0; first < 330; first += 100) {
    const std::size_t size = std::min<std::size_t>(100, 330 - first);
    sum += static_cast<double>(size) * static_cast<double>(trainer.step(train_set.inputs().subspan(2 * first, 2 * size),
                                                                        train_set.labels().subspan(first, size)));
  }
  CHECK(history.loss[0] == Approx(sum / 330).epsilon(1e-12));
  CHECK(copy(model.parameters()) == copy(other.parameters()));
  CHECK(history.val_loss.empty());
}

TEST_CASE("the same seed gives the same bits, another seed another order", "[train]") {
  const auto run = [](Seed seed, bool shuffle = true) {
    Model<Net> model{Seed{1}};
    fit(model, train_set, Adam{}, SparseCategoricalCrossentropy{},
        {.epochs = 2, .shuffle = shuffle, .seed = seed, .verbose = 0});
    return copy(model.parameters());
  };
  CHECK(run(Seed{1}) == run(Seed{1}));
  CHECK(run(Seed{1}) != run(Seed{2}));
  CHECK(run(Seed{1}) != run(Seed{1}, false));
}

TEST_CASE("each epoch has its own order", "[train]") {
  struct Order {
    std::vector<int> labels;
    void on_forward(std::span<const float>, std::span<const int> targets) {
      labels.insert(labels.end(), targets.begin(), targets.end());
    }
  } order;
  Model<Net> model{Seed{1}};
  fit(model, train_set, SGD{}, SparseCategoricalCrossentropy{}, {.epochs = 2, .verbose = 0}, order);
  REQUIRE(order.labels.size() == 660);
  CHECK(!std::equal(order.labels.begin(), order.labels.begin() + 330, order.labels.begin() + 330));
  CHECK(std::count(order.labels.begin(), order.labels.begin() + 330, 1) == std::ranges::count(train_set.labels(), 1));
}

TEST_CASE("a resumed fit equals one that never stopped", "[train]") {
  const FitOptions whole{.epochs = 5, .validation = &test_set, .verbose = 0};
  Model<Net> model{Seed{1}};
  Trainer trainer{model, SparseCategoricalCrossentropy{}, Adam{}, Seed{8}};
  const auto history = fit(trainer, train_set, whole);

  Model<Net> first{Seed{1}};
  Trainer before{first, SparseCategoricalCrossentropy{}, Adam{}, Seed{8}};
  fit(before, train_set, {.epochs = 2, .verbose = 0});
  Model<Net> second = first;
  Trainer after{second, SparseCategoricalCrossentropy{}, Adam{}, Seed{8}};
  std::copy(before.slots().begin(), before.slots().end(), after.slots().begin());
  after.set_iterations(before.iterations());
  const auto rest = fit(after, train_set, {.epochs = 5, .validation = &test_set, .initial_epoch = 2, .verbose = 0});
  REQUIRE(rest.loss.size() == 3);
  CHECK(rest.epoch.front() == 2);
  CHECK(std::equal(rest.loss.begin(), rest.loss.end(), history.loss.begin() + 2));
  CHECK(std::equal(rest.val_loss.begin(), rest.val_loss.end(), history.val_loss.begin() + 2));
  CHECK(copy(model.parameters()) == copy(second.parameters()));
}

TEST_CASE("fit and evaluate take a trainer of several threads", "[train]") {
  Model<Net> a{Seed{1}}, b{Seed{1}};
  Trainer one{a, SparseCategoricalCrossentropy{}, SGD{}, Seed{2}};
  Trainer three{b, SparseCategoricalCrossentropy{}, SGD{}, Seed{2}, test::Turns{}};
  const FitOptions options{.epochs = 2, .validation = &test_set, .verbose = 0};
  EarlyStopping stopping{.patience = 5, .restore_best_weights = true};
  const auto first = fit(one, train_set, options), second = fit(three, train_set, options, stopping);
  CHECK(second.loss.back() == Approx(first.loss.back()).epsilon(1e-4));
  CHECK(difference(b.parameters(), a.parameters()) < 1e-4);
  const Evaluation result = evaluate(three, test_set);
  CHECK(result.loss == Approx(evaluate(b, test_set, SparseCategoricalCrossentropy{}).loss).epsilon(1e-6));
  CHECK(result.metric == second.val_metric.back());
  CHECK(evaluate(three, test_set, 7, SparseTopKCategoricalAccuracy{.k = 2}).metric == 1);
}

TEST_CASE("the accuracy of logits is that of their probabilities", "[train]") {
  struct Logits : Sequential<Input<2>, Dense<1>> {};
  struct Probabilities : Sequential<Input<2>, Dense<1, activation<Sigmoid>>> {};
  Model<Logits> logits{Seed{1}};
  Model<Probabilities> probabilities{Seed{1}};
  const BinaryCrossentropy on_logits{.from_logits = true};
  const auto same = [&](auto metric) {
    const double expected = evaluate(probabilities, test_set, BinaryCrossentropy{}, 32, metric).metric;
    CHECK(evaluate(logits, test_set, on_logits, 32, metric).metric == expected);
    const auto history = fit(logits, train_set, SGD{.learning_rate = 0}, on_logits,
                             {.validation = &test_set, .verbose = 0}, metric);
    CHECK(history["val_binary_accuracy"].back() == expected);
    CHECK(history.metric.back() ==
          evaluate(probabilities, train_set, BinaryCrossentropy{}, 32, metric).metric);
  };
  same(BinaryAccuracy{});
  same(BinaryAccuracy{.threshold = 0.4});
  CHECK(evaluate(logits, test_set, on_logits).metric == evaluate(probabilities, test_set, BinaryCrossentropy{}).metric);
}

namespace {

struct HalfSquare {
  static constexpr std::size_t targets_per_sample(Shape output) { return output.size(); }
  template <class V, class T = typename V::value_type>
  double evaluate(const T* predictions, std::span<const T> targets, T* gradient, std::size_t, Shape) const {
    for (std::size_t i = 0; gradient != nullptr && i < targets.size(); ++i) gradient[i] = predictions[i] - targets[i];
    return 0.25;
  }
};

}  // namespace

TEST_CASE("a loss that names no metric", "[train]") {
  Model<Line> line{Seed{1}};
  const Dataset points = plane();
  const auto history = fit(line, points, SGD{}, HalfSquare{}, {.validation = &points, .verbose = 0});
  CHECK(history.val_loss == std::vector<double>{0.25});
  CHECK(history.metric.empty());
  CHECK(evaluate(line, points, HalfSquare{}).loss == 0.25);
  CHECK(std::isnan(evaluate(line, points, HalfSquare{}).metric));
}

TEST_CASE("losses choose labels or targets", "[train]") {
  struct Labels {
    std::size_t seen = 0;
    void on_forward(std::span<const float>, std::span<const int> labels) { seen += labels.size(); }
  } labels;
  Model<Decayed> model{Seed{1}};
  const auto history =
      fit(model, train_set, Adam{.learning_rate = 0.01f}, BinaryCrossentropy{}, {.epochs = 2, .verbose = 0}, labels);
  CHECK(labels.seen == 660);
  CHECK(history.metric.back() > 0.3);
  // the penalty counts in evaluate, too
  double squares = 0;
  for (const float w : model.get<"dense/kernel">()) squares += static_cast<double>(w * w);
  const auto outputs = predict(model, test_set.inputs());
  const double bare = BinaryCrossentropy{}.evaluate<simd::Vector<float>>(outputs.data(), test_set.labels(),
                                                                         static_cast<float*>(nullptr), 150, Shape{1});
  CHECK(evaluate(model, test_set, BinaryCrossentropy{}).loss == Approx(bare + 0.1 * squares).epsilon(1e-5));

  const Dataset points = plane();
  Model<Line> line{Seed{1}};
  const auto fitted = fit(line, points, SGD{.learning_rate = 0.1f}, MeanSquaredError{}, {.epochs = 30, .verbose = 0});
  CHECK(fitted.loss.back() < 1e-3);
  CHECK(fitted["mean_absolute_error"] == fitted.metric);
  CHECK(line.get<"dense/kernel">()(0, 0) == Approx(2).epsilon(0.02));
}

TEST_CASE("metrics may be given, among the callbacks and in any order", "[train]") {
  struct Confidence {
    std::string_view name = "confidence";
    double operator()(std::span<const float> outputs, std::span<const int> labels, Shape shape) const {
      double sum = 0;
      for (std::size_t i = 0; i < labels.size(); ++i)
        sum += static_cast<double>(outputs[i * shape.size() + static_cast<std::size_t>(labels[i])]);
      return sum / static_cast<double>(labels.size());
    }
  };
  Model<Net> model{Seed{1}};
  const auto history = fit(model, train_set, Adam{}, SparseCategoricalCrossentropy{},
                           {.epochs = 2, .validation = &test_set, .verbose = 0}, Confidence{}, LambdaCallback{},
                           SparseTopKCategoricalAccuracy{.k = 2});
  CHECK(history.metric == history["confidence"]);
  CHECK(history["val_confidence"].back() > 0.3);
  CHECK(history["val_confidence"].back() < 1);
  CHECK(history["sparse_top_k_categorical_accuracy"] == std::vector<double>{1, 1});
  CHECK_THROWS_AS(history["accuracy"], InvalidArgument);
  CHECK(evaluate(model, test_set, SparseCategoricalCrossentropy{}, 32, Confidence{}).metric ==
        Approx(history["val_confidence"].back()));
}

TEST_CASE("a data set that does not fit is refused before training", "[train]") {
  Model<Net> model{Seed{1}};
  const auto parameters = copy(model.parameters());
  const auto refused = [&](const Dataset& data, const std::string& sentence) {
    try {
      fit(model, data, SGD{}, SparseCategoricalCrossentropy{}, {.verbose = 0});
    } catch (const InvalidArgument& error) {
      return std::string(error.what()).find(sentence) != std::string::npos;
    }
    return false;
  };
  CHECK(refused(Dataset({.shape = {3}, .inputs = {1, 2, 3}, .labels = {0}}),
                "expected samples of shape 2, the input of the network, received 3"));
  CHECK(refused(plane(), "expected 1 label(s) a sample for an output of shape 2, received 0"));
  CHECK(refused(Dataset({.shape = {2}, .inputs = {1, 2}, .labels = {2}}), "label 0 of the batch"));
  CHECK(refused(train_set.take(0), "at least one sample"));
  CHECK_THROWS_AS(fit(model, train_set, SGD{}, SparseCategoricalCrossentropy{}, {.batch_size = 0, .verbose = 0}),
                  InvalidArgument);
  CHECK_THROWS_AS(fit(model, train_set, SGD{}, SparseCategoricalCrossentropy{}, {.initial_epoch = -1, .verbose = 0}),
                  InvalidArgument);
  CHECK_THROWS_WITH(evaluate(model, train_set, SparseCategoricalCrossentropy{.from_logits = true}),
                    ContainsSubstring("from_logits"));
  CHECK_THROWS_AS(evaluate(model, plane(), SparseCategoricalCrossentropy{}), InvalidArgument);
  CHECK_THROWS_AS(predict(model, std::vector<float>(3)), InvalidArgument);
  CHECK(copy(model.parameters()) == parameters);
}

TEST_CASE("predict does not depend on the batch size", "[train]") {
  Model<Net> model{Seed{1}};
  const auto all = predict(model, test_set.inputs(), 150);
  CHECK(difference(predict(model, test_set.inputs(), 7), all) < 1e-6);
  CHECK(all.size() == 300);
  CHECK(predict(model, std::span<const float>{}).empty());
}

TEST_CASE("output that is no terminal gets a line an epoch, and verbose = 0 none", "[train]") {
  Model<Net> model{Seed{1}};
  std::ostringstream lines, nothing;
  fit(model, train_set, SGD{}, SparseCategoricalCrossentropy{},
      {.epochs = 2, .validation = &test_set, .output = &lines});
  const std::string text = lines.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(text.starts_with("Epoch 1/2 - "));
  CHECK(text.find("\nEpoch 2/2 - ") != std::string::npos);
  CHECK(text.find(" - loss: ") < text.find(" - accuracy: "));
  CHECK(text.find(" - val_loss: ") < text.find(" - val_accuracy: "));
  CHECK(text.find('\r') == std::string::npos);
  fit(model, train_set, SGD{}, SparseCategoricalCrossentropy{}, {.epochs = 2, .verbose = 0, .output = &nothing});
  CHECK(nothing.str().empty());
}
