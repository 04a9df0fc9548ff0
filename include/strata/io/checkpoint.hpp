/// @file
/// A training run in a file, to go on later to the same bits: weights, what the optimiser remembers, iterations, seed,
/// and the logs of its epochs.
///
///     Trainer trainer{model, SparseCategoricalCrossentropy{}, Adam{}, Seed{42}};
///     save_checkpoint(trainer, "run.safetensors", 5);             // after five epochs
///     const int epochs = load_checkpoint(trainer, "run.safetensors");
///     fit(trainer, train, {.epochs = 20, .initial_epoch = epochs});
///
/// The container is that of weight files, with a tensor `optimizer.slots` (slots, trainable parameters) more and the
/// rest as metadata: load_weights and other programs read the weights from it. Slots of what is frozen are zeros, so
/// the file is also one of the network without `Frozen`.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/text.hpp>
#include <strata/io/json.hpp>
#include <strata/io/safetensors.hpp>
#include <strata/train/history.hpp>
#include <strata/train/team.hpp>

namespace strata {

namespace detail {

template <class Trainer>
std::string optimizer_name(const Trainer& trainer) {
  return std::string(type_name<std::remove_cvref_t<decltype(trainer.optimizer())>>());
}

/// A file has the optimiser's slots of all weights, (slots, weights). copy(place in the file, place in the trainer, size)
/// for each run of trained ones; returns the size of all.
template <class Trainer, class Copy>
std::size_t for_each_slot_run(const Trainer& trainer, Copy&& copy) {
  constexpr const auto& network = std::remove_cvref_t<decltype(trainer.model())>::network_type::network();
  std::size_t place = 0;
  for (std::size_t own = 0; own < trainer.slots().size(); own += network.trainable_count, place += network.weight_count)
    network.for_each_trained_run([&](std::size_t offset, std::size_t gradient, std::size_t size) {
      copy(place + offset, own + gradient, size);
    });
  return place;
}

/// The slots as a file has them.
template <class Trainer>
std::vector<float> all_slots(const Trainer& trainer) {
  std::vector<float> slots(for_each_slot_run(trainer, [](auto...) {}));
  for_each_slot_run(trainer, [&](std::size_t place, std::size_t own, std::size_t size) {
    std::copy_n(trainer.slots().data() + own, size, slots.data() + place);
  });
  return slots;
}

/// Weights, then the slots.
template <class Trainer>
std::vector<TensorEntry> checkpoint_entries(const Trainer& trainer, std::span<const float> slots) {
  std::vector<TensorEntry> entries = weight_entries(trainer.model());
  const std::size_t size = std::remove_cvref_t<decltype(trainer.model())>::network_type::network().weight_count;
  entries.push_back({std::string(optimizer_prefix) + "slots",
                     "F32",
                     {size == 0 ? 0 : slots.size() / size, size},
                     std::as_bytes(slots),
                     0});
  return entries;
}

inline const std::string& metadata_entry(const TensorFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end())
    throw_file_error(file.path(), 8, "a checkpoint with the metadata '" + key + "'", "a file without it",
                     "read files of save_weights with load_weights");
  return found->second;
}

/// A whole number of the metadata, from 0 to the largest `T`.
template <std::integral T>
T metadata_number(const TensorFile& file, const std::string& key) {
  const std::string& text = metadata_entry(file, key);
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < T{})
    throw_file_error(file.path(), 8,
                     join("a whole number from 0 to ", (std::numeric_limits<T>::max)(), " as metadata '", key, "'"),
                     printable(text), "the file is damaged");
  return number;
}

