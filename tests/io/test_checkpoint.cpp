#include <strata/io/checkpoint.hpp>
#include <strata/io/model_checkpoint.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <strata/data/dataset.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/train/fit.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

#include "io/support.hpp"

using namespace strata;
using io_test::bits, io_test::file_error, io_test::missing;

namespace {

struct Net : Sequential<Input<6>, Dense<9>, BatchNorm, Dropout<0.5>, Dense<3>> {};
struct OtherNet : Sequential<Input<6>, Dense<8>, BatchNorm, Dropout<0.5>, Dense<3>> {};

template <class N = Net, class Optimizer = Adam>
struct Run {
  Model<N> model;
  Trainer<N, SparseCategoricalCrossentropy, Optimizer> trainer;

  explicit Run(Seed weights, Optimizer optimizer = {}, Seed seed = Seed{5})
      : model{weights}, trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, optimizer, seed} {}

  /// Steps on batches that depend only on the iteration; returns the losses.
  std::string steps(int count) {
    std::vector<float> losses;
    for (int i = 0; i < count; ++i) {
      const Random random = Random(Seed{1}).split(trainer.iterations());
      std::array<float, 7 * 6> inputs{};
      std::array<int, 7> labels{};
      for (std::size_t k = 0; k < inputs.size(); ++k) inputs[k] = static_cast<float>(random.normal(k));
      for (std::size_t k = 0; k < labels.size(); ++k) labels[k] = static_cast<int>(random.below(100 + k, 3));
      losses.push_back(trainer.step(inputs, labels));
    }
    return bits(losses);
  }
  std::string state() const {
    return bits(model.parameters()) + bits(trainer.slots()) + std::to_string(trainer.iterations());
  }
};

template <class Optimizer>
void check_resume(Optimizer optimizer) {
  const io_test::Directory directory;
  Run<Net, Optimizer> whole{Seed{2}, optimizer}, first{Seed{2}, optimizer}, second{Seed{3}, optimizer};
  whole.steps(4);
  first.steps(4);
  save_checkpoint(first.trainer, directory / "run", 2);
  second.steps(1);
  CHECK(second.state() != first.state());
  CHECK(load_checkpoint(second.trainer, directory / "run") == 2);
  CHECK(second.state() == first.state());
  CHECK(second.steps(5) == whole.steps(5));
  CHECK(second.state() == whole.state());
}

}  // namespace

TEST_CASE("a checkpoint says how its optimiser and its loss were set") {
  const test::Directory directory;
  const auto path = directory / "run.safetensors";
  save_checkpoint(Run<Net, SGD>{Seed{2}, SGD{.learning_rate = 0.5, .momentum = 0.75}}.trainer, path);
  CHECK(TensorFile(path).metadata().at("optimizer_config") == "SGD{.learning_rate = 0.5, .momentum = 0.75}");
  CHECK(TensorFile(path).metadata().at("loss_config") == 
        "SparseCategoricalCrossentropy{.from_logits = true}");
}

TEST_CASE("training goes on from a checkpoint to the same bits", "[io]") {
  check_resume(Adam{.learning_rate = 0.01});
  check_resume(SGD{.learning_rate = 0.05, .momentum = 0.9f});
  check_resume(RMSprop{.learning_rate = ExponentialDecay{0.01, 3, 0.5}});
}

TEST_CASE("fit goes on from a ModelCheckpoint to the same bits", "[io]") {
  const io_test::Directory directory;
  Samples samples{.shape = {6}};
  for (std::uint64_t i = 0; i < 50; ++i) {
    for (std::uint64_t k = 0; k < 6; ++k) samples.inputs.push_back(static_cast<float>(Random(Seed{i}).normal(k)));
    samples.labels.push_back(static_cast<int>(i % 3));
  }
  const Dataset data(samples);
  Run<> whole{Seed{2}}, first{Seed{2}}, second{Seed{3}};
  fit(whole.trainer, data, {.epochs = 4, .batch_size = 8, .verbose = 0});
  ModelCheckpoint callback{.path = (directory / "run-{epoch}-{loss:.2f}").string()};
  fit(first.trainer, data, {.epochs = 2, .batch_size = 8, .verbose = 0}, callback);
  CHECK(directory.entries() == 2);
  const int epochs = load_checkpoint(second.trainer, callback.last_path);
  CHECK(epochs == 2);
  fit(second.trainer, data, {.epochs = 4, .batch_size = 8, .initial_epoch = epochs, .verbose = 0});
  CHECK(second.state() == whole.state());
}

