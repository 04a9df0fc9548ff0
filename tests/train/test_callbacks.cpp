#include "harness/catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <strata/layers/dense.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/train/callbacks.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>

#include "train/support.hpp"

using namespace strata;
using namespace strata::train_test;

namespace {

struct Net : Sequential<Input<2>, Dense<2, activation<Softmax>>> {};

/// All that early stopping asks of a trainer.
struct FakeTrainer {
  Model<Net> model_{Seed{1}};
  bool stopped = false;
  Model<Net>& model() { return model_; }
  void stop() { stopped = true; }
};

Logs logs(const char* name, double value) {
  Logs one;
  one.set(name, value);
  return one;
}

struct Recorder {
  std::string text;
  void on_train_begin() { text += "("; }
  void on_epoch_begin(int epoch) { text += "e" + std::to_string(epoch); }
  template <class Trainer>
  void on_backward(Trainer& trainer) {
    text += trainer.iterations() % 2 == 0 && trainer.gradients().size() == Net::trainable_param_count ? "g" : "G";
  }
  template <class Trainer>
  void on_batch_end(Trainer&, int batch, const Logs& numbers) {
    text += std::isfinite(numbers["loss"]) && std::isfinite(numbers["accuracy"]) ? std::to_string(batch) : "?";
  }
  void on_epoch_end(auto& trainer, int epoch, const Logs&) {
    text += ".";
    if (epoch == 1) trainer.stop();
  }
  void on_train_end() { text += ")"; }
};

/// The epoch in which a sequence of numbers stops training, or -1.
int stops_at(EarlyStopping stopping, const char* name, const std::vector<double>& values) {
  FakeTrainer trainer;
  stopping.on_train_begin();
  for (std::size_t epoch = 0; epoch < values.size() && !trainer.stopped; ++epoch)
    stopping.on_epoch_end(trainer, static_cast<int>(epoch), logs(name, values[epoch]));
  CHECK(trainer.stopped == (stopping.stopped_epoch >= 0));
  return stopping.stopped_epoch;
}

}  // namespace

TEST_CASE("early stopping counts epochs without improvement", "[train]") {
  CHECK(stops_at({}, "val_loss", {3, 2, 2, 1}) == 2);
  CHECK(stops_at({.patience = 2}, "val_loss", {3, 2, 2, 1, 1, 1, 0}) == 5);
  CHECK(stops_at({.patience = 1}, "val_loss", {3, 2, 1}) == -1);
  CHECK(stops_at({.patience = 1, .min_delta = 0.5}, "val_loss", {3, 2.9, 2.8}) == 1);
  CHECK(stops_at({.patience = 1, .monitor = "accuracy"}, "accuracy", {0.1, 0.2, 0.2}) == 2);
  CHECK(stops_at({.patience = 1, .monitor = "gain", .mode = Monitor::max}, "gain", {0.1, 0.2, 0.1}) == 2);
  CHECK(stops_at({.patience = 1}, "val_loss", {3, NAN, 1}) == 1);
  CHECK(stops_at({.patience = 1}, "val_loss", {NAN, 3, 2}) == -1);
  CHECK_THROWS_AS(stops_at({}, "loss", {1}), InvalidArgument);  // no validation data
}

TEST_CASE("early stopping restores the best weights", "[train]") {
  FakeTrainer trainer;
  EarlyStopping stopping{.patience = 2, .restore_best_weights = true};
  stopping.on_train_begin();
  std::vector<float> best;
  for (int epoch = 0; epoch < 4; ++epoch) {
    for (float& w : trainer.model().parameters()) w += 1.0f;
    stopping.on_epoch_end(trainer, epoch, logs("val_loss", epoch == 1 ? 0.5 : 1.0));
    if (epoch == 1) best = copy(trainer.model().parameters());
  }
  CHECK(trainer.stopped);
  CHECK(stopping.best_epoch == 1);
  CHECK(stopping.best == 0.5);
  CHECK(copy(trainer.model().parameters()) != best);
  stopping.on_train_end(trainer);
  CHECK(copy(trainer.model().parameters()) == best);
}

