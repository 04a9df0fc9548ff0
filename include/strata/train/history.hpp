// What a training run tells: the numbers of each epoch, by name and in columns.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/train/monitor.hpp>

namespace strata {

/// Named numbers of an epoch, in the order in which they are printed: `loss`, the metrics, `val_loss`, `val_…`.
struct Logs {
  struct Entry {
    std::string name;
    double value = 0;
  };
  std::vector<Entry> entries{};
  std::vector<std::pair<std::string, Monitor>> directions{};  ///< of those of which it is known: see `direction`
  bool complete = false;  ///< of names to come: no callback adds others

  auto begin() const { return entries.begin(); }
  auto end() const { return entries.end(); }

  /// Null where there is no such number.
  const double* find(std::string_view name) const {
    for (const Entry& entry : entries)
      if (entry.name == name) return &entry.value;
    return nullptr;
  }

  /// Throws InvalidArgument that lists what there is.
  double operator[](std::string_view name) const {
    if (const double* value = find(name)) return *value;
    std::string known;
    for (const Entry& entry : entries) known += (known.empty() ? "" : ", ") + entry.name;
    detail::raise<InvalidArgument>(
        "no number called '" + std::string(name) + "' in the logs: expected one of " + known +
        "; val_ numbers need FitOptions::validation");
  }

  /// Of names to come: throws the same where there will be no such number.
  void expect(std::string_view name) const {
    if (complete) (void)(*this)[name];
  }

  /// Whether it should fall or rise; automatic where that is not known.
  Monitor direction(std::string_view name) const {
    for (const auto& [known, direction] : directions)
      if (known == name) return direction;
    return Monitor::automatic;
  }

  void set(std::string_view name, double value) {
    for (Entry& entry : entries)
      if (entry.name == name) return void(entry.value = value);
    entries.push_back({std::string(name), value});
  }
};

/// What `fit` returns (Keras `History`): one element an epoch in each vector.
///
///     history.loss.back();  history.val_metric;  history["val_accuracy"];
struct History {
  std::vector<int> epoch{};  ///< counted from 0
  std::vector<double> loss{};
  std::vector<double> metric{};    ///< the first metric
  std::vector<double> val_loss{};  ///< empty without validation data
  std::vector<double> val_metric{};
  std::vector<double> seconds{};  ///< wall time, validation included
  std::vector<Logs> logs{};

  /// A column by its name in the logs. Throws InvalidArgument where an epoch has none.
  std::vector<double> operator[](std::string_view name) const {
    std::vector<double> column;
    for (const Logs& one : logs) column.push_back(one[name]);
    return column;
  }
};

}  // namespace strata