TEST_CASE("a checkpoint keeps the logs of its epochs, so that the best file of a run stays the best", "[io]") {
  const io_test::Directory directory;
  Samples samples{.shape = {6}};
  for (std::uint64_t i = 0; i < 9; ++i) {
    for (std::uint64_t k = 0; k < 6; ++k) samples.inputs.push_back(static_cast<float>(Random(Seed{i}).normal(k)));
    samples.labels.push_back(static_cast<int>(i % 3));
  }
  const Dataset data(samples);
  Run<> first{Seed{2}}, second{Seed{3}};
  const ModelCheckpoint best{.path = (directory / "best").string(), .monitor = "loss", .save_best_only = true};
  ModelCheckpoint before = best, after = best;
  const History history = fit(first.trainer, data, {.epochs = 2, .validation = &data, .verbose = 0}, before);
  REQUIRE(before.best_epoch >= 0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  first.trainer.epochs()[0].set("val_loss", nan);
  save_checkpoint(first.trainer, directory / "run", 2);

  const int epochs = load_checkpoint(second.trainer, directory / "run");
  REQUIRE(second.trainer.epochs().size() == 2);
  CHECK(second.trainer.epochs()[1]["loss"] == history.loss[1]);
  CHECK(second.trainer.epochs()[1]["val_accuracy"] == history.val_metric[1]);
  CHECK(std::isnan(second.trainer.epochs()[0]["val_loss"]));
  // had the best one been better than any to come
  second.trainer.epochs()[static_cast<std::size_t>(before.best_epoch)].set("loss", 1e-6);
  fit(second.trainer, data, {.epochs = 4, .initial_epoch = epochs, .verbose = 0}, after);
  CHECK(after.best_epoch == before.best_epoch);
  CHECK(after.last_path.empty());
  CHECK(load_checkpoint(second.trainer, directory / "best") == before.best_epoch + 1);
  // a run that starts anew knows nothing of it
  fit(second.trainer, data, {.verbose = 0}, after = best);
  CHECK(after.best_epoch == 0);
}

TEST_CASE("the weights of a checkpoint are a weight file", "[io]") {
  const io_test::Directory directory;
  Run<> run{Seed{2}};
  run.steps(2);
  save_checkpoint(run.trainer, directory / "run");
  Model<Net> model{Seed{9}};
  load_weights(model, directory / "run");
  CHECK(bits(model.parameters()) == bits(run.model.parameters()));
}

TEST_CASE("a checkpoint of another training run is refused and nothing is loaded", "[io]") {
  const io_test::Directory directory;
  const auto path = directory / "run";
  Run<> run{Seed{2}};
  run.steps(2);
  const std::string before = run.state();
  const auto complaint = [&] {
    const std::string text = file_error([&] { load_checkpoint(run.trainer, path); });
    CHECK(missing(text, {path.string(), "expected ", "received "}) == "");
    CHECK(run.state() == before);
    return text;
  };

  save_checkpoint(Run<OtherNet>{Seed{2}}.trainer, path);
  CHECK(missing(complaint(), {"dense/kernel expected F32 (6, 9), received F32 (6, 8)"}) == "");
  save_checkpoint(Run<Net, RMSprop>{Seed{2}}.trainer, path);
  CHECK(missing(complaint(), {"optimizer Adam, as the trainer has, received RMSprop", "load_weights"}) == "");
  save_checkpoint(Run<>{Seed{2}, Adam{}, Seed{6}}.trainer, path);
  CHECK(missing(complaint(), {"seed 5, as the trainer has, received 6", "Seed{6}"}) == "");
  save_weights(run.model, path);
  CHECK(missing(complaint(), {"a checkpoint with the metadata 'iterations'", "load_weights"}) == "");

  const std::vector<float> slots = detail::all_slots(run.trainer);
  const auto entries = detail::checkpoint_entries(run.trainer, slots);
  Metadata metadata{{"optimizer", "Adam"}, {"iterations", "2"}, {"seed", "5"}, {"epoch", "0"}};
  write_tensors(path, std::span(entries).first(entries.size() - 1), metadata);
  CHECK(missing(complaint(), {"missing optimizer.slots (2, 111)"}) == "");
  for (const char* bad : {"", "-1", "2.5", " 2", "2 ", "0x2", "99999999999999999999"}) {
    metadata["iterations"] = bad;
    write_tensors(path, entries, metadata);
    CHECK(missing(complaint(), {"a whole number", "metadata 'iterations'"}) == "");
  }
  metadata["iterations"] = "2";
  for (const char* bad : {"", "{}", "[1]", "[{\"loss\": \"1\"}]", "[{}"}) {
    metadata["logs"] = bad;
    write_tensors(path, entries, metadata);
    CHECK(missing(complaint(), {"metadata 'logs'"}) == "");
  }
  metadata.erase("logs");  // files of before have none
  metadata["epoch"] = "2147483648";
  write_tensors(path, entries, metadata);
  CHECK(missing(complaint(), {"from 0 to 2147483647", "metadata 'epoch'", "\"2147483648\""}) == "");
  metadata["epoch"] = "4";
  write_tensors(path, entries, metadata);
  CHECK(load_checkpoint(run.trainer, path) == 4);
}
