// One optimiser step at a time: forward, loss, backward, update.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/core/one_or_more.hpp>
#include <strata/core/parallel.hpp>
#include <strata/core/random.hpp>
#include <strata/kernels/math.hpp>
#include <strata/runtime/executor.hpp>
#include <strata/runtime/model.hpp>
#include <strata/train/check_batch.hpp>
#include <strata/train/events.hpp>
#include <strata/train/gradients.hpp>
#include <strata/train/history.hpp>
#include <strata/train/loss.hpp>
#include <strata/train/optimizers.hpp>
#include <strata/train/output_loss.hpp>
#include <strata/train/output_losses.hpp>
#include <strata/train/shares.hpp>
#include <strata/train/state_mover.hpp>
#include <strata/train/team.hpp>
#include <strata/train/trainable.hpp>

namespace strata {

/// Trains a model in place.
///
///     Trainer trainer{model, SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0.05f, .momentum = 0.9f}};
///     float loss = trainer.step(inputs, labels);      // (batch, Net::input_shape), one label for each position
///
/// A network with several outputs has `Losses`, and arrays in place of inputs and labels.
///
/// The same seed gives the same dropout: it depends on seed and iteration only, so that a run can be continued to the
/// same bits from parameters, slots and iterations. `V` is the SIMD vector type; double serves gradient checks. Several
/// threads: `Trainer trainer{model, loss, optimizer, Seed{1}, OpenMP{2}}`, or processes (`Team`); direct sums only:
/// `Exact{}` as the last.
template <class Net, class Loss, class Optimizer, class V = simd::Vector<float>, class Parallel = Serial,
          Algorithms Choice = Fast>
class Trainer {
  using T = typename V::value_type;

 public:
  using network_type = Net;
  using loss_type = Loss;
  using optimizer_type = Optimizer;
  using vector_type = V;
  /// A span, or an array of spans where the network has several inputs.
  using Inputs = OneOrMore<std::span<const T>, Net::input_count>;

  /// The model must outlive the trainer. Throws InvalidArgument where a number of the loss or the optimiser is out of
  /// range, two kinds of clipping are on, or the loss takes probabilities for logits or logits for probabilities; in a
  /// team, where the members' networks, losses, optimisers, seeds or parameters differ.
  Trainer(Model<Net, T>& model, Loss loss, Optimizer optimizer, Seed seed = {},
          std::type_identity_t<Parallel> parallel = {}, Choice = {})
      : model_(&model),
        loss_(std::move(loss)),
        optimizer_(std::move(optimizer)),
        seed_(seed),
        executor_(std::move(parallel)),
        gradients_(Net::trainable_param_count),
        slots_(slots_each * Net::trainable_param_count),
        shares_(executor_.parallel()) {
    if constexpr (detail::examine_roles<Loss, Optimizer>()) {
      static_assert(detail::no_fault_in_training<Net, Loss>());  // why: the last note
      detail::validate_losses<Net>(loss_);
      detail::validate_optimizer(optimizer_);
      if constexpr (Team<Parallel>) detail::require_alike(executor_.parallel(), detail::trainer_facts(*this));
    }
  }
  Trainer(Model<Net, T>& model, Loss loss, Optimizer optimizer, Seed seed, std::same_as<Choice> auto choice)
      : Trainer(model, std::move(loss), std::move(optimizer), seed, Parallel{}, choice) {}

  /// One optimiser step on one batch. Returns the mean loss before the step, L2 penalties included. Throws
  /// InvalidArgument (sizes, labels, numbers of the optimiser, its learning rate) or NonFiniteLoss; then nothing has
  /// changed. Allocates only for a batch larger than any before. `observers` may have on_forward and on_backward: see
  /// events.hpp. In a team each member gives its share of the batch, perhaps no sample, and the loss is that of all.
  template <class... Observers>
  T step(const Inputs& inputs, std::span<const int> labels, Observers&... observers) {
    constexpr bool fits = LossFor<Loss, V, int>;
    static_assert(fits || !sound, "this loss takes targets: std::span<const float>, not labels");
    if constexpr (fits) return train(inputs, labels, observers...);
    else return 0;
  }
  template <class... Observers>
  T step(const Inputs& inputs, std::span<const T> targets, Observers&... observers) {
    constexpr bool fits = LossFor<Loss, V, T>;
    static_assert(fits || !sound, "this loss takes labels: std::span<const int>, not float targets");
    if constexpr (fits) return train(inputs, targets, observers...);
    else return 0;
  }

