// Callbacks that come with the library. What a callback is: strata/train/events.hpp.
//
//     EarlyStopping stopping{.patience = 3, .restore_best_weights = true};
//     fit(model, train, Adam{}, SparseCategoricalCrossentropy{}, {.epochs = 50, .validation = &test}, stopping,
//         CSVLogger{"history.csv"});
//     std::cout << stopping.stopped_epoch;
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/core/schema.hpp>
#include <strata/train/events.hpp>
#include <strata/train/history.hpp>
#include <strata/train/require.hpp>
#include <strata/train/schedules.hpp>

namespace strata {

/// Stops when a number has not improved for `patience` epochs (Keras `EarlyStopping`). A run that goes on (see
/// `Trainer::epochs`) remembers its best and how long ago that was, but has the best epoch's weights only where this
/// object saw it. Throws InvalidArgument where min_delta is not finite, where the logs have no number of that name, or
/// where neither `mode` nor they know whether it should rise. Unlike in Keras, a first epoch that is NaN is not the
/// best.
struct EarlyStopping {
  static constexpr Schema schema{.spelling = "EarlyStopping", .keras = "EarlyStopping", .aggregate = true};
  int patience = 0;                  ///< epochs without improvement to put up with
  double min_delta = 0;              ///< a smaller change is no improvement; its sign does not matter
  std::string monitor = "val_loss";  ///< a name in the logs
  Monitor mode = Monitor::automatic;
  bool restore_best_weights = false;  ///< at the end of training, stopped early or not

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("patience", c.patience...), f("min_delta", c.min_delta...), f("monitor", c.monitor...), f("mode", c.mode...),
        f("restore_best_weights", c.restore_best_weights...);
  }

  // what came of it
  int stopped_epoch = -1;  ///< -1: ran to the end
  int best_epoch = -1;
  double best = 0;
  int wait = 0;
  std::vector<float> best_weights{};  ///< of the best epoch, or none

  template <class Trainer>
  void on_train_begin(Trainer& trainer, const Logs& coming) {
    detail::require(detail::finite(min_delta), "EarlyStopping", "min_delta", "that is finite", min_delta);
    coming.expect(monitor);
    const int seen_epoch = std::exchange(best_epoch, -1);
    const double seen = std::exchange(best, std::numeric_limits<double>::quiet_NaN());
    stopped_epoch = -1, wait = 0;
    if (mode != Monitor::automatic || coming.find(monitor) != nullptr) {
      const Monitor direction = detail::direction("EarlyStopping", mode, monitor, coming);
      for (std::size_t epoch = 0; epoch < trainer.epochs().size(); ++epoch)
        if (const double* value = trainer.epochs()[epoch].find(monitor))
          look(*value, static_cast<int>(epoch), direction);
    }
    if (best_epoch < 0 || best_epoch != seen_epoch || best != seen) best_weights.clear();
  }

  template <class Trainer>
  void on_epoch_end(Trainer& trainer, int epoch, const Logs& logs) {
    const double value = logs[monitor];
    if (look(value, epoch, detail::direction("EarlyStopping", mode, monitor, logs))) {
      if (restore_best_weights)
        best_weights.assign(trainer.model().parameters().begin(), trainer.model().parameters().end());
    } else if (wait >= patience) {
      stopped_epoch = epoch;
      trainer.stop();
    }
  }

  template <class Trainer>
  void on_train_end(Trainer& trainer) {
    if (restore_best_weights && !best_weights.empty())
      std::copy(best_weights.begin(), best_weights.end(), trainer.model().parameters().begin());
  }

 private:
  /// Whether this is the best so far.
  bool look(double value, int epoch, Monitor direction) {
    ++wait;
    if (best_epoch >= 0 && !detail::improves(direction, value, best, min_delta)) return false;
    best = value, best_epoch = epoch, wait = 0;
    return true;
  }
};

