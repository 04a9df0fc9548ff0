// Runs a network forward and backward over a batch, stage by stage: what training does, and the reference for Engine.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/one_or_more.hpp>
#include <strata/core/parallel.hpp>
#include <strata/core/random.hpp>
#include <strata/graph/definition.hpp>
#include <strata/graph/training_plan.hpp>
#include <strata/runtime/executor_memory.hpp>
#include <strata/runtime/executor_node.hpp>
#include <strata/runtime/executor_plan.hpp>

namespace strata {

/// Owns the activations, the gradients of activations and the working memory of one batch. Parameters are the caller's,
/// in the layout of `Model<Net>`. `V` is the SIMD vector type; the element type is its. Each thread of `Parallel` takes
/// an equal share of the samples; of those that are left over several threads share each, layer by layer. The same number
/// of threads gives the same bits. Of a team each member has an Executor of its own, and trains at the same time as the
/// others.
template <class Net, class V, class Parallel = Serial, Algorithms Choice = Fast>
class Executor {
 public:
  using T = typename V::value_type;

  explicit Executor(Parallel parallel = {})
      : parallel_(std::move(parallel)),
        threads_(parallel_.threads()),
        gathered_(threads_.size()) {
    static_assert(Net::network().is_real(),
                  "training works on real numbers: expected layers that read and make such, received a network with "
                  "another element; train it without these layers, and give the parameters to the one that has them");
    if constexpr (synchronized) exchanged_ = Arena<double>(Plan::gathered_offsets[nodes]);
  }

  /// Makes room for a batch. Memory grows to the largest batch seen and stays.
  void reserve(std::size_t batch) { memory_.reserve(batch); }

  using Inputs = OneOrMore<const T*, Net::input_count>;
  /// Of each output: whether a loss takes the place of the node that makes it, working on what that node reads.
  using Replaced = std::array<bool, Net::output_count>;

  /// The (first) output of inference: moving averages, no dropout. `parameters` are only read.
  const T* forward(const T* parameters, const Inputs& given, std::size_t batch) {
    start(parameters, given, batch, Random{Seed{}}, {}, false);
    run_stages<false>(0, plan.forward_stages);
    return value(output(0));
  }

  /// The (first) output in training mode; keeps what backward needs. Replaced nodes do not run. In a team, `batch` is
  /// the member's portion.
  const T* forward_training(const T* parameters, const Inputs& given, Portion batch, Random random,
                            const Replaced& replaced = {}) {
    start(parameters, given, batch, random, replaced, true);
    run_stages<true>(0, plan.forward_stages);
    return value(output(0, replaced[0]));
  }

  /// The tensor of an output; where its node is replaced, the one that the node reads.
  static constexpr std::size_t output(std::size_t index, bool replaced = false) {
    const std::size_t tensor = static_cast<std::size_t>(Net::network().output(index));
    return replaced ? static_cast<std::size_t>(Net::network().input_of(tensor)) : tensor;
  }

  /// Where the loss writes its gradient by a tensor: that of an output.
  T* output_gradient(std::size_t tensor = output(0)) { return memory_.gradients(tensor); }

  /// Overwrites `gradients` (the layout of the trainable parameters), given the outputs' gradients.
  void backward(const T* parameters, T* gradients, const Replaced& replaced = {}) {
    backward(parameters, gradients, replaced, Net::trainable_param_count, [](std::span<T>) {});
  }
  /// The same in buckets of at least `least`, from the last one to the first: ready(span) is called for each as soon as
  /// it is complete.
  template <class Ready>
  void backward(const T* parameters, T* gradients, const Replaced& replaced, std::size_t least, Ready ready) {
    memory_.parameters = parameters;
    replace(replaced);
    const std::size_t samples = memory_.batch.size;
    leaders_ = samples > 0 && samples_left(false) == samples ? samples : threads_.size();
    for (std::size_t t = 0; t < leaders_; ++t) threads_[t].begin_backward(t == 0 ? gradients : nullptr);
    std::size_t end = nodes, begun = nodes;
    for (int stage = plan.forward_stages; stage < plan.stage_count; ++stage) {
      const auto [first, begin] = Plan::reached[static_cast<std::size_t>(stage)];
      if (first < begun) clear_gradients(first, std::exchange(begun, first));
      run_stages<true>(stage, stage + 1);
      const std::span<T> bucket(gradients + Plan::gradient_of_node(begin), gradients + Plan::gradient_of_node(end));
      if (stage + 1 < plan.stage_count && (bucket.empty() || bucket.size() < least)) continue;
      finish_nodes(begin, end);
      if (!bucket.empty()) ready(bucket);
      end = begin;
    }
  }

