// What a node does in training: its layer's functions, called with the memory that the plan gives them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include <strata/core/border.hpp>
#include <strata/core/bound.hpp>
#include <strata/core/inline.hpp>
#include <strata/graph/lower.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/map.hpp>
#include <strata/runtime/executor_memory.hpp>
#include <strata/runtime/model.hpp>

namespace strata::detail {

/// Adds what is `size` elements long.
template <class V, class T = typename V::value_type>
void add_to(std::size_t size, T* sum, const T* term) {
  kernels::map<V>(size, [](V a, V b) STRATA_INLINE_LAMBDA { return a + b; }, sum, sum, term);
}

/// Node `I`. `Plan`: an ExecutorPlan of `Net`; `V`: its vectors.
template <class Net, class Plan, class V, std::size_t I>
class ExecutorNode {
  using T = typename Plan::T;
  using Memory = ExecutorMemory<Net, Plan>;
  using Thread = typename Memory::Thread;
  using Work = typename Memory::Work;
  using Part = typename Plan::Part;
  using L = typename Plan::template LayerAt<I>;
  using B = typename Plan::template BoundAt<I>;
  static constexpr const auto& plan = Plan::plan;
  static constexpr const NodeInfo& node = Net::network().nodes[I];

 public:
  static void prepare(Memory& memory, bool training, Part part) {
    const auto parameters = node_parameters<Net, I>(memory.parameters);
    const Prepare<B, V> call{parameters.data(), memory.prepared_of(I), training && plan.has_gradient[I]};
    if constexpr (requires { L::prepare(call); })
      if (rules<L>::shares || part.leads()) L::prepare(with_part(rules<L>::shares ? part : all, call));
  }

  /// `again`: once more, for backward.
  template <bool training, bool again = false>
  static void forward(Memory& memory, const Work& work) {
    if constexpr (!plan.in_place[I])
      clear_borders<B::output_shape, plan.value_borders[I]>(memory.value_of(I, work, again), work);
    call_forward<training, again>(memory, work, [](const auto& call) {
      if constexpr (training && !node.fixed() && requires { L::forward_training(call); }) L::forward_training(call);
      else L::forward(call);
    });
  }
  static void gather(Memory& memory, const Work& work) {
    call_forward<true, false>(memory, work, [](const auto& call) { L::gather(call); });
  }

  template <bool gathers>
  static void backward(Memory& memory, const Work& work) {
    using Call = Backward<B, V, plan.value_borders[input(0)], plan.value_borders[I], plan.gradient_borders[input(0)],
                          plan.gradient_borders[I], node.fixed()>;
    const auto parameters = node_parameters<Net, I>(memory.parameters);
    const auto parameter_gradients = gradients_of(work.leader);
    const auto operands = each_operand([&](std::size_t o) { return memory.read(input(o), work, true); });
    const auto input_gradients = each_operand([&](std::size_t o) -> T* {
      if (!plan.has_gradient[input(o)] || plan.passes[slot(o)] || gathers) return nullptr;
      if (plan.opens[slot(o)]) return memory.gradient_of(input(o), work);
      return memory.address(plan.parts[slot(o)], Plan::shape_of(input(o)), {}, work);
    });
    const Call call{.batch = work.count,
                    .first = memory.batch.first + work.first,
                    .input = operands[0],
                    .inputs = operands.data(),
                    .output = memory.value_of(I, work, true),
                    .output_gradient = memory.gradient_of(I, work),
                    .input_gradient = input_gradients[0],
                    .input_gradients = input_gradients.data(),
                    .parameters = parameters.data(),
                    .prepared = memory.prepared_of(I),
                    .parameter_gradients = parameter_gradients.data(),
                    .accumulator = work.leader.accumulator_of(I),
                    .gathered = work.thread.gathered_of(I),
                    .saved = memory.saved_of(I),
                    .scratch = work.thread.scratch.data(),
                    .random = memory.random.split(I)};
    if constexpr (gathers) {
      L::gather_gradients(with_part(work.part, call));
    } else {
      if (input_gradients[0] != nullptr)
        clear_borders<B::input_shape, plan.gradient_borders[input(0)]>(input_gradients[0], work);
      L::backward(with_part(work.part, call));
    }
  }