/// [{"loss": 0.5, "val_loss": null}, …]: an object an epoch; null is a number that is not finite.
inline std::string logs_text(const std::vector<Logs>& epochs) {
  nlohmann::ordered_json text = nlohmann::ordered_json::array();
  for (const Logs& logs : epochs) {
    text.push_back(nlohmann::ordered_json::object());
    for (const Logs::Entry& entry : logs) text.back()[entry.name] = entry.value;
  }
  return text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// None where the file has none.
inline std::vector<Logs> metadata_logs(const TensorFile& file) {
  std::vector<Logs> epochs;
  const auto found = file.metadata().find("logs");
  if (found == file.metadata().end()) return epochs;
  const auto fail = [&] {
    throw_file_error(file.path(), 8, "numbers by their names for each epoch as metadata 'logs'", found->second,
                     "the file is damaged");
  };
  const auto text = nlohmann::ordered_json::parse(found->second, nullptr, false);
  if (!text.is_array()) fail();
  for (const auto& epoch : text) {
    if (!epoch.is_object()) fail();
    Logs& logs = epochs.emplace_back();
    for (const auto& [name, value] : epoch.items()) {
      if (!value.is_number() && !value.is_null()) fail();
      logs.set(name, value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.template get<double>());
    }
  }
  return epochs;
}

/// What the trainer must have been made with: its value is compared, not loaded.
inline void require_metadata(const TensorFile& file, const std::string& key, const std::string& expected,
                             const std::string& remedy) {
  if (const std::string& received = metadata_entry(file, key); received != expected)
    throw_file_error(file.path(), 8, key + " " + expected + ", as the trainer has", received, remedy);
}

}  // namespace detail

/// Replaces the file at once: after a failure the old one is unchanged. `epoch` is how many are complete, for
/// load_checkpoint to return. Of a team the member that leads writes. Throws FileError.
template <class Trainer>
void save_checkpoint(const Trainer& trainer, const std::filesystem::path& path, int epoch = 0) {
  if (!trainer.leads()) return;
  const std::vector<float> slots = detail::all_slots(trainer);
  write_tensors(path, detail::checkpoint_entries(trainer, slots),
                {{"format", "strata"},
                 {"optimizer", detail::optimizer_name(trainer)},
                 {"optimizer_config", detail::config_text(trainer.optimizer())},  // for people to read
                 {"loss_config", detail::config_text(trainer.loss())},
                 {"iterations", std::to_string(trainer.iterations())},
                 {"seed", std::to_string(trainer.seed().value)},
                 {"epoch", std::to_string(epoch)},
                 {"logs", detail::logs_text(trainer.epochs())}});
}

/// Sets parameters, slots, iterations and logs; returns the number of complete epochs. The trainer must have the network,
/// the type of optimiser and the seed of the one that was saved; hyper-parameters, the learning rate among them, stay
/// those of the trainer. Throws FileError, and then has changed nothing.
template <class Trainer>
int load_checkpoint(Trainer& trainer, const std::filesystem::path& path) {
  TensorFile file(path);
  const std::size_t iterations = detail::metadata_number<std::size_t>(file, "iterations");
  const std::uint64_t seed = detail::metadata_number<std::uint64_t>(file, "seed");
  const int epoch = detail::metadata_number<int>(file, "epoch");
  detail::require_metadata(file, "optimizer", detail::optimizer_name(trainer),
                           "make the trainer with this optimiser, or take only the weights with load_weights");
  detail::require_metadata(
      file, "seed", std::to_string(trainer.seed().value),
      detail::join("make the trainer with Seed{", seed, "}, or take only the weights with load_weights"));
  std::vector<Logs> logs = detail::metadata_logs(file);
  std::vector<float> slots = detail::all_slots(trainer);
  const auto tensors = detail::matching_tensors(file, detail::checkpoint_entries(trainer, slots));
  file.read_data();

  detail::assign_weights(trainer.model(), tensors);
  std::ranges::copy(tensors.back()->data, std::as_writable_bytes(std::span(slots)).begin());
  detail::for_each_slot_run(trainer, [&](std::size_t place, std::size_t own, std::size_t size) {
    std::copy_n(slots.data() + place, size, trainer.slots().data() + own);
  });
  trainer.set_iterations(iterations);
  trainer.epochs() = std::move(logs);
  return epoch;
}

}  // namespace strata
