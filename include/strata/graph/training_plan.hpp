// What training keeps in memory: every value from its making to its last reader, forward or backward, and the gradient
// of each value from its last consumer's backward step to its producer's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/arena.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/memory_plan.hpp>

namespace strata {

/// Offsets per sample, in elements, of an arena that a batch multiplies.
template <std::size_t N>
struct TrainingPlan {
  std::array<std::size_t, N> values{};
  std::array<std::size_t, N> gradients{};
  std::array<bool, N> has_gradient{};  ///< something trainable lies upstream
  std::size_t total = 0;
};

/// Step i runs node i forward, step N computes the loss, step 2N - i runs node i backward.
/// A view (Flatten) shares its input's place, for the value and for the gradient.
template <std::size_t N>
constexpr TrainingPlan<N> plan_training(const Lowered<N>& network) {
  constexpr int steps = static_cast<int>(N);
  TrainingPlan<N> plan;
  std::array<std::size_t, N> root{};
  std::array<Lifetime, 2 * N> blocks{};  // values, then gradients in reverse
  const auto gradient_block = [](std::size_t tensor) { return 2 * N - 1 - tensor; };

  for (std::size_t t = 0; t < N; ++t) {
    const Node& node = network.nodes[t];
    const int step = static_cast<int>(t);
    root[t] = t;
    if (node.operand_count == 0) continue;  // the input is the caller's memory
    const std::size_t input = static_cast<std::size_t>(network.input_of(t));
    const std::size_t input_root = root[input];
    plan.has_gradient[t] = plan.has_gradient[input];
    for (const Parameter& parameter : node.parameters) plan.has_gradient[t] |= parameter.trainable;
    const bool view = node.rules->training_kind == Kind::view && input_root != 0;
    if (view) root[t] = input_root;
    else blocks[t] = {aligned_size<float>(network.tensors[t].shape.size()), step, step};

    const auto extend = [&](std::size_t tensor, int until) {
      blocks[tensor].last = std::max(blocks[tensor].last, until);
    };
    extend(input_root, step);
    if (plan.has_gradient[t] && node.rules->backward_needs.input && !view) extend(input_root, 2 * steps - step);
    if (plan.has_gradient[t] && node.rules->backward_needs.output && !view) extend(t, 2 * steps - step);
    if (t + 1 == N) {  // a loss reads the output, or, where it undoes the last node, that node's input
      extend(root[t], steps);
      extend(input_root, steps + 1);
    }
  }
  const auto open = [&](std::size_t tensor, int step) {
    Lifetime& block = blocks[gradient_block(tensor)];
    if (plan.has_gradient[tensor] && block.size == 0)
      block = {aligned_size<float>(network.tensors[tensor].shape.size()), step, step};
  };
  open(root[N - 1], steps);
  for (std::size_t n = N - 1; n > 0; --n) {
    if (!plan.has_gradient[n] || root[n] != n) continue;
    const int step = 2 * steps - static_cast<int>(n);
    blocks[gradient_block(n)].last = step;
    for (int operand = 0; operand < network.nodes[n].operand_count; ++operand)
      open(root[static_cast<std::size_t>(network.input_of(n, operand))], step);
  }
  const auto memory = plan_memory(blocks);
  for (std::size_t t = 0; t < N; ++t) {
    plan.values[t] = memory.offsets[root[t]];
    plan.gradients[t] = memory.offsets[gradient_block(root[t])];
  }
  plan.total = memory.total;
  return plan;
}

}  // namespace strata