  /// For several outputs; observers have no on_forward.
  template <class... Observers>
    requires(Net::output_count > 1)
  T step(const Inputs& inputs, const std::array<Targets<T>, Net::output_count>& targets, Observers&... observers) {
    return train(inputs, targets, observers...);
  }

  Model<Net, T>& model() { return *model_; }
  const Model<Net, T>& model() const { return *model_; }
  const Loss& loss() const { return loss_; }
  Optimizer& optimizer() { return optimizer_; }
  const Optimizer& optimizer() const { return optimizer_; }
  Executor<Net, V, Parallel, Choice>& executor() { return executor_; }
  const Parallel& parallel() const { return executor_.parallel(); }
  /// Whether this is the one of its team that writes files and shows progress. One alone leads.
  bool leads() const { return detail::rank_of(parallel()) == 0; }

  /// Of the last step, of all trained parameters in Keras' order. Before clipping when an observer sees them, after it
  /// later.
  std::span<const T> gradients() const { return gradients_.span(); }
  /// One of them by its name: `gradient<"conv2d/kernel">()`.
  template <FixedString Name>
  auto gradient() const {
    constexpr detail::ParameterIndex index = detail::find_parameter(Net::network(), Name);
    constexpr const NodeInfo& node = Net::network().nodes[index.node];
    static_assert(!index.found || node.role(node.parameters().list[index.parameter]) == Role::trained,
                  "this parameter is not trained: it has no gradient");
    return detail::parameter_view<Net, Name, true>(gradients_.data());
  }

  /// What the optimiser remembers: Optimizer::slots arrays in the layout of `gradients()`.
  std::span<T> slots() { return slots_.span(); }
  std::span<const T> slots() const { return slots_.span(); }
  /// Steps done.
  std::size_t iterations() const { return iterations_; }
  void set_iterations(std::size_t iterations) { iterations_ = iterations; }
  Seed seed() const { return seed_; }
  /// Of the next step.
  double learning_rate() const { return optimizer_.learning_rate(iterations_); }

  /// The logs of the epochs so far, by epoch: `fit` adds to them, checkpoints keep them, so that EarlyStopping and
  /// ModelCheckpoint of a run that goes on know its best. Empty logs where an epoch's are not known.
  std::vector<Logs>& epochs() { return epochs_; }
  const std::vector<Logs>& epochs() const { return epochs_; }

  /// Asks `fit` to stop after this epoch; `fit` clears the request when it starts.
  void stop(bool request = true) { stopped_ = request; }
  bool stopped() const { return stopped_; }

 private:
  static constexpr bool sound = detail::IsLoss<Loss> && detail::IsOptimizer<Optimizer>;
  static constexpr std::size_t slots_each = [] {
    if constexpr (sound) return Optimizer::slots;
    else return std::size_t{0};  // the constructor has said why
  }();
  using AllLosses = detail::losses_of<Loss>;
  template <std::size_t K>
  using LossOf = typename AllLosses::template type<K>;
  using Executing = Executor<Net, V, Parallel, Choice>;
  using Replaced = typename Executing::Replaced;
  using Values = std::span<const T>;

