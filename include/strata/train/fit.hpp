// Training over a data set, epoch after epoch.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <strata/data/batches.hpp>
#include <strata/data/dataset.hpp>
#include <strata/train/evaluate.hpp>
#include <strata/train/events.hpp>
#include <strata/train/history.hpp>
#include <strata/train/progress.hpp>
#include <strata/train/trainer.hpp>

namespace strata {

namespace detail {
struct KerasName {
  constexpr KerasName() = default;
  template <class T>
  constexpr KerasName(const T&) {
    static_assert(std::is_void_v<T>, "write .validation = &test: a pointer to a Dataset");
  }
};
}  // namespace detail

/// The options of `fit`, with Keras' names and defaults.
struct FitOptions {
  int epochs = 1;                       ///< the number of the last epoch, counted from 1
  int batch_size = 32;                  ///< samples, of each member in a team; the last batch holds what is left
  const Dataset* validation = nullptr;  ///< evaluated after each epoch
  detail::KerasName validation_data{};  ///< takes nothing: it says what to write instead
  bool shuffle = true;                  ///< a new order each epoch, which follows from seed and epoch
  Augmentation augmentation{};          ///< of the training samples
  Seed seed{};                          ///< for a new trainer; one that exists has its own
  int initial_epoch = 0;                ///< where to go on: the number of epochs already trained
  int verbose = 1;                      ///< 0 silent, 1 a progress bar (lines where there is no terminal), 2 lines
  std::ostream* output = nullptr;       ///< gets lines instead of standard output
};

namespace detail {

/// Makes a callback of a function.
template <class Function>
struct OnForward {
  Function function;
  template <class Outputs, class Targets>
  void on_forward(const Outputs& outputs, const Targets& targets) {
    function(outputs, targets);
  }
};
template <class Function>
OnForward(Function) -> OnForward<Function>;

/// Whether an argument of `fit` after its options is a metric, or a callback that can be called.
template <class Extra, class Trainer>
constexpr bool examine_extra() {
  constexpr bool any = TrainBegin::named<Extra> || EpochBegin::named<Extra> || AfterForward::named<Extra> ||
                       AfterBackward::named<Extra> || BatchEnd::named<Extra> || EpochEnd::named<Extra> ||
                       TrainEnd::named<Extra>;
  static_assert(is_metric<Extra> || any,
                "an argument of fit after its options is neither a metric (strata/train/metrics.hpp) nor a callback "
                "(strata/train/events.hpp)");
  constexpr bool heard[] = {
      examine_event<TrainBegin, Extra,
                    hears<TrainBegin, Extra, Trainer> || hears<TrainBegin, Extra, Trainer, const Logs>>(),
      examine_event<EpochBegin, Extra, hears<EpochBegin, Extra, Trainer, const int>>(),
      examine_observer<Extra, Trainer, float>(),
      examine_event<BatchEnd, Extra, hears<BatchEnd, Extra, Trainer, const int, const Logs>>(),
      examine_event<EpochEnd, Extra, hears<EpochEnd, Extra, Trainer, const int, Logs>>(),
      examine_event<TrainEnd, Extra, hears<TrainEnd, Extra, Trainer>>()};
  for (const bool fine : heard)
    if (!fine) return false;
  return is_metric<Extra> || any;
}

/// on_train_begin hears of the names to come if it wants to.
template <class Callback, class Trainer>
void notify_begin(Callback& callback, Trainer& trainer, const Logs& coming) {
  if constexpr (requires { callback.on_train_begin(trainer, coming); })
    callback.on_train_begin(trainer, coming);
  else if constexpr (requires { callback.on_train_begin(coming); } && !requires { callback.on_train_begin(trainer); })
    callback.on_train_begin(coming);
  else
    notify<TrainBegin>(callback, trainer);
}

/// The numbers that each epoch will tell, not known yet: loss, metrics, and those of a validation. Who takes a `Logs&`
/// after an epoch may add others.
template <class Trainer, class... Extras>
Logs names_of(bool validated, const Extras&... extras) {
  [[maybe_unused]] constexpr auto adds = []<class E>(std::type_identity<E>) {
    return hears<EpochEnd, E, Trainer, const int, Logs> && !hears<EpochEnd, E, Trainer, const int, const Logs>;
  };
  Logs names{.complete = !(adds(std::type_identity<Extras>{}) || ...)};
  const auto announce = [&](std::string_view name, Monitor direction) {
    if (names.find(name) != nullptr)
      raise<InvalidArgument>("fit: expected metrics of different names, received two called '" + std::string(name) +
                             "'; a metric's name is its member `name`");
    names.set(name, std::numeric_limits<double>::quiet_NaN());
    names.directions.emplace_back(name, direction);
  };
  announce("loss", Monitor::min);
  [[maybe_unused]] const auto one = [&]<class E>(const E& extra) {
    if constexpr (is_metric<E> && requires { extra.direction; }) announce(extra.name, extra.direction);
    else if constexpr (is_metric<E>) announce(extra.name, Monitor::automatic);
  };
  (one(extras), ...);
  if (!validated) return names;
  for (const auto& [name, direction] : Logs(names).directions) announce("val_" + name, direction);
  return names;
}

/// Whether one member of a team says so.
template <class Parallel>
bool any(const Parallel& parallel, bool own) {
  double sum = own;
  all_reduce(parallel, std::span(&sum, 1));
  return sum != 0;
}

inline void record(History& history, int epoch, double seconds, const Logs& logs, std::string_view metric) {
  history.epoch.push_back(epoch);
  history.seconds.push_back(seconds);
  history.loss.push_back(logs["loss"]);
  history.logs.push_back(logs);
  const auto add = [&](std::vector<double>& column, std::string_view name) {
    if (const double* value = logs.find(name)) column.push_back(*value);
  };
  add(history.metric, metric);
  add(history.val_loss, "val_loss");
  add(history.val_metric, "val_" + std::string(metric));
}

/// `extras` are metrics and callbacks, in any order.
template <class Trainer, class... Extras>
History run_epochs(Trainer& trainer, const Dataset& train, const FitOptions& options, Extras&... extras) {
  using Net = typename Trainer::network_type;
  using Loss = typename Trainer::loss_type;
  constexpr std::size_t metric_count = (std::size_t{0} + ... + std::size_t{is_metric<Extras>});
  examine_data_set_network<Net>();
  examine_floats<typename Trainer::vector_type>();
  check_dataset<Net, Loss>(train, "fit, training data");
  if (options.validation != nullptr) check_dataset<Net, Loss>(*options.validation, "fit, validation data");
  if (options.initial_epoch < 0)
    raise<InvalidArgument>("fit: expected .initial_epoch, the epochs already trained, of 0 or more, received " +
                           std::to_string(options.initial_epoch));
  const Logs names = names_of<Trainer>(options.validation != nullptr, extras...);
  const std::string metric = metric_count == 0 ? "" : names.entries[1].name;
  const bool on_logits = takes_logits(trainer.loss());

  const auto& parallel = trainer.parallel();
  constexpr bool team = Team<std::remove_cvref_t<decltype(parallel)>>;
  if constexpr (team) require_alike(parallel, run_facts(trainer, train, options, extras...));

  Batches batches(
      train,
      share_of({.batch_size = options.batch_size, .shuffle = options.shuffle, .augmentation = options.augmentation},
               parallel));
  Batches validation(options.validation != nullptr ? *options.validation : train,
                     share_of({.batch_size = options.batch_size}, parallel));
  Progress progress = Progress::of(trainer.leads() ? options.verbose : 0, options.output);
  History history;
  trainer.stop(false);
  if (options.initial_epoch < options.epochs) trainer.epochs().resize(static_cast<std::size_t>(options.initial_epoch));
  (notify_begin(extras, trainer, names), ...);
  for (int epoch = options.initial_epoch; epoch < options.epochs && !any(parallel, trainer.stopped()); ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    progress.start_epoch(epoch, options.epochs, batches.count());
    (notify<EpochBegin>(extras, trainer, std::as_const(epoch)), ...);
    if constexpr (team) require_alike(parallel, state_facts(trainer));
    batches.start_epoch(Random(trainer.seed()).split(1).split(static_cast<std::uint64_t>(epoch)));
    Logs logs = names;
    logs.entries.resize(metric_count + 1);
    std::array<Mean, metric_count + 1> means{};
    int index = 0;
    for (Batch batch; batches.next(batch); ++index) {
      std::array<double, metric_count> values{};
      OnForward meter{[&](auto outputs, auto targets) {
        if (!outputs.empty()) values = measure<metric_count>(on_logits, outputs, targets, Net::output_shape, extras...);
      }};
      const double loss = with_targets<Loss>(BatchTargets{batch}, [&](auto targets) {
        if constexpr (metric_count == 0)
          return static_cast<double>(trainer.step(batch.inputs, targets, extras...));
        else
          return static_cast<double>(trainer.step(batch.inputs, targets, meter, extras...));
      });
      if constexpr (team && metric_count > 0) {
        std::array<Mean, metric_count> own{};
        for (std::size_t i = 0; i < metric_count; ++i) own[i].add(values[i], batch.size);
        values = means_of(parallel, own);
      }
      means[0].add(loss, batch.total);
      std::size_t next = 0;
      for (const double value : values) means[++next].add(value, batch.total);
      for (std::size_t i = 0; i <= metric_count; ++i) logs.entries[i].value = means[i].value();
      progress.update(static_cast<std::size_t>(index) + 1, batch.total, logs);
      (notify<BatchEnd>(extras, trainer, std::as_const(index), std::as_const(logs)), ...);
    }
    if (options.validation != nullptr) {
      const auto results =
          evaluate_batches<metric_count>(trainer.executor(), trainer.model(), validation, trainer.loss(), extras...);
      logs = names;
      for (std::size_t i = 0; i <= metric_count; ++i) {
        logs.entries[i].value = means[i].value();
        logs.entries[metric_count + 1 + i].value = results[i];
      }
    }
    progress.finish_epoch(logs);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Logs& told = trainer.epochs().emplace_back(std::move(logs));
    (notify<EpochEnd>(extras, trainer, std::as_const(epoch), told), ...);
    record(history, epoch, seconds, told, metric);
  }
  (notify<TrainEnd>(extras, trainer), ...);
  return history;
}

}  // namespace detail

/// Trains on with an existing trainer (Keras `Model.fit`). With `initial_epoch` set to the epochs already done, an
/// interrupted run ends with the same bits as one that never stopped. After the options: metrics, in place of the loss'
/// own, and callbacks (strata/train/callbacks.hpp). Throws InvalidArgument where a data set does not fit the network or
/// the loss, NonFiniteLoss where a loss or a gradient is not finite: the model is then as it was before that step.
///
/// In a team (core/parallel.hpp) each member reads its share of every batch, losses and metrics are means over all
/// samples, callbacks are called in all members with the same numbers, one alone writes files and shows progress, and a
/// member that asks to stop stops all. Members with other data, options or parameters than the first refuse.
template <class Net, class Loss, class Optimizer, class V, class Parallel, Algorithms Choice, class... Extras>
History fit(Trainer<Net, Loss, Optimizer, V, Parallel, Choice>& trainer, const Dataset& train,
            const FitOptions& options = {}, Extras&&... extras) {
  using Run = Trainer<Net, Loss, Optimizer, V, Parallel, Choice>;
  constexpr bool fine = detail::IsLoss<Loss> && detail::IsOptimizer<Optimizer> &&
                        !std::is_same_v<Net, detail::NoModel> &&
                        (detail::examine_extra<std::remove_reference_t<Extras>, Run>() && ...);
  if constexpr (!fine) {
    return {};  // the compiler has said why
  } else if constexpr (requires { typename Loss::metric; } &&
                       !(detail::is_metric<std::remove_cvref_t<Extras>> || ...)) {
    typename Loss::metric metric{};
    return fit(trainer, train, options, metric, extras...);
  } else {
    return detail::all_or_none(trainer.parallel(),
                               [&] { return detail::run_epochs(trainer, train, options, extras...); });
  }
}

/// Trains a model from where it is with a new optimiser. `fit<Exact>` keeps to direct sums.
///
///     auto history = fit(model, train, Adam{.learning_rate = 1e-3f}, SparseCategoricalCrossentropy{},
///                        {.epochs = 5, .batch_size = 64, .validation = &test}, EarlyStopping{.patience = 2});
template <Algorithms Choice = Fast, class M, class Optimizer, class Loss, class... Extras>
  requires(!std::is_same_v<Optimizer, FitOptions>)
History fit(M&& model, const Dataset& train, Optimizer optimizer, Loss loss, const FitOptions& options = {},
            Extras&&... extras) {
  if constexpr (detail::examine_model<M>()) {
    Trainer trainer{model, std::move(loss), std::move(optimizer), options.seed, Serial{}, Choice{}};
    return fit(trainer, train, options, extras...);
  }
  return {};
}

}  // namespace strata