/// Writes what Keras' `CSVLogger` does: `epoch`, then the numbers of the first epoch in the order of their names (and
/// where none is called val_, those of a validation, too), the shortest digits that read back exactly, `NA` where an
/// epoch lacks one, and lines that end in "\r\n". Each line is on disk when the next epoch begins. In a team one
/// member writes.
/// Throws FileError where the file cannot be written.
struct CSVLogger {
  static constexpr Schema schema{.spelling = "CSVLogger", .keras = "CSVLogger", .aggregate = true};
  std::string path;
  char separator = ',';
  bool append = false;  ///< go on with a file; its heading is written where there is none, or an empty one

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("path", c.path...), f("separator", c.separator...), f("append", c.append...);
  }

  // what it writes
  bool heading = true;
  std::vector<std::string> columns{};

  template <class Trainer>
  void on_train_begin(const Trainer& trainer) {
    columns.clear();
    if (trainer.leads()) heading = write("", append ? "ab" : "wb") == 0;
  }
  template <class Trainer>
  void on_epoch_end(const Trainer& trainer, int epoch, const Logs& logs) {
    if (!trainer.leads()) return;
    if (columns.empty()) choose_columns(logs);
    std::string names = field("epoch"), values = std::to_string(epoch);
    for (const std::string& column : columns) {
      const double* const value = logs.find(column);
      names += separator + field(column);
      values += separator + (value == nullptr ? "NA" : field(python_float(*value)));
    }
    write((std::exchange(heading, false) ? names + "\r\n" : "") + values + "\r\n", "ab");
  }

 private:
  void choose_columns(const Logs& logs) {
    for (const auto& entry : logs) columns.push_back(entry.name);
    std::sort(columns.begin(), columns.end());
    const auto validated = [](const std::string& name) { return name.starts_with("val_"); };
    if (std::any_of(columns.begin(), columns.end(), validated)) return;
    for (std::size_t i = 0, count = columns.size(); i < count; ++i) columns.push_back("val_" + columns[i]);
  }

  /// As Python writes a float: 0.0001, 1.0, 1e-05.
  static std::string python_float(double value) {
    if (std::isnan(value)) return "nan";
    const double size = std::abs(value);
    if (std::isinf(value) || (size != 0 && (size < 1e-4 || size >= 1e16)))
      return detail::number_text(value, std::chars_format::scientific);
    const std::string text = detail::number_text(value, std::chars_format::fixed);
    return text.find('.') == text.npos ? text + ".0" : text;
  }
  /// Quoted where it must be (RFC 4180).
  std::string field(const std::string& text) const {
    if (text.find_first_of(std::string("\"\r\n") + separator) == text.npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + '"';
  }

  /// Returns where the file ends; 0 where it cannot be asked.
  long write(const std::string& text, const char* mode) const {
    std::FILE* const file = std::fopen(path.c_str(), mode);
    bool good = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                std::fflush(file) == 0;  // fseek would forget what a full disk did not take
    const long end = good && std::fseek(file, 0, SEEK_END) == 0 ? std::ftell(file) : 0;
    if (file != nullptr) good = std::fclose(file) == 0 && good;
    if (!good)
      detail::raise<FileError>(
          "CSVLogger cannot write '" + path +
          "': expected a file that can be written, in an existing folder, and room for it");
    return end < 0 ? 0 : end;
  }
};

/// Sets the learning rate before each epoch to `schedule(epoch, rate)`, and adds it to the logs as `learning_rate`
/// (Keras `LearningRateScheduler`): History and the callbacks after this one have it.
/// Throws InvalidArgument where it is not finite.
struct LearningRateScheduler {
  std::function<double(int epoch, double rate)> schedule;

  template <class Trainer>
  void on_epoch_begin(Trainer& trainer, int epoch) {
    const LearningRate rate = schedule(epoch, trainer.learning_rate());
    rate.validate();
    trainer.optimizer().learning_rate = rate;
  }
  template <class Trainer>
  void on_epoch_end(Trainer& trainer, int, Logs& logs) {
    logs.set("learning_rate", trainer.learning_rate());
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