  /// Moves the layers' state (moving averages) towards the last training batch.
  void update_state(T* parameters) {
    for_each_node([&]<std::size_t I>() { Node<I>::update_state(memory_, parameters); });
  }

  /// The values of a tensor after a forward pass, (batch, shape): of an output, or of what its node reads.
  const T* value(std::size_t tensor) const { return memory_.values(tensor); }

  const Parallel& parallel() const { return parallel_; }

 private:
  static constexpr bool synchronized = detail::synchronized<Parallel>;
  static constexpr bool alone = std::is_same_v<Parallel, Serial>;
  using Plan = detail::ExecutorPlan<Net, V, Choice, alone, synchronized>;
  using Memory = detail::ExecutorMemory<Net, Plan>;
  using Thread = typename Memory::Thread;
  using Work = typename Memory::Work;
  using Part = typename Plan::Part;
  static constexpr std::size_t nodes = Plan::nodes, inputs = Plan::inputs;
  static constexpr const auto& plan = Plan::plan;
  template <std::size_t I>
  using LayerAt = typename Plan::template LayerAt<I>;
  template <std::size_t I>
  using Node = detail::ExecutorNode<Net, Plan, V, I>;

  template <class F>
  static void for_each_node(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (void)std::initializer_list<int>{0, (f.template operator()<I + inputs>(), 0)...};
    }(std::make_index_sequence<nodes - inputs>{});
  }

  /// f<I>(part) in each thread.
  template <class F>
  void share_each_node(F&& f) {
    parallel_.run([&](std::size_t t) {
      const Part part = Part::nth(t, threads_.size());
      for_each_node([&]<std::size_t I>() { f.template operator()<I>(part); });
    });
  }

  void start(const T* parameters, const Inputs& given, Portion batch, Random random, const Replaced& replaced,
             bool training) {
    reserve((std::max)(batch.size, std::size_t{1}));
    memory_.batch = batch;
    memory_.parameters = parameters;
    if constexpr (inputs == 1) memory_.inputs = {given};
    else memory_.inputs = given;
    memory_.random = random;
    replace(replaced);
    share_each_node([&]<std::size_t I>(Part part) { Node<I>::prepare(memory_, training, part); });
  }

  /// What an action does: a node's work for a pass, or nothing, and then perhaps the node's `add`.
  struct Step {
    void (*work)(Memory&, const Work&) = nullptr;
    void (*add)(Memory&, const Work&) = nullptr;
    std::size_t node;
    bool shared;  ///< by the threads of a group
  };
  template <bool training, std::size_t I>
  static constexpr Step step_of(detail::Pass pass) {
    Step step{.node = I, .shared = Plan::template shares<I>};
    if constexpr (I >= inputs && !plan.alias[I] && Net::network().is_real()) {
      if (pass == detail::Pass::forward) step.work = &Node<I>::template forward<training>;
      if constexpr (training && Plan::node_at(I).gathers())
        if (pass == detail::Pass::gather) step.work = &Node<I>::gather;
      if constexpr (training && plan.has_gradient[I]) {
        if constexpr (plan.repeats[I])
          if (pass == detail::Pass::again) step.work = &Node<I>::template forward<true, true>;
        if (pass == detail::Pass::backward) step.work = &Node<I>::template backward<false>;
        if constexpr (Node<I>::adds())
          if (pass == detail::Pass::backward) step.add = &Node<I>::add;
        if constexpr (Plan::node_at(I).gathers())
          if (pass == detail::Pass::gather_gradients) step.work = &Node<I>::template backward<true>;
      }
    }
    return step;
  }
  static constexpr std::size_t action_count = [] {
    const std::size_t stages = static_cast<std::size_t>(plan.stage_count);
    return stages == 0 ? 0 : static_cast<std::size_t>(plan.stages[stages - 1].end);
  }();
  template <bool training>
  static constexpr auto steps = []<std::size_t... A>(std::index_sequence<A...>) {
    return std::array<Step, sizeof...(A)>{
        step_of<training, static_cast<std::size_t>(plan.actions[A].node)>(plan.actions[A].pass)...};
  }(std::make_index_sequence<action_count>{});

