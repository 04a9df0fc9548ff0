// One optimiser step at a time: forward, loss, backward, update.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <strata/core/arena.hpp>
#include <strata/core/error.hpp>
#include <strata/core/parallel.hpp>
#include <strata/core/random.hpp>
#include <strata/kernels/simd.hpp>
#include <strata/runtime/executor.hpp>
#include <strata/runtime/model.hpp>
#include <strata/train/events.hpp>
#include <strata/train/format.hpp>
#include <strata/train/gradients.hpp>
#include <strata/train/loss.hpp>
#include <strata/train/optimizers.hpp>
#include <strata/train/trainable.hpp>

namespace strata {

/// Trains a model in place.
///
///     Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0.05f, .momentum = 0.9f}};
///     float loss = trainer.step(inputs, labels);      // (batch, Net::input_shape), one label for each position
///
/// The same seed gives the same dropout: it depends on seed and iteration only, so that a run can be continued to the
/// same bits from parameters, slots and iterations. `V` is the SIMD vector type; double serves gradient checks. Several
/// threads: `Trainer trainer{model, loss, optimizer, Seed{1}, OpenMP{2}}`.
template <class Net, class Loss, class Optimizer, class V = simd::Vector<float>, class Parallel = Serial>
class Trainer {
  using T = typename V::value_type;

 public:
  using network_type = Net;
  using loss_type = Loss;
  using optimizer_type = Optimizer;
  using vector_type = V;

  /// The model must outlive the trainer. Throws InvalidArgument where two kinds of clipping are on.
  Trainer(Model<Net, T>& model, Loss loss, Optimizer optimizer, Seed seed = {}, Parallel parallel = {})
      : model_(&model),
        loss_(std::move(loss)),
        optimizer_(std::move(optimizer)),
        seed_(seed),
        executor_(std::move(parallel)),
        gradients_(Net::trainable_param_count),
        slots_(Optimizer::slots * Net::trainable_param_count) {
    detail::examine_training<Net, Loss>();
    detail::check_clipping(optimizer_);
  }

  /// One optimiser step on one batch. Returns the mean loss before the step, L2 penalties included. Throws
  /// InvalidArgument (sizes, labels) or NonFiniteLoss; then nothing has changed. Allocates only for a batch larger than
  /// any before. `observers` may have on_forward and on_backward: see events.hpp.
  template <class... Observers>
  T step(std::span<const T> inputs, std::span<const int> labels, Observers&... observers) {
    constexpr bool fits = LossFor<Loss, V, int>;
    static_assert(fits, "this loss takes targets: std::span<const float>, not labels");
    if constexpr (fits)
      return train(inputs, labels, observers...);
    else
      return 0;
  }
  template <class... Observers>
  T step(std::span<const T> inputs, std::span<const T> targets, Observers&... observers) {
    constexpr bool fits = LossFor<Loss, V, T>;
    static_assert(fits, "this loss takes labels: std::span<const int>, not float targets");
    if constexpr (fits)
      return train(inputs, targets, observers...);
    else
      return 0;
  }

  Model<Net, T>& model() { return *model_; }
  const Model<Net, T>& model() const { return *model_; }
  const Loss& loss() const { return loss_; }
  Optimizer& optimizer() { return optimizer_; }
  const Optimizer& optimizer() const { return optimizer_; }
  Executor<Net, V, Parallel>& executor() { return executor_; }

  /// Of the last step, in the layout of `model().trainable()`. Before clipping when an observer sees them, after it
  /// later.
  std::span<const T> gradients() const { return gradients_.span(); }
  /// One of them by its name: `gradient<"conv2d/kernel">()`.
  template <FixedString Name>
  TensorView<const T> gradient() const {
    constexpr detail::ParameterIndex index = detail::find_parameter(Net::network(), Name);
    static_assert(!index.found || Net::network().nodes[index.node].parameters.list[index.parameter].trainable,
                  "this parameter is not trained: it has no gradient");
    return detail::parameter_view<Net, Name>(gradients_.data());
  }

  /// What the optimiser remembers: Optimizer::slots arrays in the layout of `model().trainable()`.
  std::span<T> slots() { return slots_.span(); }
  std::span<const T> slots() const { return slots_.span(); }
  /// Steps done.
  std::size_t iterations() const { return iterations_; }
  void set_iterations(std::size_t iterations) { iterations_ = iterations; }
  Seed seed() const { return seed_; }
  /// Of the next step.
  double learning_rate() const { return optimizer_.learning_rate(iterations_); }

  /// Asks `fit` to stop after this epoch; `fit` clears the request when it starts.
  void stop(bool request = true) { stopped_ = request; }
  bool stopped() const { return stopped_; }

