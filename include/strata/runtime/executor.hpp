// Runs a network layer by layer, forward and backward, over a batch: what training does, and the reference for Engine.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/core/bound.hpp>
#include <strata/core/one_or_more.hpp>
#include <strata/core/parallel.hpp>
#include <strata/core/random.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/map.hpp>

namespace strata {

/// Owns the activations, the gradients of activations and the working memory of one batch. Parameters are the caller's,
/// in the layout of `Model<Net>`. `V` is the SIMD vector type; the element type is its. Each thread of `Parallel` takes
/// an equal share of the samples; the same number of threads gives the same bits. Of a team each member has an
/// Executor of its own, and trains at the same time as the others.
template <class Net, class V, class Parallel = Serial, Algorithms Choice = Fast>
class Executor {
 public:
  using T = typename V::value_type;

  explicit Executor(Parallel parallel = {})
      : parallel_(std::move(parallel)),
        prepared_(prepared_offsets[nodes]),
        threads_(parallel_.threads()),
        gathered_(threads_.size()) {
    if constexpr (synchronized) exchanged_ = Arena<double>(gathered_offsets[nodes]);
  }

  /// Makes room for a batch. Memory grows to the largest batch seen and stays.
  void reserve(std::size_t batch) {
    if (batch <= capacity_) return;
    std::size_t saved = 0;
    for (std::size_t n = inputs; n < nodes; ++n) {
      saved_offsets_[n] = saved;
      saved += aligned_size<T>(saved_sizes[n](batch));
    }
    saved_ = Arena<T>(saved);
    whole_ = Arena<T>(plan.whole_size * batch);
    capacity_ = batch;
  }

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
  T* output_gradient(std::size_t tensor = output(0)) {
    return plan.has_gradient[tensor] ? whole_.data() + plan.gradients[tensor].offset * batch_ : nullptr;
  }

  /// Overwrites `gradients` (the layout of the trainable parameters), given the outputs' gradients.
  void backward(const T* parameters, T* gradients, const Replaced& replaced = {}) {
    backward(parameters, gradients, replaced, Net::trainable_param_count, [](std::span<T>) {});
  }
  /// The same in buckets of at least `least`, from the last one to the first: ready(span) is called for each as soon as
  /// it is complete.
  template <class Ready>
  void backward(const T* parameters, T* gradients, const Replaced& replaced, std::size_t least, Ready ready) {
    parameters_ = parameters;
    replace(replaced);
    parallel_.run([&](std::size_t t) { threads_[t].begin_backward(t == 0 ? gradients : nullptr); });
    std::size_t end = nodes;
    for (int stage = plan.forward_stages; stage < plan.stage_count; ++stage) {
      run_stages<true>(stage, stage + 1);
      const std::size_t begin = complete_from[static_cast<std::size_t>(stage)];
      const std::span<T> bucket(gradients + gradient_of_node(begin), gradients + gradient_of_node(end));
      if (stage + 1 < plan.stage_count && (bucket.empty() || bucket.size() < least)) continue;
      finish_nodes(begin, end);
      if (!bucket.empty()) ready(bucket);
      end = begin;
    }
  }

  /// Moves the layers' state (moving averages) towards the last training batch.
  void update_state(T* parameters) {
    for_each_node([&]<std::size_t I>() { update_node<I>(parameters); });
  }

  /// The values of a tensor after a forward pass, (batch, shape): of an output, or of what its node reads.
  const T* value(std::size_t tensor) const {
    return tensor < inputs ? inputs_[tensor] : whole_.data() + plan.values[tensor].offset * batch_;
  }

  const Parallel& parallel() const { return parallel_; }

 private:
  static constexpr std::size_t nodes = Net::network().node_count, inputs = Net::input_count;
  static constexpr const auto& plan = Net::training_plan();

  template <std::size_t I>
  using LayerAt = LayerBy<LayerOf<Net, I>, Choice>;
  template <std::size_t I>
  using BoundAt = BoundBy<BoundOf<Net, I>, Choice>;
  static constexpr const NodeInfo& node_at(std::size_t index) { return Net::network().nodes[index]; }