TEST_CASE("early stopping ends a fit with the best epoch's weights", "[train]") {
  const Dataset train = circle(64, 1), test = circle(64, 2);
  Model<Net> model{Seed{1}};
  EarlyStopping stopping{.patience = 3, .restore_best_weights = true};
  // a learning rate that grows until the validation loss does
  const auto history =
      fit(model, train,
          SGD{.learning_rate = [](std::size_t step) { return 1e-3 * std::pow(2.0, static_cast<double>(step)); }},
          SparseCategoricalCrossentropy{}, {.epochs = 40, .validation = &test, .verbose = 0}, stopping);
  REQUIRE(stopping.stopped_epoch > 0);
  CHECK(history.loss.size() == static_cast<std::size_t>(stopping.stopped_epoch) + 1);
  CHECK(stopping.best_epoch == stopping.stopped_epoch - 3);
  CHECK(evaluate(model, test, SparseCategoricalCrossentropy{}).loss ==
        Approx(history.val_loss[static_cast<std::size_t>(stopping.best_epoch)]).epsilon(1e-6));
}

TEST_CASE("the CSV log has a heading and a line an epoch", "[train]") {
  const std::string path = (std::filesystem::temp_directory_path() / "strata_test_history.csv").string();
  const Dataset train = circle(64, 1);
  Model<Net> model{Seed{1}};
  const auto read = [&] {
    std::ifstream file(path);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{}};
  const auto first = fit(trainer, train, {.epochs = 2, .validation = &train, .verbose = 0}, CSVLogger{path});
  CHECK(read().starts_with("epoch,loss,accuracy,val_loss,val_accuracy\n0,"));
  fit(trainer, train, {.epochs = 3, .validation = &train, .initial_epoch = 2, .verbose = 0},
      CSVLogger{.path = path, .append = true});
  const std::string text = read();
  CHECK(std::count(text.begin(), text.end(), '\n') == 4);
  CHECK(text.find("\n2,") != std::string::npos);
  char loss[32];
  std::snprintf(loss, sizeof loss, "\n1,%.9g,", first.loss[1]);
  CHECK(text.find(loss) != std::string::npos);
  fit(trainer, train, {.epochs = 1, .verbose = 0}, CSVLogger{.path = path, .separator = ';'});
  CHECK(read().starts_with("epoch;loss;accuracy\n0;"));
  std::remove(path.c_str());
  CHECK_THROWS_AS(fit(trainer, train, {.verbose = 0}, CSVLogger{"/no/such/folder/history.csv"}), FileError);
}

TEST_CASE("callbacks hear of every moment, with the trainer or without", "[train]") {
  Recorder recorder;
  const Dataset train = circle(64, 1);
  Model<Net> model{Seed{1}};
  fit(model, train, SGD{}, SparseCategoricalCrossentropy{}, {.epochs = 9, .verbose = 0}, recorder);
  CHECK(recorder.text == "(e0g0G1.e1g0G1.)");

  std::string heard;
  LambdaCallback lambda{.on_epoch_end = [&](int epoch, const Logs& numbers) {
    heard += std::to_string(epoch) + (numbers.find("loss") ? "y" : "n");
  }};
  fit(model, train, SGD{}, SparseCategoricalCrossentropy{}, {.epochs = 2, .verbose = 0}, lambda);
  CHECK(heard == "0y1y");
}

TEST_CASE("the scheduler sets the learning rate of each epoch", "[train]") {
  const Dataset train = circle(64, 1);
  Model<Net> model{Seed{1}};
  Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0.5f}};
  fit(trainer, train, {.epochs = 3, .verbose = 0},
      LearningRateScheduler{[](int epoch, double rate) { return epoch == 0 ? rate : rate / 10; }});
  CHECK(trainer.learning_rate() == Approx(0.005));
}
