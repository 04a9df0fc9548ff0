#include <strata/io/model_checkpoint.hpp>

#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <strata/train/history.hpp>

#include "io/support.hpp"

using namespace strata;
using io_test::bits, io_test::file_error, io_test::missing, io_test::Net;

namespace {

struct Nothing {};

/// As much of a trainer as a checkpoint wants.
struct FakeTrainer {
  Model<Net> network{Seed{1}};
  std::vector<float> memory = std::vector<float>(2 * Net::trainable_param_count, 0.5f);
  Nothing method{};
  std::size_t steps = 3;
  std::vector<Logs> past{};

  static bool leads() { return true; }
  Model<Net>& model() { return network; }
  const Model<Net>& model() const { return network; }
  const Nothing& optimizer() const { return method; }
  const Nothing& loss() const { return method; }
  std::span<float> slots() { return memory; }
  std::span<const float> slots() const { return memory; }
  std::size_t iterations() const { return steps; }
  void set_iterations(std::size_t count) { steps = count; }
  Seed seed() const { return Seed{4}; }
  std::vector<Logs>& epochs() { return past; }
  const std::vector<Logs>& epochs() const { return past; }
};

Logs logs(const std::string& monitor, double value) {
  return {{{"loss", 9}, {monitor, value}}, {{"val_loss", Monitor::min}, {"val_accuracy", Monitor::max}}};
}

/// The epochs after which a number was the best so far, where the first `known` were in another program.
std::vector<int> saved_epochs(ModelCheckpoint callback, const std::vector<double>& values, std::size_t known = 0) {
  const io_test::Directory directory;
  FakeTrainer trainer;
  callback.path = (directory / "best").string();
  callback.save_best_only = true;
  for (std::size_t epoch = 0; epoch < known; ++epoch) trainer.past.push_back(logs(callback.monitor, values[epoch]));
  callback.on_train_begin(trainer, logs(callback.monitor, std::numeric_limits<double>::quiet_NaN()));
  std::vector<int> epochs;
  for (std::size_t epoch = known; epoch < values.size(); ++epoch) {
    callback.on_epoch_end(trainer, static_cast<int>(epoch), logs(callback.monitor, values[epoch]));
    if (std::filesystem::remove(directory / "best")) epochs.push_back(callback.best_epoch);
  }
  return epochs;
}

}  // namespace

TEST_CASE("a checkpoint is written after every epoch", "[io]") {
  const io_test::Directory directory;
  FakeTrainer trainer;
  ModelCheckpoint callback{.path = (directory / "net-{epoch:02d}-{val_loss:.3f}").string()};
  callback.on_train_begin(trainer, Logs{});
  callback.on_epoch_end(trainer, 0, Logs{{{"val_loss", 0.25}}});
  callback.on_epoch_end(trainer, 11, Logs{{{"val_loss", 2.0 / 3}}});
  CHECK(callback.last_path == (directory / "net-12-0.667").string());
  FakeTrainer other;
  other.network = Model<Net>{Seed{7}};
  other.steps = 0;
  CHECK(load_checkpoint(other, directory / "net-01-0.250") == 1);
  CHECK(load_checkpoint(other, directory / "net-12-0.667") == 12);
  CHECK(other.steps == 3);
  CHECK(bits(other.network.parameters()) == bits(trainer.network.parameters()));
  CHECK(directory.entries() == 2);

  callback = {.path = (directory / "weights").string(), .save_weights_only = true};
  callback.on_epoch_end(trainer, 0, Logs{});
  load_weights(other.network, directory / "weights");
  CHECK(missing(file_error([&] { load_checkpoint(other, directory / "weights"); }), {"load_weights"}) == "");
}