  template <bool training>
  void run_stages(int begin, int end) {
    for (int s = begin; s < end; ++s) {
      const detail::Stage& stage = plan.stages[static_cast<std::size_t>(s)];
      const detail::Action last = plan.actions[static_cast<std::size_t>(stage.end - 1)];
      const std::size_t node = static_cast<std::size_t>(last.node);
      const bool gathers = training && runs(node) &&
                           (last.pass == detail::Pass::gather || last.pass == detail::Pass::gather_gradients);
      if (gathers)
        for (Thread& thread : threads_) std::fill(thread.gathered_of(node), thread.gathered_of(node + 1), 0.0);
      const std::size_t left = samples_left(stage.batched);
      if (left < memory_.batch.size) run_apart<training>(stage, memory_.batch.size - left);
      if (left > 0) run_together<training>(stage, left);
      if (gathers) conclude<training>(last);
      if constexpr (requires { parallel_.progress(); }) parallel_.progress();
    }
  }

  /// How many samples at the end of the batch are left over, and so few that each gets two threads or more. Of what is
  /// `batched` each thread rather takes one more at a time.
  std::size_t samples_left(bool batched) const {
    const std::size_t size = memory_.batch.size, left = size % threads_.size();
    return 2 * left > threads_.size() || (batched && left < size) ? 0 : left;
  }

  /// The first samples: an equal share for each thread.
  template <bool training>
  void run_apart(const detail::Stage& stage, std::size_t samples) {
    parallel_.run([&](std::size_t t) {
      const detail::Share share(samples, t, threads_.size());
      const std::size_t step = stage.batched ? (std::max)(share.size(), std::size_t{1}) : 1;
      for (std::size_t first = share.begin; first < share.end; first += step)
        run_actions<training>(stage.begin, stage.end, {threads_[t], threads_[t], first, step, Part::nth(0, 1)});
    });
  }

  /// The last samples: a group of threads for each, or one for all of a batched stage. A group waits before and behind
  /// what it shares; the rest is its leader's.
  template <bool training>
  void run_together(const detail::Stage& stage, std::size_t samples) {
    const std::size_t groups = stage.batched ? 1 : samples, size = threads_.size() / groups;
    const auto run = [&](bool shared, auto work) {
      parallel_.run([&](std::size_t t) {
        const std::size_t group = t / size, member = t % size;
        if (group >= groups || (member > 0 && !shared)) return;
        work(Work{threads_[t], threads_[group], memory_.batch.size - samples + group, stage.batched ? samples : 1,
                  shared ? Part::nth(member, size) : Part::nth(0, 1)});
      });
    };
    for (int a = stage.begin; a < stage.end;) {
      const int first = a++;
      const Step& step = steps<training>[static_cast<std::size_t>(first)];
      if (!step.shared) {
        while (a < stage.end && !steps<training>[static_cast<std::size_t>(a)].shared) ++a;
        run(false, [&](const Work& work) { run_actions<training>(first, a, work); });
      } else if (step.work != nullptr && runs(step.node)) {
        run(true, [&](const Work& work) { step.work(memory_, work); });
        if (step.add != nullptr) run(true, [&](const Work& work) { step.add(memory_, work); });
      }
    }
  }

  template <bool training>
  void run_actions(int begin, int end, const Work& work) {
    for (int a = begin; a < end; ++a) {
      const Step& step = steps<training>[static_cast<std::size_t>(a)];
      if (step.work == nullptr || !runs(step.node)) continue;
      step.work(memory_, work);
      if (step.add != nullptr) step.add(memory_, work);
    }
  }

