// Training over a data set, epoch after epoch.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <strata/data/batches.hpp>
#include <strata/data/dataset.hpp>
#include <strata/train/evaluate.hpp>
#include <strata/train/events.hpp>
#include <strata/train/history.hpp>
#include <strata/train/progress.hpp>
#include <strata/train/trainer.hpp>

namespace strata {

/// The options of `fit`, with Keras' names and defaults.
struct FitOptions {
  int epochs = 1;                       ///< the number of the last epoch, counted from 1
  int batch_size = 32;                  ///< samples; the last batch of an epoch holds what is left
  const Dataset* validation = nullptr;  ///< evaluated after each epoch
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

template <class Extra, class Trainer>
constexpr bool is_callback() {
  using Outputs = const std::span<const float>;
  return hears<TrainBegin, Extra, Trainer> || hears<EpochBegin, Extra, Trainer, const int> ||
         hears<AfterForward, Extra, Trainer, Outputs, const std::span<const int>> ||
         hears<AfterForward, Extra, Trainer, Outputs, Outputs> || hears<AfterBackward, Extra, Trainer> ||
         hears<BatchEnd, Extra, Trainer, const int, const Logs> ||
         hears<EpochEnd, Extra, Trainer, const int, const Logs> || hears<TrainEnd, Extra, Trainer>;
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
  static_assert(((is_metric<Extras> || NamesAnEvent<Extras> || is_callback<Extras, Trainer>()) && ...),
                "an argument of fit after its options is neither a metric (strata/train/metrics.hpp) nor a callback "
                "(strata/train/events.hpp)");
  examine_data_set_network<Net>();
  check_dataset<Net, Loss>(train, "fit, training data");
  if (options.validation != nullptr) check_dataset<Net, Loss>(*options.validation, "fit, validation data");
  std::array<std::string_view, metric_count + 1> names{};  // the last is for a fit without metrics
  std::size_t named = 0;
  (
      [&] {
        if constexpr (is_metric<Extras>) names[named++] = extras.name;
      }(),
      ...);

  Batches batches(train,
                  {.batch_size = options.batch_size, .shuffle = options.shuffle, .augmentation = options.augmentation});
  Batches validation(options.validation != nullptr ? *options.validation : train, {.batch_size = options.batch_size});
  Progress progress = Progress::of(options.verbose, options.output);
  History history;
  Logs logs;
  trainer.stop(false);
  (notify<TrainBegin>(extras, trainer), ...);
  for (int epoch = options.initial_epoch; epoch < options.epochs && !trainer.stopped(); ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    progress.start_epoch(epoch, options.epochs, batches.count());
    (notify<EpochBegin>(extras, trainer, std::as_const(epoch)), ...);
    batches.start_epoch(Random(trainer.seed()).split(1).split(static_cast<std::uint64_t>(epoch)));
    logs.entries.clear();
    std::array<Mean, metric_count + 1> means{};
    int index = 0;
    for (Batch batch; batches.next(batch); ++index) {
      std::array<double, metric_count> values{};
      OnForward meter{[&](auto outputs, auto targets) {
        values = measure<metric_count>(outputs, targets, Net::output_shape, extras...);
      }};
      const double loss = with_targets<Loss>(BatchTargets{batch}, [&](auto targets) {
        if constexpr (metric_count == 0)
          return static_cast<double>(trainer.step(batch.inputs, targets, extras...));
        else
          return static_cast<double>(trainer.step(batch.inputs, targets, meter, extras...));
      });
      means[0].add(loss, batch.size);
      logs.set("loss", means[0].value());
      for (std::size_t i = 0; i < metric_count; ++i) {
        means[i + 1].add(values[i], batch.size);
        logs.set(names[i], means[i + 1].value());
      }
      progress.update(static_cast<std::size_t>(index) + 1, batch.size, logs);
      (notify<BatchEnd>(extras, trainer, std::as_const(index), std::as_const(logs)), ...);
    }
    if (options.validation != nullptr) {
      const auto results =
          evaluate_batches<metric_count>(trainer.executor(), trainer.model(), validation, trainer.loss(), extras...);
      logs.set("val_loss", results[0]);
      for (std::size_t i = 0; i < metric_count; ++i) logs.set("val_" + std::string(names[i]), results[i + 1]);
    }
    progress.finish_epoch(logs);
    record(history, epoch, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), logs,
           names[0]);
    (notify<EpochEnd>(extras, trainer, std::as_const(epoch), std::as_const(logs)), ...);
  }
  (notify<TrainEnd>(extras, trainer), ...);
  return history;
}

}  // namespace detail

/// Trains on with an existing trainer (Keras `Model.fit`). With `initial_epoch` set to the epochs already done, an
/// interrupted run ends with the same bits as one that never stopped. After the options: metrics, in place of the loss'
/// own, and callbacks (strata/train/callbacks.hpp). Throws InvalidArgument where a data set does not fit the network or
/// the loss, NonFiniteLoss where a loss or a gradient is not finite: the model is then as it was before that step.
template <class Net, class Loss, class Optimizer, class... Extras>
History fit(Trainer<Net, Loss, Optimizer>& trainer, const Dataset& train, const FitOptions& options = {},
            Extras&&... extras) {
  if constexpr ((detail::is_metric<std::remove_cvref_t<Extras>> || ...) || !requires { typename Loss::metric; })
    return detail::run_epochs(trainer, train, options, extras...);
  else {
    typename Loss::metric metric{};
    return detail::run_epochs(trainer, train, options, metric, extras...);
  }
}

/// Trains a model from where it is with a new optimiser.
///
///     auto history = fit(model, train, Adam{.learning_rate = 1e-3f}, SparseCategoricalCrossentropy{},
///                        {.epochs = 5, .batch_size = 64, .validation = &test}, EarlyStopping{.patience = 2});
template <class Net, class Optimizer, class Loss, class... Extras>
History fit(Model<Net>& model, const Dataset& train, Optimizer optimizer, Loss loss, const FitOptions& options = {},
            Extras&&... extras) {
  Trainer<Net, Loss, Optimizer> trainer{model, std::move(loss), std::move(optimizer), options.seed};
  return fit(trainer, train, options, extras...);
}

}  // namespace strata