  static constexpr std::size_t inputs_per_sample = Net::input_shape.size();
  static constexpr std::size_t targets_per_sample = Loss::targets_per_sample(Net::output_shape);

 private:
  static constexpr std::size_t nodes = Executor<Net, V, Parallel>::nodes;

  template <class Target, class... Observers>
  T train(std::span<const T> inputs, std::span<const Target> targets, Observers&... observers) {
    using Values = std::span<const T>;
    constexpr bool observed =
        (detail::hears<detail::AfterForward, Observers, Trainer, const Values, const std::span<const Target>> || ...);
    const std::size_t batch = check(inputs, targets);
    const bool on_logits = detail::ends_in_link<Net, Loss> && !detail::takes_logits(loss_);
    const std::size_t count = on_logits ? nodes - 1 : nodes;  // the loss replaces the last node
    const std::span<T> parameters = model_->parameters();

    executor_.forward_training(parameters.data(), inputs.data(), batch, Random(seed_).split(0).split(iterations_),
                               observed ? nodes : count);
    if constexpr (observed) {
      const Values outputs(executor_.value(nodes - 1), batch * Net::output_shape.size());
      (detail::notify<detail::AfterForward>(observers, *this, outputs, targets), ...);
    }
    const double loss = detail::with_logits(loss_, on_logits)
                            .template evaluate<V>(executor_.value(count - 1), targets, executor_.output_gradient(count),
                                                  batch, Net::output_shape) +
                        detail::l2_penalty<Net, V>(Values(model_->trainable()));
    if (!std::isfinite(loss)) throw_non_finite("the loss became " + detail::format_number("%g", loss));

    executor_.backward(parameters.data(), gradients_.data(), count);
    detail::add_l2_gradient<Net, V>(Values(model_->trainable()), gradients_.span());
    if (const std::string tensor = detail::non_finite_tensor<Net, V>(gradients()); !tensor.empty())
      throw_non_finite("the gradient of " + tensor + " has values that are not finite");
    (detail::notify<detail::AfterBackward>(observers, *this), ...);

    detail::clip_gradients<Net, V>(optimizer_, gradients_.span());
    const Parallel& parallel = executor_.parallel();
    parallel.run([&](std::size_t t) {
      apply_gradients<V>(optimizer_, iterations_, model_->trainable(), gradients(), slots_.span(), t,
                         parallel.threads());
    });
    executor_.update_state(parameters.data());
    ++iterations_;
    return static_cast<T>(loss);
  }

  template <class Target>
  std::size_t check(std::span<const T> inputs, std::span<const Target> targets) const {
    const std::size_t batch = inputs.size() / inputs_per_sample;
    if (inputs.empty() || inputs.size() % inputs_per_sample != 0)
      throw InvalidArgument(std::string(Text() << "inputs: expected a batch of " << Net::input_shape
                                               << " samples, a multiple of " << inputs_per_sample
                                               << " values, received " << inputs.size() << " values"));
    if (targets.size() != batch * targets_per_sample)
      throw InvalidArgument(std::string(Text() << "targets: expected " << targets_per_sample << " for each of " << batch
                                               << " samples, as the output is " << Net::output_shape << ", received "
                                               << targets.size() << " in all"));
    if constexpr (requires { loss_.check_targets(targets, Net::output_shape); })
      loss_.check_targets(targets, Net::output_shape);
    return batch;
  }

  [[noreturn]] void throw_non_finite(const std::string& what) const {
    throw NonFiniteLoss("step " + std::to_string(iterations_) + ": " + what +
                        "; parameters and optimiser are as before this step. " + "Try a smaller learning rate (now " +
                        detail::format_number("%g", learning_rate()) +
                        "), gradient clipping (.clipnorm = 1), and look for NaN or unscaled values in the inputs");
  }

  Model<Net, T>* model_;
  Loss loss_;
  Optimizer optimizer_;
  Seed seed_;
  Executor<Net, V, Parallel> executor_;
  Arena<T> gradients_, slots_;
  std::size_t iterations_ = 0;
  bool stopped_ = false;
};

template <class Net, class T, class Loss, class Optimizer>
Trainer(Model<Net, T>&, Loss, Optimizer) -> Trainer<Net, Loss, Optimizer, simd::Vector<T>>;
template <class Net, class T, class Loss, class Optimizer>
Trainer(Model<Net, T>&, Loss, Optimizer, Seed) -> Trainer<Net, Loss, Optimizer, simd::Vector<T>>;
template <class Net, class T, class Loss, class Optimizer, class Parallel>
Trainer(Model<Net, T>&, Loss, Optimizer, Seed, Parallel) -> Trainer<Net, Loss, Optimizer, simd::Vector<T>, Parallel>;

}  // namespace strata