TEST_CASE("the best epoch is kept", "[io]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(saved_epochs({.path = ""}, {3, 2, 2, 4, 1}) == std::vector{0, 1, 4});
  CHECK(saved_epochs({.path = "", .monitor = "val_accuracy"}, {0.3, 0.2, 0.3, 0.4}) == std::vector{0, 3});
  CHECK(saved_epochs({.path = "", .monitor = "iou", .mode = Monitor::max}, {0.3, 0.2, 0.3, 0.4}) == std::vector{0, 3});
  CHECK(saved_epochs({.path = "", .mode = Monitor::max}, {3, 2, 2, 4, 1}) == std::vector{0, 3});
  CHECK(saved_epochs({.path = ""}, {nan, 2, nan, 1}) == std::vector{1, 3});
  CHECK(saved_epochs({.path = "", .initial_value_threshold = 2}, {3, 2, 2, 4, 1}) == std::vector{4});
  // of a run that goes on
  CHECK(saved_epochs({.path = ""}, {3, 2, 2, 4, 1}, 2) == std::vector{4});
  CHECK(saved_epochs({.path = "", .monitor = "val_accuracy"}, {0.3, 0.2, 0.25, 0.4}, 1) == std::vector{3});
  CHECK(saved_epochs({.path = "", .initial_value_threshold = 2}, {1.5, 1.8, 1}, 1) == std::vector{2});
  FakeTrainer trainer;
  ModelCheckpoint callback{.path = "never", .save_best_only = true};
  CHECK_THROWS_AS(callback.on_epoch_end(trainer, 0, Logs{{{"loss", 1}}}), InvalidArgument);
  callback.monitor = "val_iou";  // up or down?
  CHECK_THROWS_AS(callback.on_train_begin(trainer, logs("val_iou", nan)), InvalidArgument);
  CHECK_THROWS_AS(callback.on_epoch_end(trainer, 0, logs("val_iou", 1)), InvalidArgument);
}

TEST_CASE("fields of a file name", "[io]") {
  const auto name = [](const char* path) { return ModelCheckpoint{.path = path}.file_name(4, Logs{{{"loss", 0.5}}}); };
  CHECK(name("plain") == "plain");
  CHECK(name("{epoch}") == "5");
  CHECK(name("a{epoch:03d}b{loss}c{loss:.2f}d") == "a005b0.5c0.50d");
  for (const char* bad : {"{epoch", "{epoch:}", "{epoch:2f}", "{epoch:0d}", "{epoch:02x}", "{epoch:0-2d}", "{loss:.f}",
                          "{loss:.99f}", "{loss:2f}", "{loss:.2e}", "{val_loss}", "{}"})
    CHECK_THROWS_AS(name(bad), InvalidArgument);
}

TEST_CASE("a missing directory is found before training", "[io]") {
  const io_test::Directory directory;
  ModelCheckpoint callback{.path = (directory / "none" / "net-{epoch}").string()};
  FakeTrainer trainer;
  const auto begin = [&] { callback.on_train_begin(trainer, Logs{}); };
  CHECK(missing(file_error(begin), {"none", "an existing directory", "create it"}) == "");
  callback.path = "net";
  begin();
}

TEST_CASE("a field that no epoch fills is found before training", "[io]") {
  FakeTrainer trainer;
  const auto begin = [&](ModelCheckpoint callback, bool complete) {
    callback.on_train_begin(trainer, Logs{.entries = {{"loss", 0}}, .complete = complete});
  };
  for (const bool complete : {false, true}) {
    begin({.path = "net-{epoch:02d}-{loss:.3f}"}, complete);
    for (const char* bad : {"net-{epoch", "net-{epoch:2f}", "net-{los:2f}"})
      CHECK_THROWS_AS(begin({.path = bad}, complete), InvalidArgument);
  }
  begin({.path = "net-{los}"}, false);  // a callback may yet add it
  CHECK_THROWS_AS(begin({.path = "net-{los}"}, true), InvalidArgument);
  CHECK_THROWS_AS(begin({.path = "net", .save_best_only = true, .mode = Monitor::min}, true), InvalidArgument);
}