  bool runs(std::size_t node) const { return !replaced_[node]; }
  void replace(const Replaced& replaced) {
    for (std::size_t k = 0; k < replaced.size(); ++k) replaced_[output(k)] = replaced[k];
  }

  template <bool training>
  void conclude(detail::Action action) {
    if constexpr (training)
      for_each_node([&]<std::size_t I>() {
        if constexpr (Plan::node_at(I).gathers())
          if (action.node == static_cast<int>(I)) conclude_node<I>(action.pass == detail::Pass::gather_gradients);
      });
  }

  template <std::size_t I>
  void conclude_node(bool gradients) {
    if (!synchronized && memory_.batch.size == 0) return;  // a member without a sample
    for (std::size_t t = 0; t < threads_.size(); ++t) gathered_[t] = threads_[t].gathered_of(I);
    if constexpr (synchronized) exchange<I>(gradients);
    const std::span<const double* const> gathered = std::span(gathered_).first(synchronized ? 1 : gathered_.size());
    bool counted = true;
    if constexpr (synchronized) counted = parallel_.rank() == 0;  // all members find the same gradients
    Node<I>::conclude(memory_, gathered, synchronized ? memory_.batch.total : memory_.batch.size, gradients,
                      threads_[0], counted);
  }

  /// The sum of what all members' threads gathered, in place of what this one's did.
  template <std::size_t I>
  void exchange([[maybe_unused]] bool gradients) {
    using L = LayerAt<I>;
    constexpr Shape in = Net::network().input_shape_of(I);
    constexpr bool converts = requires(double* gathered) { L::to_sums(in, gathered), L::from_sums(in, gathered); };
    const std::span<double> sums = exchanged_.span().first(L::gathered_size(in));
    std::fill(sums.begin(), sums.end(), 0.0);
    for (Thread& thread : threads_) {
      double* const own = thread.gathered_of(I);
      if constexpr (converts)
        if (!gradients) L::to_sums(in, own);
      std::transform(sums.begin(), sums.end(), own, sums.begin(), std::plus<>());
    }
    parallel_.all_reduce(sums);
    if constexpr (converts)
      if (!gradients) L::from_sums(in, sums.data());
    gathered_[0] = sums.data();
  }

  /// Of the nodes [begin, end), those of all leaders.
  void clear_gradients(std::size_t begin, std::size_t end) {
    parallel_.run([&](std::size_t t) {
      const std::size_t size = threads_.size() / leaders_;
      if (t < size * leaders_) threads_[t / size].clear_gradients(begin, end, Part::nth(t % size, size));
    });
  }

  /// Adds all leaders' gradients of the nodes [begin, end) to the first one's, thread after thread, and finishes them.
  void finish_nodes(std::size_t begin, std::size_t end) {
    if (leaders_ > 1)
      parallel_.run([&](std::size_t t) {
        const auto add_share = [&](std::size_t first, std::size_t last, auto pointer_of) {
          const detail::Share share(last - first, t, threads_.size());
          for (std::size_t other = 1; other < leaders_; ++other)
            detail::add_to<V>(share.size(), pointer_of(threads_[0]) + first + share.begin,
                              pointer_of(threads_[other]) + first + share.begin);
        };
        add_share(Plan::gradient_of_node(begin), Plan::gradient_of_node(end),
                  [](Thread& thread) { return thread.gradients; });
        add_share(Plan::accumulator_offsets[begin], Plan::accumulator_offsets[end],
                  [](Thread& thread) { return thread.accumulators.data(); });
      });
    share_each_node([&]<std::size_t I>(Part part) {
      if (I >= begin && I < end && runs(I)) Node<I>::finish_gradients(threads_[0], part);
    });
  }

  Parallel parallel_;
  Memory memory_;
  std::vector<Thread> threads_;
  std::vector<const double*> gathered_;
  std::size_t leaders_ = 0;  ///< threads that have gradients: the first ones
  Arena<double> exchanged_;
  std::array<bool, nodes> replaced_{};
};

}  // namespace strata
