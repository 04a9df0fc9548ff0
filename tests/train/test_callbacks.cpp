#include "harness/catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <strata/layers/dense.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/train/callbacks.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>

#include "train/support.hpp"

using namespace strata;
using Catch::Matchers::ContainsSubstring;
using namespace strata::train_test;

namespace {

struct Net : Sequential<Input<2>, Dense<2, activation<Softmax>>> {};

/// All that early stopping asks of a trainer.
struct FakeTrainer {
  Model<Net> model_{Seed{1}};
  std::vector<Logs> past{};
  bool stopped = false;
  Model<Net>& model() { return model_; }
  std::vector<Logs>& epochs() { return past; }
  void stop() { stopped = true; }
  static bool leads() { return true; }
};

Logs logs(const char* name, double value) {
  Logs one;
  one.set(name, value);
  one.directions = {{"val_loss", Monitor::min}, {"accuracy", Monitor::max}};
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
int stops_at(EarlyStopping stopping, const char* name, const std::vector<double>& values, std::size_t known = 0) {
  FakeTrainer trainer;
  for (std::size_t epoch = 0; epoch < known; ++epoch) trainer.past.push_back(logs(name, values[epoch]));
  stopping.on_train_begin(trainer, logs(name, NAN));
  for (std::size_t epoch = known; epoch < values.size() && !trainer.stopped; ++epoch)
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
  // Keras: abs(min_delta)
  CHECK(stops_at({.patience = 1, .min_delta = -0.5}, "val_loss", {3, 2.9, 2.8}) == 1);
  CHECK(stops_at({.patience = 1, .min_delta = -0.1, .monitor = "accuracy"}, "accuracy", {0.1, 0.3, 0.35}) == 2);
}

TEST_CASE("early stopping of a run that goes on stops where one that never stopped does", "[train]") {
  const std::vector<double> values{3, 1, 2, 2.5, 1.5, 1.2, 0.5};
  for (std::size_t known = 0; known <= 5; ++known) CHECK(stops_at({.patience = 4}, "val_loss", values, known) == 5);
  CHECK(stops_at({.patience = 5}, "val_loss", values, 3) == -1);
}

TEST_CASE("early stopping refuses a change that is no number", "[train]") {
  FakeTrainer trainer;
  for (const double bad : {double(NAN), double(INFINITY)}) {
    EarlyStopping stopping{.min_delta = bad};
    CHECK_THROWS_WITH(stopping.on_train_begin(trainer, logs("val_loss", 1)),
                      ContainsSubstring(".min_delta that is finite"));
  }
}

TEST_CASE("early stopping asks for a mode where nobody knows it", "[train]") {
  const auto refused = [](EarlyStopping stopping, const Logs& coming) {
    FakeTrainer trainer;
    CHECK_THROWS_WITH(stopping.on_train_begin(trainer, coming), ContainsSubstring("Monitor::max"));
    stopping.mode = Monitor::min;
    CHECK_NOTHROW(stopping.on_train_begin(trainer, coming));
  };
  refused({.monitor = "val_iou"}, logs("val_iou", NAN));
  refused({.monitor = "accident_rate"}, logs("accident_rate", NAN));  // a name says nothing
  FakeTrainer trainer;
  EarlyStopping late{.monitor = "f1"};
  late.on_train_begin(trainer, logs("val_loss", NAN));  // a callback may add it
  CHECK_THROWS_WITH(late.on_epoch_end(trainer, 0, logs("f1", 1)), ContainsSubstring("Monitor::max"));
}

TEST_CASE("early stopping restores the best weights", "[train]") {
  FakeTrainer trainer;
  EarlyStopping stopping{.patience = 2, .restore_best_weights = true};
  stopping.on_train_begin(trainer, logs("val_loss", NAN));
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

  // the same run goes on, worse: its best is still known
  for (const double value : {1.0, 0.5, 1.0, 1.0}) trainer.past.push_back(logs("val_loss", value));
  stopping.on_train_begin(trainer, logs("val_loss", NAN));
  for (float& w : trainer.model().parameters()) w += 1.0f;
  stopping.on_epoch_end(trainer, 4, logs("val_loss", 0.75));
  stopping.on_train_end(trainer);
  CHECK(copy(trainer.model().parameters()) == best);
  // another run does not get these weights
  trainer.past = {logs("val_loss", 0.25)};
  stopping.on_train_begin(trainer, logs("val_loss", NAN));
  for (float& w : trainer.model().parameters()) w += 1.0f;
  stopping.on_epoch_end(trainer, 1, logs("val_loss", 0.5));
  stopping.on_train_end(trainer);
  CHECK(copy(trainer.model().parameters()) != best);
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

namespace {

/// A file that ends with the test.
struct LogFile {
  std::string path = (std::filesystem::temp_directory_path() / "strata_test_history.csv").string();
  LogFile() { std::remove(path.c_str()); }
  ~LogFile() { std::remove(path.c_str()); }
  std::string text() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

/// What one run of these epochs leaves in the file.
std::string logged(const LogFile& file, CSVLogger logger, const std::vector<Logs>& epochs) {
  const FakeTrainer trainer;
  logger.on_train_begin(trainer);
  for (std::size_t epoch = 0; epoch < epochs.size(); ++epoch)
    logger.on_epoch_end(trainer, static_cast<int>(epoch), epochs[epoch]);
  return file.text();
}

}  // namespace

// The texts are what Python's csv.DictWriter writes by the rules of Keras' csv_logger.py.
TEST_CASE("the CSV log is Keras'", "[train]") {
  const LogFile file;
  const Logs plain{{{"loss", 0.1}, {"accuracy", 1}}}, validated{{{"loss", 1e-5}, {"val_loss", 1e16}, {"Auc", -0.0}}};
  CHECK(logged(file, {.path = file.path}, {plain, plain}) ==
        "epoch,accuracy,loss,val_accuracy,val_loss\r\n0,1.0,0.1,NA,NA\r\n1,1.0,0.1,NA,NA\r\n");
  CHECK(logged(file, {.path = file.path}, {validated}) == "epoch,Auc,loss,val_loss\r\n0,-0.0,1e-05,1e+16\r\n");
  // the columns are those of the first epoch
  CHECK(logged(file, {.path = file.path, .separator = ';'}, {validated, plain}) ==
        "epoch;Auc;loss;val_loss\r\n0;-0.0;1e-05;1e+16\r\n1;NA;0.1;NA\r\n");
  const double nan = std::nan(""), infinity = INFINITY;
  const Logs numbers{{{"val_a", nan}, {"b", -infinity}, {"c", 0.0001}, {"d", 2.0 / 3}, {"e", 123456789.0}}};
  CHECK(logged(file, {.path = file.path}, {numbers}) ==
        "epoch,b,c,d,e,val_a\r\n0,-inf,0.0001,0.6666666666666666,123456789.0,nan\r\n");
  CHECK(logged(file, {.path = file.path}, {Logs{{{"val_x,y", 1}, {"a \"b\"", 2}}}}) ==
        "epoch,\"a \"\"b\"\"\",\"val_x,y\"\r\n0,2.0,1.0\r\n");
}

TEST_CASE("the CSV log has one heading", "[train]") {
  const LogFile file;
  const Logs one{{{"val_loss", 0.5}}};
  const std::string heading = "epoch,val_loss\r\n", row = "0,0.5\r\n";
  CHECK(logged(file, {.path = file.path, .append = true}, {one}) == heading + row);        // no file
  CHECK(logged(file, {.path = file.path, .append = true}, {one}) == heading + row + row);  // one with a heading
  CHECK(logged(file, {.path = file.path}, {}) == "");
  CHECK(logged(file, {.path = file.path, .append = true}, {one}) == heading + row);  // an empty one
  CHECK(logged(file, {.path = file.path}, {one}) == heading + row);
  const FakeTrainer trainer;
  CSVLogger twice{.path = file.path, .append = true};  // an object may be used again
  for (int run = 0; run < 2; ++run) twice.on_train_begin(trainer), twice.on_epoch_end(trainer, 0, one);
  CHECK(file.text() == heading + row + row + row);

  const Dataset train = circle(64, 1);
  Model<Net> model{Seed{1}};
  CHECK_THROWS_AS(fit(model, train, SGD{}, SparseCategoricalCrossentropy{}, {.verbose = 0},
                      CSVLogger{.path = "/no/such/folder/history.csv", .append = true}),
                  FileError);
  if (std::filesystem::exists("/dev/full")) {  // a disk without room
    CSVLogger full{"/dev/full"};
    full.on_train_begin(trainer);
    CHECK_THROWS_AS(full.on_epoch_end(trainer, 0, one), FileError);
  }
  fit(model, train, SGD{}, SparseCategoricalCrossentropy{}, {.verbose = 0},
      LearningRateScheduler{[](int, double) { return 0.25; }}, CSVLogger{file.path});
  CHECK(file.text().starts_with("epoch,accuracy,learning_rate,loss,val_accuracy,val_learning_rate,val_loss\r\n0,"));
  CHECK(file.text().find(",0.25,") != std::string::npos);
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

namespace {

struct Failing {
  std::string text;
  void on_train_begin(auto&, const Logs& coming) {
    for (const auto& [name, value] : coming) text += name + (std::isnan(value) ? " " : "! ");
  }
  void on_epoch_end(int, Logs& numbers) {
    numbers.set("mine", 1);
    throw std::runtime_error("enough");
  }
  void on_train_end() { text += "end"; }
};
struct Rising {
  static constexpr std::string_view name = "iou";
  static constexpr Monitor direction = Monitor::max;
  double operator()(std::span<const float>, std::span<const int>, Shape) const { return 0.5; }
};
struct Unknown {
  static constexpr std::string_view name = "iou";
  double operator()(std::span<const float>, std::span<const int>, Shape) const { return 0.5; }
};

}  // namespace

TEST_CASE("an exception ends a run without on_train_end, as in Keras", "[train]") {
  Failing failing;
  const Dataset train = circle(64, 1);
  Model<Net> model{Seed{1}};
  const FitOptions options{.validation = &train, .verbose = 0};
  CHECK_THROWS_AS(fit(model, train, SGD{}, SparseCategoricalCrossentropy{}, options, failing), std::runtime_error);
  CHECK(failing.text == "loss accuracy val_loss val_accuracy ");
}

TEST_CASE("a metric of one's own says which way it should go, or nothing is trained", "[train]") {
  const Dataset train = circle(64, 1);
  Model<Net> model{Seed{1}};
  const auto parameters = copy(model.parameters());
  const auto run = [&](auto metric, Monitor mode) {
    fit(model, train, SGD{}, SparseCategoricalCrossentropy{}, {.validation = &train, .verbose = 0}, metric,
        EarlyStopping{.monitor = "val_iou", .mode = mode});
  };
  CHECK_THROWS_AS(run(Unknown{}, Monitor::automatic), InvalidArgument);
  CHECK(copy(model.parameters()) == parameters);
  CHECK_NOTHROW(run(Unknown{}, Monitor::max));
  CHECK_NOTHROW(run(Rising{}, Monitor::automatic));
  CHECK_THROWS_WITH(fit(model, train, SGD{}, SparseCategoricalCrossentropy{}, {.verbose = 0}, Rising{}, Unknown{}),
                    ContainsSubstring("two called 'iou'"));
}

TEST_CASE("the scheduler sets the learning rate of each epoch", "[train]") {
  const Dataset train = circle(64, 1);
  Model<Net> model{Seed{1}};
  Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0.5f}};
  const auto history =
      fit(trainer, train, {.epochs = 3, .verbose = 0},
          LearningRateScheduler{[](int epoch, double rate) { return epoch == 0 ? rate : rate / 2; }});
  CHECK(trainer.learning_rate() == 0.125);
  CHECK(history["learning_rate"] == std::vector<double>{0.5, 0.25, 0.125});
  const auto parameters = copy(model.parameters());
  CHECK_THROWS_AS(
      fit(trainer, train, {.verbose = 0}, LearningRateScheduler{[](int, double) { return NAN; }}),
      InvalidArgument);
  CHECK(copy(model.parameters()) == parameters);
}