  /// Offsets of pieces of these sizes, one for each node, and the end of the last.
  template <class Size>
  static constexpr std::array<std::size_t, nodes + 1> offsets_of(Size size) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      const std::array<std::size_t, nodes> sizes{size.template operator()<I>()...};
      std::array<std::size_t, nodes + 1> offsets{};
      for (std::size_t n = 0; n < nodes; ++n) offsets[n + 1] = offsets[n] + aligned_size<T>(sizes[n]);
      return offsets;
    }(std::make_index_sequence<nodes>{});
  }
  static constexpr auto prepared_offsets = offsets_of(
      []<std::size_t I>() { return rules<LayerAt<I>>::template prepared_size<V>(Net::network().input_shape_of(I)); });
  static constexpr auto accumulator_offsets = offsets_of([]<std::size_t I>() {
    return !plan.has_gradient[I] || node_at(I).fixed()
               ? 0
               : rules<LayerAt<I>>::template accumulator_size<V>(Net::network().input_shape_of(I));
  });
  static constexpr auto gathered_offsets = offsets_of([]<std::size_t I>() {
    return node_at(I).gathers() ? rules<LayerAt<I>>::gathered_size(Net::network().input_shape_of(I)) : 0;
  });

  static constexpr std::array<std::size_t (*)(std::size_t), nodes> saved_sizes = []<std::size_t... I>(
      std::index_sequence<I...>) {
    return std::array<std::size_t (*)(std::size_t), nodes>{
        +[](std::size_t batch) {
          return node_at(I).fixed() ? 0 : rules<LayerAt<I>>::saved_size(Net::network().input_shape_of(I), batch);
        }...};
  }(std::make_index_sequence<nodes>{});

  static constexpr std::size_t scratch_size = []<std::size_t... I>(std::index_sequence<I...>) {
    std::size_t most = 0;
    for (const std::size_t size : {rules<LayerAt<I>>::template scratch_size<V>(Net::network().input_shape_of(I))...,
                                   rules<LayerAt<I>>::template backward_scratch_size<V>(
                                       Net::network().input_shape_of(I))...})
      most = (std::max)(most, size);
    return most;
  }(std::make_index_sequence<nodes>{});

  /// After each stage: the node from which on the gradients of all are complete.
  static constexpr auto complete_from = [] {
    std::array<int, nodes> last{};  // stage that adds to a node's gradients
    std::array<std::size_t, (std::max)(std::size_t{1}, static_cast<std::size_t>(plan.stage_count))> from{};
    for (int s = plan.forward_stages; s < plan.stage_count; ++s)
      for (int a = plan.stages[static_cast<std::size_t>(s)].begin; a < plan.stages[static_cast<std::size_t>(s)].end; ++a)
        last[static_cast<std::size_t>(plan.actions[static_cast<std::size_t>(a)].node)] = s;
    for (int s = plan.forward_stages; s < plan.stage_count; ++s)
      for (std::size_t n = inputs; n < nodes; ++n)
        if (node_at(n).trainable_count() > 0 && last[n] > s) from[static_cast<std::size_t>(s)] = n + 1;
    return from;
  }();
  static constexpr std::size_t gradient_of_node(std::size_t node) {
    return node == nodes ? Net::trainable_param_count : node_at(node).gradient_offset;
  }

  static constexpr bool synchronized = detail::synchronized<Parallel>;
  /// The most weights of a node whose gradients are made but not wanted.
  static constexpr std::size_t dropped_size = [] {
    std::size_t most = 0;
    for (std::size_t n = 0; n < nodes; ++n)
      if (const NodeInfo& node = node_at(n); plan.has_gradient[n] && !node.fixed())
        if (node.frozen || (synchronized && node.gathers())) most = (std::max)(most, node.weight_count);
    return most;
  }();

  /// What a thread has for itself.
  struct Thread {
    Arena<T> single{plan.single_size}, scratch{scratch_size}, accumulators{accumulator_offsets[nodes]}, own_gradients{};
    Arena<T> dropped{dropped_size};
    Arena<double> gathered{gathered_offsets[nodes]};
    T* gradients = nullptr;

    /// The first thread adds to the caller's gradients.
    void begin_backward(T* callers) {
      if (callers == nullptr && own_gradients.size() == 0) own_gradients = Arena<T>(Net::trainable_param_count);
      gradients = callers == nullptr ? own_gradients.data() : callers;
      std::fill_n(gradients, Net::trainable_param_count, T(0));
      std::fill_n(accumulators.data(), accumulators.size(), T(0));
    }
  };

  /// Samples that a thread works on.
  struct Work {
    Thread& thread;
    std::size_t first, count;
  };

  template <class F>
  static void for_each_node(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (void)std::initializer_list<int>{0, (f.template operator()<I + inputs>(), 0)...};
    }(std::make_index_sequence<nodes - inputs>{});
  }

  void start(const T* parameters, const Inputs& given, Portion batch, Random random, const Replaced& replaced,
             bool training) {
    reserve((std::max)(batch.size, std::size_t{1}));
    portion_ = batch;
    batch_ = batch.size;
    parameters_ = parameters;
    if constexpr (inputs == 1) inputs_ = {given};
    else inputs_ = given;
    random_ = random;
    replace(replaced);
    for_each_node([&]<std::size_t I>() { prepare_node<I>(training); });
  }

  /// Where a node's work for a pass is, or null.
  using Step = void (Executor::*)(const Work&);
  template <bool training, std::size_t I>
  static constexpr Step step_of(detail::Pass pass) {
    if constexpr (I >= inputs && !plan.alias[I]) {
      if (pass == detail::Pass::forward) return &Executor::forward_node<training, I>;
      if constexpr (training && node_at(I).gathers())
        if (pass == detail::Pass::gather) return &Executor::gather_node<I>;
      if constexpr (training && plan.has_gradient[I]) {
        if (pass == detail::Pass::backward) return &Executor::backward_node<false, I>;
        if constexpr (node_at(I).gathers())
          if (pass == detail::Pass::gather_gradients) return &Executor::backward_node<true, I>;
      }
    }
    return nullptr;
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
      const bool gathers = training && runs(last.node) &&
                           (last.pass == detail::Pass::gather || last.pass == detail::Pass::gather_gradients);
      parallel_.run([&](std::size_t t) {
        const std::size_t node = static_cast<std::size_t>(last.node);
        if (gathers)
          std::fill(threads_[t].gathered.data() + gathered_offsets[node],
                    threads_[t].gathered.data() + gathered_offsets[node + 1], 0.0);
        const detail::Share share(batch_, t, threads_.size());
        const std::size_t step = stage.batched ? (std::max)(share.size(), std::size_t{1}) : 1;
        for (std::size_t first = share.begin; first < share.end; first += step)
          for (int a = stage.begin; a < stage.end; ++a)
            if (const Step run = steps<training>[static_cast<std::size_t>(a)];
                run != nullptr && runs(plan.actions[static_cast<std::size_t>(a)].node))
              (this->*run)({threads_[t], first, step});
      });
      if (gathers) conclude<training>(last);
      if constexpr (requires { parallel_.progress(); }) parallel_.progress();
    }
  }

  bool runs(int node) const { return !replaced_[static_cast<std::size_t>(node)]; }
  void replace(const Replaced& replaced) {
    for (std::size_t k = 0; k < replaced.size(); ++k) replaced_[output(k)] = replaced[k];
  }

  template <bool training>
  void conclude(detail::Action action) {
    if constexpr (training)
      for_each_node([&]<std::size_t I>() {
        if constexpr (node_at(I).gathers())
          if (action.node == static_cast<int>(I)) conclude_node<I>(action.pass == detail::Pass::gather_gradients);
      });
  }

  /// The first cell of a sample's image.
  T* address(detail::Place place, Shape shape, Border border, const Work& work) {
    return border_offset(shape, border) + (place.whole ? whole_.data() + place.offset * batch_ +
                                                             work.first * bordered_size(shape, border)
                                                       : work.thread.single.data() + place.offset);
  }
  static constexpr Shape shape_of(std::size_t tensor) { return Net::network().tensors[tensor].shape; }
  template <std::size_t Tensor>
  T* value_of(const Work& work) {
    return address(plan.values[Tensor], shape_of(Tensor), plan.value_borders[Tensor], work);
  }
  template <std::size_t Tensor>
  const T* read(const Work& work) {
    if constexpr (Tensor < inputs) return inputs_[Tensor] + work.first * Net::input_shapes[Tensor].size();
    else return value_of<Tensor>(work);
  }
  template <std::size_t Tensor>
  T* gradient_of(const Work& work) {
    if constexpr (!plan.has_gradient[Tensor]) return nullptr;
    else return address(plan.gradients[Tensor], shape_of(Tensor), plan.gradient_borders[Tensor], work);
  }
  template <std::size_t I>
  static constexpr std::size_t input_of(std::size_t operand) {
    return static_cast<std::size_t>(Net::network().input_of(I, static_cast<int>(operand)));
  }
  template <std::size_t I>
  static constexpr std::size_t slot_of(std::size_t operand) {
    return static_cast<std::size_t>(Net::network().nodes[I].first_operand) + operand;
  }
  /// f<operand>() for each operand, as an array.
  template <std::size_t I, class F>
  static auto each_operand(F&& f) {
    return [&]<std::size_t... O>(std::index_sequence<O...>) { return std::array{f.template operator()<O>()...}; }
    (std::make_index_sequence<BoundAt<I>::input_count>{});
  }

  /// The addresses of a node's parameters in an arena.
  template <std::size_t I, class U>
  static std::array<U*, Parameters::capacity> parameters_of(U* arena) {
    constexpr auto offsets = Net::network().nodes[I].offsets();
    std::array<U*, Parameters::capacity> pointers{};
    for (std::size_t p = 0; p < Parameters::capacity; ++p) pointers[p] = arena + offsets[p];
    return pointers;
  }

  /// And those of their gradients. Where they are not `counted`, as those of frozen ones, they go to waste.
  template <std::size_t I>
  static std::array<T*, Parameters::capacity> gradients_of(Thread& thread, bool counted = true) {
    constexpr const NodeInfo& node = node_at(I);
    constexpr auto offsets = node.offsets();
    std::array<T*, Parameters::capacity> pointers{};
    if constexpr (!node.fixed())
      for (std::size_t p = 0; p < BoundAt<I>::parameters.count; ++p)
        if (BoundAt<I>::parameters.list[p].trainable)
          pointers[p] = node.frozen || !counted ? thread.dropped.data() + (offsets[p] - node.weight_offset)
                                                : thread.gradients + node.gradient_at(offsets[p]);
    return pointers;
  }

  template <std::size_t I>
  void prepare_node(bool training) {
    const auto pointers = parameters_of<I>(parameters_);
    const Prepare<BoundAt<I>, V> call{pointers.data(), prepared_.data() + prepared_offsets[I],
                                      training && plan.has_gradient[I]};
    if constexpr (requires { LayerAt<I>::prepare(call); }) LayerAt<I>::prepare(call);
  }

  template <bool training, std::size_t I, class Run>
  void call_forward(const Work& work, Run run) {
    const auto pointers = parameters_of<I>(parameters_);
    const auto operands = each_operand<I>([&]<std::size_t O>() { return read<input_of<I>(O)>(work); });
    using Call = Forward<BoundAt<I>, V, plan.value_borders[input_of<I>(0)], plan.value_borders[I]>;
    run(Call{.batch = work.count,
             .first = portion_.first + work.first,
             .input = operands[0],
             .inputs = operands.data(),
             .output = value_of<I>(work),
             .parameters = pointers.data(),
             .prepared = prepared_.data() + prepared_offsets[I],
             .gathered = work.thread.gathered.data() + gathered_offsets[I],
             .saved = training ? saved_.data() + saved_offsets_[I] : nullptr,
             .scratch = work.thread.scratch.data(),
             .random = random_.split(I)});
  }
  /// Zeros around the images that a node has not made yet.
  template <std::size_t Tensor, Border border>
  static void clear_borders(T* images, std::size_t count) {
    if constexpr (border != Border{})
      for (std::size_t n = 0; n < count; ++n)
        kernels::clear_border<shape_of(Tensor), border>(images + n * bordered_size(shape_of(Tensor), border));
  }

  template <bool training, std::size_t I>
  void forward_node(const Work& work) {
    if constexpr (!plan.in_place[I]) clear_borders<I, plan.value_borders[I]>(value_of<I>(work), work.count);
    call_forward<training, I>(work, [](const auto& call) {
      using L = LayerAt<I>;
      if constexpr (training && !node_at(I).fixed() && requires { L::forward_training(call); }) L::forward_training(call);
      else L::forward(call);
    });
  }
  template <std::size_t I>
  void gather_node(const Work& work) {
    call_forward<true, I>(work, [](const auto& call) { LayerAt<I>::gather(call); });
  }

  template <bool gathers, std::size_t I>
  void backward_node(const Work& work) {
    using Call = Backward<BoundAt<I>, V, plan.value_borders[input_of<I>(0)], plan.value_borders[I],
                          plan.gradient_borders[input_of<I>(0)], plan.gradient_borders[I], node_at(I).fixed()>;
    const auto pointers = parameters_of<I>(parameters_);
    const auto gradient_pointers = gradients_of<I>(work.thread);
    const auto operands = each_operand<I>([&]<std::size_t O>() { return read<input_of<I>(O)>(work); });
    const auto input_gradients = each_operand<I>([&]<std::size_t O>() -> T* {
      constexpr std::size_t input = input_of<I>(O);
      if constexpr (!plan.has_gradient[input] || gathers) return nullptr;
      else if constexpr (plan.opens[slot_of<I>(O)]) return gradient_of<input>(work);
      else return address(plan.parts[slot_of<I>(O)], shape_of(input), {}, work);
    });
    const Call call{.batch = work.count,
                    .first = portion_.first + work.first,
                    .input = operands[0],
                    .inputs = operands.data(),
                    .output = value_of<I>(work),
                    .output_gradient = gradient_of<I>(work),
                    .input_gradient = input_gradients[0],
                    .input_gradients = input_gradients.data(),
                    .parameters = pointers.data(),
                    .prepared = prepared_.data() + prepared_offsets[I],
                    .parameter_gradients = gradient_pointers.data(),
                    .accumulator = work.thread.accumulators.data() + accumulator_offsets[I],
                    .gathered = work.thread.gathered.data() + gathered_offsets[I],
                    .saved = saved_.data() + saved_offsets_[I],
                    .scratch = work.thread.scratch.data(),
                    .random = random_.split(I)};
    if constexpr (gathers) {
      LayerAt<I>::gather_gradients(call);
    } else {
      if (input_gradients[0] != nullptr)
        clear_borders<input_of<I>(0), plan.gradient_borders[input_of<I>(0)]>(input_gradients[0], work.count);
      LayerAt<I>::backward(call);
      each_operand<I>([&]<std::size_t O>() {
        constexpr std::size_t input = input_of<I>(O);
        if constexpr (plan.has_gradient[input] && !plan.opens[slot_of<I>(O)])
          add(work.count * Net::network().tensors[input].shape.size(), gradient_of<input>(work), input_gradients[O]);
        return 0;
      });
    }
  }

  template <std::size_t I>
  void conclude_node(bool gradients) {
    if (!synchronized && batch_ == 0) return;  // a member without a sample
    for (std::size_t t = 0; t < threads_.size(); ++t)
      gathered_[t] = threads_[t].gathered.data() + gathered_offsets[I];
    bool counted = true;
    if constexpr (synchronized) {
      exchange<I>(gradients);
      counted = parallel_.rank() == 0;  // all members find the same gradients
    }
    std::array<T*, Parameters::capacity> gradient_pointers{};
    if (gradients) gradient_pointers = gradients_of<I>(threads_[0], counted);
    const auto pointers = parameters_of<I>(parameters_);
    const Conclude<BoundAt<I>, V> call{.batch = synchronized ? portion_.total : batch_,
                                       .gathered = std::span(gathered_).first(synchronized ? 1 : gathered_.size()),
                                       .parameters = pointers.data(),
                                       .parameter_gradients = gradient_pointers.data(),
                                       .saved = saved_.data() + saved_offsets_[I]};
    if (gradients) LayerAt<I>::conclude_gradients(call);
    else LayerAt<I>::conclude(call);
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
      double* const own = thread.gathered.data() + gathered_offsets[I];
      if constexpr (converts)
        if (!gradients) L::to_sums(in, own);
      std::transform(sums.begin(), sums.end(), own, sums.begin(), std::plus<>());
    }
    parallel_.all_reduce(sums);
    if constexpr (converts)
      if (!gradients) L::from_sums(in, sums.data());
    gathered_[0] = sums.data();
  }

  template <std::size_t I>
  void finish_node() {
    const auto pointers = gradients_of<I>(threads_[0]);
    const FinishGradients<BoundAt<I>, V> call{threads_[0].accumulators.data() + accumulator_offsets[I],
                                              pointers.data()};
    if constexpr (node_at(I).trainable_count() > 0 && requires { LayerAt<I>::finish_gradients(call); })
      if (runs(static_cast<int>(I))) LayerAt<I>::finish_gradients(call);
  }

  template <std::size_t I>
  void update_node(T* parameters) {
    const auto pointers = parameters_of<I>(parameters);
    const UpdateState<BoundAt<I>, V> call{pointers.data(), saved_.data() + saved_offsets_[I]};
    if constexpr (!node_at(I).frozen && requires { LayerAt<I>::update_state(call); }) LayerAt<I>::update_state(call);
  }

  static void add(std::size_t size, T* sum, const T* term) {
    kernels::map<V>(size, [](V a, V b) STRATA_INLINE_LAMBDA { return a + b; }, sum, sum, term);
  }

  /// Adds all threads' gradients of the nodes [begin, end) to the first one's, thread after thread, and finishes them.
  void finish_nodes(std::size_t begin, std::size_t end) {
    if (threads_.size() > 1)
      parallel_.run([&](std::size_t t) {
        const auto add_share = [&](std::size_t first, std::size_t last, auto pointer_of) {
          const detail::Share share(last - first, t, threads_.size());
          for (std::size_t other = 1; other < threads_.size(); ++other)
            add(share.size(), pointer_of(threads_[0]) + first + share.begin,
                pointer_of(threads_[other]) + first + share.begin);
        };
        add_share(gradient_of_node(begin), gradient_of_node(end), [](Thread& thread) { return thread.gradients; });
        add_share(accumulator_offsets[begin], accumulator_offsets[end],
                  [](Thread& thread) { return thread.accumulators.data(); });
      });
    for_each_node([&]<std::size_t I>() {
      if (I >= begin && I < end) finish_node<I>();
    });
  }

  Parallel parallel_;
  Arena<T> whole_, saved_, prepared_;
  std::vector<Thread> threads_;
  std::vector<const double*> gathered_;
  Arena<double> exchanged_;
  std::array<std::size_t, nodes> saved_offsets_{};
  std::array<bool, nodes> replaced_{};
  std::size_t capacity_ = 0, batch_ = 0;
  Portion portion_{0};
  const T* parameters_ = nullptr;
  std::array<const T*, inputs> inputs_{};
  Random random_{Seed{}};
};

}  // namespace strata