  /// A step and its phases. `Given` is a span, or an array of Targets.
  template <class Given, class... Observers>
  T train(const Inputs& inputs, const Given& targets, Observers&... observers) {
    static_assert((detail::examine_observer<Observers, Trainer, T>() && ...));
    constexpr bool observed =
        Net::output_count == 1 &&
        (detail::hears<detail::AfterForward, Observers, Trainer, const Values, const Given> || ...);
    const Portion batch = shares_.agree(parallel(), [&] {
      detail::validate_optimizer(optimizer_);
      learning_rate();  // throws unless it is finite
      return detail::check_batch<Net, V>(loss_, inputs, targets, Team<Parallel>);
    });
    const Replaced replaced = replaced_links();

    executor_.forward_training(model_->parameters().data(), addresses(inputs), batch,
                               Random(seed_).split(0).split(iterations_), observed ? Replaced{} : replaced);
    if constexpr (observed) {
      const Values outputs(executor_.value(executor_.output(0)), batch.size * Net::output_shape.size());
      (detail::notify<detail::AfterForward>(observers, *this, outputs, targets), ...);
    }
    const double loss = find_loss(targets, batch, replaced);

    differentiate(replaced);  // from here on, all members of a team do the same
    const bool ordinary = check_gradients();
    (detail::notify<detail::AfterBackward>(observers, *this), ...);
    clip(ordinary);
    move_state(batch);
    update();
    return static_cast<T>(loss);
  }

  /// Which outputs' last nodes the loss undoes.
  Replaced replaced_links() const {
    Replaced replaced{};
    detail::each<Net::output_count>([&]<std::size_t K>() {
      replaced[K] = detail::ends_in_link<Net, LossOf<K>, K> && !detail::takes_logits(AllLosses::template get<K>(loss_));
    });
    return replaced;
  }

  /// The loss of all outputs and the penalties; throws where it is not finite.
  template <class Given>
  double find_loss(const Given& targets, const Portion& batch, const Replaced& replaced) {
    double loss = 0;
    detail::each<Net::output_count>([&]<std::size_t K>() {
      detail::visit_targets(detail::element<K>(targets), [&](auto given) {
        loss += detail::output_loss<Net, V, K>(loss_, executor_, given, batch, replaced[K]);
      });
    });
    detail::all_reduce(parallel(), std::span(&loss, 1));
    loss += detail::l2_penalty<Net, V>(Values(model_->parameters()));
    if (!std::isfinite(loss)) throw_non_finite("the loss became " + detail::general(loss));
    return loss;
  }

