// Callbacks that come with the library. What a callback is: strata/train/events.hpp.
//
//     EarlyStopping stopping{.patience = 3, .restore_best_weights = true};
//     fit(model, train, Adam{}, SparseCategoricalCrossentropy{}, {.epochs = 50, .validation = &test}, stopping,
//         CSVLogger{"history.csv"});
//     std::cout << stopping.stopped_epoch;
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/train/events.hpp>
#include <strata/train/history.hpp>

namespace strata {

/// Whether a monitored number should fall or rise; `automatic` is `max` for names with "acc", else `min`.
enum class Monitor { automatic, min, max };

/// Stops when a number has not improved for `patience` epochs (Keras `EarlyStopping`).
/// Throws InvalidArgument where the logs have no number of that name.
struct EarlyStopping {
  int patience = 0;                  ///< epochs without improvement to put up with
  double min_delta = 0;              ///< a smaller change is no improvement
  std::string monitor = "val_loss";  ///< a name in the logs
  Monitor mode = Monitor::automatic;
  bool restore_best_weights = false;  ///< at the end of training, stopped early or not

  // what came of it
  int stopped_epoch = -1;  ///< -1: ran to the end
  int best_epoch = -1;
  double best = 0;
  int wait = 0;
  std::vector<float> best_weights{};

  void on_train_begin() { stopped_epoch = best_epoch = -1, wait = 0; }

  template <class Trainer>
  void on_epoch_end(Trainer& trainer, int epoch, const Logs& logs) {
    const double value = logs[monitor];
    ++wait;
    if (best_epoch < 0 || improves(value)) {
      best = value, best_epoch = epoch, wait = 0;
      if (restore_best_weights)
        best_weights.assign(trainer.model().parameters().begin(), trainer.model().parameters().end());
    } else if (wait >= patience) {
      stopped_epoch = epoch;
      trainer.stop();
    }
  }

  template <class Trainer>
  void on_train_end(Trainer& trainer) {
    if (restore_best_weights && best_epoch >= 0)
      std::copy(best_weights.begin(), best_weights.end(), trainer.model().parameters().begin());
  }

 private:
  bool improves(double value) const {
    const bool rises = mode == Monitor::max || (mode == Monitor::automatic && monitor.find("acc") != monitor.npos);
    if (std::isnan(best)) return !std::isnan(value);
    return rises ? value - min_delta > best : value + min_delta < best;
  }
};

/// Writes `epoch,loss,…` and one line an epoch (Keras `CSVLogger`). Each line is on disk when the next epoch begins.
/// Throws FileError where the file cannot be written.
struct CSVLogger {
  std::string path;
  char separator = ',';
  bool append = false;  ///< go on with a file that has its heading

  bool heading = true;

  void on_train_begin() {
    heading = !append;
    if (!append) write("", "w");
  }
  void on_epoch_end(int epoch, const Logs& logs) {
    std::string names = "epoch", values = std::to_string(epoch);
    for (const auto& [name, value] : logs) {
      names += separator + name;
      values += separator + detail::shortest(value);
    }
    write((std::exchange(heading, false) ? names + "\n" : "") + values + "\n", "a");
  }

 private:
  void write(const std::string& text, const char* mode) const {
    std::FILE* file = std::fopen(path.c_str(), mode);
    bool good = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file != nullptr) good = std::fclose(file) == 0 && good;
    if (!good)
      detail::raise<FileError>(
          "CSVLogger cannot write '" + path + "': expected a file that can be written in an existing folder");
  }
};

/// Sets the learning rate before each epoch to `schedule(epoch, rate)` (Keras `LearningRateScheduler`).
struct LearningRateScheduler {
  std::function<double(int epoch, double rate)> schedule;

  template <class Trainer>
  void on_epoch_begin(Trainer& trainer, int epoch) {
    trainer.optimizer().learning_rate = schedule(epoch, trainer.learning_rate());
  }
};

/// Functions called at the usual moments (Keras `LambdaCallback`).
struct LambdaCallback {
  std::function<void(int epoch)> on_epoch_begin = [](int) {};
  std::function<void(int batch, const Logs&)> on_batch_end = [](int, const Logs&) {};
  std::function<void(int epoch, const Logs&)> on_epoch_end = [](int, const Logs&) {};
  std::function<void()> on_train_begin = [] {};
  std::function<void()> on_train_end = [] {};
};

}  // namespace strata
