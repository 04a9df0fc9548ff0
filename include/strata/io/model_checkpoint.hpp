// A callback that saves while training. What a callback is: strata/train/events.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/core/schema.hpp>
#include <strata/io/checkpoint.hpp>
#include <strata/train/history.hpp>

namespace strata {

/// Saves after every epoch, or whenever a number is the best so far (Keras `ModelCheckpoint`).
///
///     fit(model, train, Adam{}, SparseCategoricalCrossentropy{}, {.epochs = 50, .validation = &test},
///         ModelCheckpoint{.path = "net-{epoch:02d}-{val_loss:.3f}.safetensors", .save_best_only = true});
///
/// A run that goes on from a checkpoint (`load_checkpoint`, then `fit` with `initial_epoch`) remembers its best, so that
/// no worse epoch takes its place; one that goes on from weights alone is told of it by `initial_value_threshold`.
///
/// In a team one member writes.
///
/// Throws FileError where a file cannot be written, InvalidArgument where the logs lack a number, where neither `mode`
/// nor they know whether it should rise, or where a field of `path` is not like `{epoch}`, `{epoch:02d}`, `{val_loss}`
/// or `{val_loss:.3f}`: all before the first epoch, a missing directory too, but for numbers that a callback may add.
struct ModelCheckpoint {
  static constexpr Schema schema{.spelling = "ModelCheckpoint", .keras = "ModelCheckpoint", .aggregate = true};
  std::string path;                  ///< epochs count from 1 in it, as in Keras
  std::string monitor = "val_loss";  ///< for save_best_only
  bool save_best_only = false;
  bool save_weights_only = false;  ///< save_weights, else save_checkpoint
  Monitor mode = Monitor::automatic;
  std::optional<double> initial_value_threshold{};  ///< the best so far: an epoch must be better to be saved

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("path", c.path...), f("monitor", c.monitor...), f("save_best_only", c.save_best_only...),
        f("save_weights_only", c.save_weights_only...), f("mode", c.mode...),
        f("initial_value_threshold", c.initial_value_threshold...);
  }

  // what came of it; the best of one `fit` is also that of the next
  int best_epoch = -1;  ///< counted from 0
  double best = std::numeric_limits<double>::quiet_NaN();
  std::string last_path{};  ///< of the file saved last

  template <class Trainer>
  void on_train_begin(Trainer& trainer, const Logs& coming) {
    const std::filesystem::path directory = std::filesystem::path(path).parent_path();
    if (trainer.leads() && !directory.empty() && directory.string().find('{') == std::string::npos &&
        !std::filesystem::is_directory(directory))
      detail::raise<FileError>(
          path + ": expected an existing directory " + directory.string() + ", received none; create it");
    fill(path, 0, [&](const std::string& name) {
      coming.expect(name);
      return 0.0;
    });
    if (!save_best_only) return;
    coming.expect(monitor);
    if (std::isnan(best)) best = initial_value_threshold.value_or(best);
    if (mode == Monitor::automatic && coming.find(monitor) == nullptr) return;  // a callback may yet add it
    const Monitor direction = detail::direction("ModelCheckpoint", mode, monitor, coming);
    for (std::size_t epoch = 0; epoch < trainer.epochs().size(); ++epoch)
      if (const double* value = trainer.epochs()[epoch].find(monitor))
        look(*value, static_cast<int>(epoch), direction);
  }

  template <class Trainer>
  void on_epoch_end(Trainer& trainer, int epoch, const Logs& logs) {
    if (save_best_only) {
      const double value = logs[monitor];
      if (!look(value, epoch, detail::direction("ModelCheckpoint", mode, monitor, logs))) return;
    }
    last_path = file_name(epoch, logs);
    if (!trainer.leads()) return;
    if (save_weights_only)
      save_weights(trainer.model(), last_path);
    else
      save_checkpoint(trainer, last_path, epoch + 1);
  }

  /// `path` with its fields filled in.
  std::string file_name(int epoch, const Logs& logs) const {
    return fill(path, epoch, [&](const std::string& name) { return logs[name]; });
  }

 private:
  template <class ValueOf>
  static std::string fill(const std::string& path, int epoch, ValueOf value_of) {
    std::string name;
    for (std::size_t at = 0; at < path.size();) {
      const std::size_t open = path.find('{', at), close = path.find('}', open);
      name += path.substr(at, open - at);
      if (open == path.npos) break;
      if (close == path.npos)
        detail::raise<InvalidArgument>("ModelCheckpoint: expected a '}' after each '{', received " + path);
      const std::string field = path.substr(open + 1, close - open - 1), key = field.substr(0, field.find(':'));
      const std::string_view format = std::string_view(field).substr(key.size());
      name += key == "epoch" ? text(field, format, ":0", 'd', epoch + 1) : text(field, format, ":.", 'f', value_of(key));
      at = close + 1;
    }
    return name;
  }

  /// Whether this is the best so far.
  bool look(double value, int epoch, Monitor direction) {
    if (!detail::improves(direction, value, best)) return false;
    best = value, best_epoch = epoch;
    return true;
  }

  /// The number by a format of `start`, digits, `end`, or by none.
  template <class Number>
  static std::string text(const std::string& field, std::string_view format, std::string_view start, char end,
                          Number number) {
    int digits = -1;
    if (!format.empty()) {
      const char* last = format.data() + format.size() - 1;
      const bool framed = format.size() > 3 && format.starts_with(start) && *last == end;
      if (!framed || std::from_chars(format.data() + start.size(), last, digits).ptr != last || digits < 0 ||
          digits > 30)
        detail::raise<InvalidArgument>(
            "ModelCheckpoint: expected a field like {epoch:02d} or {val_loss:.3f}, received {" + field + "}");
    }
    if constexpr (std::is_integral_v<Number>) {
      const std::string plain = std::to_string(number);
      const std::size_t width = digits < 0 ? 0 : static_cast<std::size_t>(digits);
      return std::string(width - (std::min)(width, plain.size()), '0') + plain;
    } else {
      return digits < 0 ? detail::general(number) : detail::fixed(number, digits);
    }
  }
};

}  // namespace strata