  /// The gradients, of all members of a team.
  void differentiate(const Replaced& replaced) {
    const T* const parameters = model_->parameters().data();
    if constexpr (requires { parallel().start(gradients_.span()); }) {
      // Much larger ones wait for backward, much smaller ones for messages: a member adds its share of each.
      const std::size_t bucket = (std::max)(std::size_t{65'536}, 8'192 * parallel().members());
      executor_.backward(parameters, gradients_.data(), replaced, bucket,
                         [&](std::span<T> gradients) { parallel().start(gradients); });
      parallel().finish();
    } else {
      executor_.backward(parameters, gradients_.data(), replaced);
      detail::all_reduce(parallel(), gradients_.span());
    }
  }

  /// Adds those of the penalties; throws where one is not finite. Returns whether their squares are finite, too.
  bool check_gradients() {
    detail::add_l2_gradient<Net, V>(Values(model_->parameters()), gradients_.span());
    const bool ordinary = detail::all_finite<V, true>(gradients());
    if (!ordinary) require_finite<false>("the gradient of ");
    return ordinary;
  }

  void clip(bool ordinary) {
    detail::clip_gradients<Net, V>(optimizer_, gradients_.span());
    if constexpr (requires { requires Optimizer::squares; })
      if (!ordinary) require_finite<true>("the square of the gradient of ");
  }

  void update() {
    parallel().run([&](std::size_t t) {
      Net::network().for_each_trained_run([&](std::size_t offset, std::size_t gradient, std::size_t size) {
        apply_gradients<V>(optimizer_, iterations_, model_->parameters().subspan(offset, size), gradients(),
                           slots_.span(), t, parallel().threads(), gradient);
      });
    });
    ++iterations_;
  }

  /// Throws where a gradient, or its square, is not finite.
  template <bool squared>
  void require_finite(const std::string& what) const {
    if (const std::string tensor = detail::non_finite_tensor<Net, V, squared>(gradients()); !tensor.empty())
      throw_non_finite(what + tensor + " has values that are not finite");
  }

  /// Throws where a finite number would become another, and leaves the state then.
  void move_state(const Portion& batch) {
    if (const std::string tensor = mover_.move(*model_, executor_, batch); !tensor.empty())
      throw_non_finite(tensor + " would get values that are not finite");
  }

  static typename Executing::Inputs addresses(const Inputs& inputs) {
    if constexpr (Net::input_count == 1) {
      return inputs.data();
    } else {
      typename Executing::Inputs addresses{};
      for (std::size_t i = 0; i < inputs.size(); ++i) addresses[i] = inputs[i].data();
      return addresses;
    }
  }

  [[noreturn]] void throw_non_finite(const std::string& what) const {
    detail::raise<NonFiniteLoss>(
        "step " + std::to_string(iterations_) + ": " + what +
        "; parameters and optimiser are as before this step. " + "Try a smaller learning rate (now " +
        detail::general(learning_rate()) +
        "), gradient clipping (.clipnorm = 1), and look for NaN or unscaled values in the inputs");
  }

  Model<Net, T>* model_;
  Loss loss_;
  Optimizer optimizer_;
  Seed seed_;
  Executing executor_;
  Arena<T> gradients_, slots_;
  detail::StateMover<Net, V> mover_;
  detail::Shares<Parallel> shares_;
  std::vector<Logs> epochs_;
  std::size_t iterations_ = 0;
  bool stopped_ = false;
};

/// Where the first argument is no model, or no optimiser follows, the compiler says so, once.
template <class Loss, class Optimizer>
class Trainer<detail::NoModel, Loss, Optimizer> {
 public:
  template <class M, class... Others>
  Trainer(M&&, Others&&...) {
    if constexpr (detail::examine_model<M>())
      static_assert(sizeof...(Others) > 1, "expected a model, a loss and an optimiser: Trainer{model, loss, Adam{}}");
  }
  template <class... Arguments>
  float step(Arguments&&...) {
    return 0;
  }
};

template <class M, class Loss, class Optimizer, class... Others>
  requires(!detail::is_model<M>)
Trainer(M&&, Loss, Optimizer, Others...) -> Trainer<detail::NoModel, Loss, Optimizer>;
template <class M, class Loss>
Trainer(M&&, Loss) -> Trainer<detail::NoModel, Loss, Loss>;

template <class Net, class Loss, class Optimizer, class V, class Parallel, Algorithms Choice>
  requires(!detail::Defined<Net>)
class Trainer<Net, Loss, Optimizer, V, Parallel, Choice>
    : public Trainer<typename detail::network_of<Net, detail::examined<Net>()>::type, Loss, Optimizer, V, Parallel,
                     Choice> {
  using Trainer<detail::Undefined, Loss, Optimizer, V, Parallel, Choice>::Trainer;
};

template <class Net, class T, class Loss, class Optimizer>
Trainer(Model<Net, T>&, Loss, Optimizer) -> Trainer<Net, Loss, Optimizer, simd::Vector<T>>;
template <class Net, class T, class Loss, class Optimizer>
Trainer(Model<Net, T>&, Loss, Optimizer, Seed) -> Trainer<Net, Loss, Optimizer, simd::Vector<T>>;
template <class Net, class T, class Loss, class Optimizer, class Parallel>
Trainer(Model<Net, T>&, Loss, Optimizer, Seed, Parallel) -> Trainer<Net, Loss, Optimizer, simd::Vector<T>, Parallel>;
template <class Net, class T, class Loss, class Optimizer, Algorithms Choice>
Trainer(Model<Net, T>&, Loss, Optimizer, Seed, Choice)
    -> Trainer<Net, Loss, Optimizer, simd::Vector<T>, Serial, Choice>;
template <class Net, class T, class Loss, class Optimizer, class Parallel, Algorithms Choice>
Trainer(Model<Net, T>&, Loss, Optimizer, Seed, Parallel, Choice)
    -> Trainer<Net, Loss, Optimizer, simd::Vector<T>, Parallel, Choice>;

}  // namespace strata