  /// Whether backward makes parts of gradients, which are then to be added to what other readers have made.
  static constexpr bool adds() {
    bool any = false;
    for (std::size_t o = 0; o < B::input_count; ++o) any |= plan.has_gradient[input(o)] && !plan.opens[slot(o)];
    return any;
  }
  static void add(Memory& memory, const Work& work) {
    for (std::size_t o = 0; o < B::input_count; ++o) {
      if (!plan.has_gradient[input(o)] || plan.opens[slot(o)]) continue;
      const Share own = work.part.share(work.count * Plan::shape_of(input(o)).size());
      add_to<V>(own.size(), memory.gradient_of(input(o), work) + own.begin,
                memory.address(plan.parts[slot(o)], Plan::shape_of(input(o)), {}, work) + own.begin);
    }
  }

  /// With what all threads gathered. Of the members of a team one counts the gradients, which all find.
  static void conclude(Memory& memory, std::span<const double* const> gathered, std::size_t batch, bool of_gradients,
                       Thread& first, bool counted) {
    std::array<T*, Parameters::capacity> parameter_gradients{};
    if (of_gradients) parameter_gradients = gradients_of(first, counted);
    const auto parameters = node_parameters<Net, I>(memory.parameters);
    const Conclude<B, V> call{.batch = batch,
                              .gathered = gathered,
                              .parameters = parameters.data(),
                              .parameter_gradients = parameter_gradients.data(),
                              .saved = memory.saved_of(I)};
    if (of_gradients) L::conclude_gradients(call);
    else L::conclude(call);
  }

  static void finish_gradients(Thread& thread, Part part) {
    const auto gradients = gradients_of(thread);
    const FinishGradients<B, V> call{thread.accumulator_of(I), gradients.data()};
    if constexpr (node.trainable_count() > 0 && requires { L::finish_gradients(call); })
      if (rules<L>::shares || part.leads()) L::finish_gradients(with_part(rules<L>::shares ? part : all, call));
  }

  static void update_state(Memory& memory, T* all_parameters) {
    const auto parameters = node_parameters<Net, I>(all_parameters);
    const UpdateState<B, V> call{parameters.data(), memory.saved_of(I)};
    if constexpr (!node.frozen && requires { L::update_state(call); }) L::update_state(call);
  }

 private:
  static constexpr Part all = Part::nth(0, 1);

  /// The tensor of an operand; its number among all operands.
  static constexpr std::size_t input(std::size_t operand) {
    return static_cast<std::size_t>(Net::network().input_of(I, static_cast<int>(operand)));
  }
  static constexpr std::size_t slot(std::size_t operand) {
    return Net::network().slot(I, static_cast<int>(operand));
  }
  /// f(operand) for each, as an array.
  template <class F>
  static auto each_operand(F&& f) {
    return [&]<std::size_t... O>(std::index_sequence<O...>) { return std::array{f(O)...}; }
    (std::make_index_sequence<B::input_count>{});
  }
  static std::array<T*, Parameters::capacity> gradients_of(Thread& thread, bool counted = true) {
    constexpr auto offsets = node.offsets();
    std::array<T*, Parameters::capacity> gradients{};
    if constexpr (!node.fixed())
      for (std::size_t p = 0; p < B::parameters.count; ++p)
        if (B::parameters.list[p].trainable) gradients[p] = thread.gradient_of(node, offsets[p], counted);
    return gradients;
  }

  template <bool training, bool again, class Run>
  static void call_forward(Memory& memory, const Work& work, Run run) {
    using Call = Forward<B, V, plan.value_borders[input(0)], plan.value_borders[I]>;
    const auto parameters = node_parameters<Net, I>(memory.parameters);
    const auto operands = each_operand([&](std::size_t o) { return memory.read(input(o), work, again); });
    run(with_part(work.part, Call{.batch = work.count,
                                  .first = memory.batch.first + work.first,
                                  .input = operands[0],
                                  .inputs = operands.data(),
                                  .output = memory.value_of(I, work, again),
                                  .parameters = parameters.data(),
                                  .prepared = memory.prepared_of(I),
                                  .gathered = work.thread.gathered_of(I),
                                  .saved = training ? memory.saved_of(I) : nullptr,
                                  .scratch = work.thread.scratch.data(),
                                  .random = memory.random.split(I)}));
  }

  /// Zeros around images that nobody has made yet.
  template <Shape shape, Border border>
  static void clear_borders(T* images, const Work& work) {
    if constexpr (border != Border{})
      for (std::size_t n = 0; n < (work.part.leads() ? work.count : 0); ++n)
        kernels::clear_border<shape, border>(images + n * bordered_size(shape, border));
  }
};

}  // namespace strata::detail
