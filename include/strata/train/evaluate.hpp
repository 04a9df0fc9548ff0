// What a trained model says, and how well: predict and evaluate.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <strata/core/algorithms.hpp>
#include <strata/core/error.hpp>
#include <strata/core/parallel.hpp>
#include <strata/data/batches.hpp>
#include <strata/data/dataset.hpp>
#include <strata/runtime/executor.hpp>
#include <strata/runtime/model.hpp>
#include <strata/train/gradients.hpp>
#include <strata/train/metrics.hpp>
#include <strata/train/trainable.hpp>
#include <strata/train/trainer.hpp>

namespace strata {

namespace detail {

/// A mean over batches, weighted by their sizes.
struct Mean {
  double sum = 0, weight = 0;
  void add(double value, std::size_t size) {
    sum += value * static_cast<double>(size);
    weight += static_cast<double>(size);
  }
  double value() const { return weight == 0 ? 0 : sum / weight; }
};

/// Calls `use` with what the loss wants of a batch or a data set: labels or targets; targets where it takes both and
/// both are there.
template <class Loss, class Source, class Use>
decltype(auto) with_targets(const Source& source, Use&& use) {
  constexpr bool takes_labels = LossFor<Loss, simd::Vector<float>, int>,
                 takes_values = LossFor<Loss, simd::Vector<float>, float>;
  static_assert(takes_labels || takes_values, "not a loss: strata/train/loss.hpp says what a loss has");
  if constexpr (takes_labels && takes_values)
    return source.targets().empty() ? use(source.labels()) : use(source.targets());
  else if constexpr (takes_labels)
    return use(source.labels());
  else
    return use(source.targets());
}

/// The means over the samples of all members of a team, of sums over each one's own.
template <class Parallel, std::size_t N>
std::array<double, N> means_of([[maybe_unused]] const Parallel& parallel, const std::array<Mean, N>& own) {
  std::array<Mean, N> means = own;
  if constexpr (Team<Parallel>) {
    std::array<double, 2 * N> sums{};
    for (std::size_t i = 0; i < N; ++i) sums[i] = own[i].sum, sums[N + i] = own[i].weight;
    parallel.all_reduce(std::span<double>(sums));
    for (std::size_t i = 0; i < N; ++i) means[i] = {sums[i], sums[N + i]};
  }
  std::array<double, N> values{};
  for (std::size_t i = 0; i < N; ++i) values[i] = means[i].value();
  return values;
}

/// The spans of a Batch as functions, as a Dataset has them.
struct BatchTargets {
  const Batch& batch;
  std::span<const int> labels() const { return batch.labels; }
  std::span<const float> targets() const { return batch.targets; }
};

/// The values of those of `extras` that are metrics, one after another; as the loss, they are told of logits.
template <std::size_t N, class Target, class... Extras>
std::array<double, N> measure([[maybe_unused]] bool on_logits, std::span<const float> outputs,
                              std::span<const Target> targets, Shape shape, const Extras&... extras) {
  std::array<double, N> values{};
  [[maybe_unused]] std::size_t i = 0;
  [[maybe_unused]] const auto one = [&]<class E>(const E& extra) {
    if constexpr (MetricOn<E, Target>)
      values[i++] = with_logits(extra, on_logits)(outputs, targets, shape);
    else if constexpr (is_metric<E>)
      detail::raise<InvalidArgument>(
          "the metric '" + std::string(extra.name) + "' does not take the targets of this loss: expected " +
          (MetricOn<E, int> ? "labels (int), received values (float)" : "values (float), received labels (int)"));
  };
  (one(extras), ...);
  return values;
}

/// A data set has one input and one kind of target.
template <class Net>
constexpr void examine_data_set_network() {
  static_assert(Net::input_count == 1 && Net::output_count == 1,
                "a Dataset feeds networks of one input and one output: for others call Trainer::step, Executor or "
                "Engine with your batches");
}

template <class V>
constexpr void examine_floats() {
  static_assert(std::is_same_v<typename V::value_type, float>,
                "a Dataset holds float: give fit and evaluate the trainer of a Model<Net>, and call Trainer::step "
                "where the model is one of double");
}

/// The member's part of a team's batches, each of which has `batch_size` samples for every member.
template <class Parallel>
BatchOptions share_of(BatchOptions options, const Parallel& parallel) {
  options.members = members_of(parallel), options.member = rank_of(parallel);
  options.batch_size *= static_cast<int>(options.members);
  return options;
}

/// A data set must look like the network's input, and have what the loss wants for its output.
template <class Net, class Loss>
void check_dataset(const Dataset& dataset, const char* what) {
  if (dataset.shape() != Net::input_shape)
    detail::raise<InvalidArgument>(
        Text() << what << ": expected samples of shape " << Net::input_shape
        << ", the input of the network, received " << dataset.shape());
  if (dataset.empty())
    detail::raise<InvalidArgument>(Text() << what << ": expected at least one sample, received none");
  with_targets<Loss>(dataset, [&]<class Target>(std::span<const Target> targets) {
    constexpr std::size_t wanted = Loss::targets_per_sample(Net::output_shape);
    constexpr const char* noun = std::is_same_v<Target, int> ? "label(s)" : "target(s)";
    if (targets.size() != wanted * dataset.size())
      detail::raise<InvalidArgument>(
          Text() << what << ": expected " << wanted << ' ' << noun << " a sample for an output of shape "
          << Net::output_shape << ", received " << targets.size() / dataset.size());
  });
}

/// Loss (with L2 penalties, as Keras) and metrics of one walk through `batches`. {loss, metrics...}
template <std::size_t N, class Net, class V, class Parallel, Algorithms Choice, class Loss, class... Extras>
std::array<double, N + 1> evaluate_batches(Executor<Net, V, Parallel, Choice>& executor, const Model<Net>& model,
                                           Batches& batches, const Loss& loss, const Extras&... extras) {
  const bool on_logits = ends_in_link<Net, Loss> && !takes_logits(loss);  // more exact than probabilities
  const Loss actual = with_logits(loss, on_logits);
  std::array<Mean, N + 1> means;
  batches.start_epoch(Random(Seed{}));
  for (Batch batch; batches.next(batch);) {
    if (batch.size == 0) continue;
    const float* outputs = executor.forward(model.parameters().data(), batch.inputs.data(), batch.size);
    with_targets<Loss>(BatchTargets{batch}, [&]<class Target>(std::span<const Target> targets) {
      if constexpr (requires { loss.check_targets(targets, Net::output_shape); })
        loss.check_targets(targets, Net::output_shape);
      float* const no_gradient = nullptr;
      means[0].add(actual.template evaluate<V>(executor.value(executor.output(0, on_logits)), targets, no_gradient,
                                               batch.size, Net::output_shape),
                   batch.size);
      const std::span all(outputs, batch.size * Net::output_shape.size());
      std::size_t i = 0;
      for (const double value : measure<N>(takes_logits(loss), all, targets, Net::output_shape, extras...))
        means[++i].add(value, batch.size);
    });
  }
  std::array<double, N + 1> results = means_of(executor.parallel(), means);
  results[0] += l2_penalty<Net, V>(model.parameters());
  return results;
}

}  // namespace detail

struct Evaluation {
  double loss = 0;
  double metric = 0;  ///< NaN where neither the caller nor the loss names one
};

namespace detail {

template <class Net, class V, class Parallel, Algorithms Choice, class Loss, class Metric>
Evaluation evaluate_with(Executor<Net, V, Parallel, Choice>& executor, const std::type_identity_t<Model<Net>>& model,
                         const Dataset& dataset, const Loss& loss, int batch_size, const Metric& metric) {
  static_assert(is_metric<Metric>, "not a metric: strata/train/metrics.hpp says what a metric has");
  examine_data_set_network<Net>();
  validate_losses<Net>(loss);
  check_dataset<Net, Loss>(dataset, "evaluate");
  const Parallel& parallel = executor.parallel();
  return all_or_none(parallel, [&]() -> Evaluation {
    Batches batches(dataset, share_of({.batch_size = batch_size}, parallel));
    const auto [mean_loss, value] = evaluate_batches<1>(executor, model, batches, loss, metric);
    return {mean_loss, value};
  });
}

}  // namespace detail

/// Mean loss and metric over a data set at inference (Keras `Model.evaluate`). Throws InvalidArgument where the data
/// set does not fit the network or the loss, or the loss not the network (as Trainer).
/// `evaluate<Exact>` keeps to direct sums.
template <Algorithms Choice = Fast, class Net, class Loss, class Metric = typename detail::metric_of<Loss>::type>
Evaluation evaluate(const Model<Net>& model, const Dataset& dataset, const Loss& loss, int batch_size = 32,
                    const Metric& metric = {}) {
  using Whole = typename detail::network_of<Net, detail::examined<Net>()>::type;
  Executor<Whole, simd::Vector<float>, Serial, Choice> executor;
  return detail::evaluate_with(executor, model, dataset, loss, batch_size, metric);
}

/// With the loss, the threads or the team, and the algorithms of a trainer. Of a team each member evaluates its share,
/// and all get the means over all samples.
template <class Net, class Loss, class Optimizer, class V, class Parallel, Algorithms Choice,
          class Metric = typename detail::metric_of<Loss>::type>
Evaluation evaluate(Trainer<Net, Loss, Optimizer, V, Parallel, Choice>& trainer, const Dataset& dataset,
                    int batch_size = 32, const Metric& metric = {}) {
  detail::examine_floats<V>();
  return detail::evaluate_with(trainer.executor(), trainer.model(), dataset, trainer.loss(), batch_size, metric);
}

/// The network's outputs, (samples, Net::output_shape), as training computes them (Keras `Model.predict`); Engine is faster.
/// inputs: (samples, Net::input_shape). Throws InvalidArgument where their number does not fit. `predict<Exact>` keeps
/// to direct sums.
template <Algorithms Choice = Fast, class Given>
std::vector<float> predict(const Model<Given>& model, std::span<const float> inputs, int batch_size = 32) {
  using Net = typename detail::network_of<Given, detail::examined<Given>()>::type;
  detail::examine_data_set_network<Net>();
  constexpr std::size_t in = Net::input_shape.size(), out = Net::output_shape.size();
  if (inputs.size() % in != 0 || batch_size < 1)
    detail::raise<InvalidArgument>(
        Text() << "predict: expected a multiple of " << in << " values (" << Net::input_shape
        << " a sample) and a batch size of at least 1, received " << inputs.size() << " values and " << batch_size);
  const std::size_t samples = inputs.size() / in;
  std::vector<float> outputs(samples * out);
  Executor<Net, simd::Vector<float>, Serial, Choice> executor;
  for (std::size_t first = 0; first < samples; first += static_cast<std::size_t>(batch_size)) {
    const std::size_t batch = (std::min)(static_cast<std::size_t>(batch_size), samples - first);
    std::copy_n(executor.forward(model.parameters().data(), inputs.data() + first * in, batch), batch * out,
                outputs.data() + first * out);
  }
  return outputs;
}

}  // namespace strata
