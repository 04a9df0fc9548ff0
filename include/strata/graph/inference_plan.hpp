// What inference runs: the network's nodes fused into steps, and a place in memory for what flows between them.
// Fusion looks at a layer's kind, never at its name, so users' own layers fuse like ours.
#pragma once

#include <array>
#include <cstddef>

#include <strata/core/arena.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/memory_plan.hpp>

namespace strata {

/// One kernel call. A linear node takes the affine node after it (batch normalisation) into its weights; linear, affine
/// and element-wise nodes take the element-wise nodes after them as their epilogue.
struct InferenceStep {
  static constexpr int max_epilogue = 4;

  int head = 0;     ///< node
  int affine = -1;  ///< node, or none
  std::array<int, max_epilogue> epilogue{};
  int epilogue_count = 0;
  int input = 0;   ///< tensor; 0 is the caller's input
  int output = 0;  ///< tensor
};

template <std::size_t N>
struct InferencePlan {
  std::array<InferenceStep, N> steps{};
  std::size_t step_count = 0;
  std::array<std::size_t, N> offsets{};  ///< of each tensor in the arena, in elements of one sample
  std::size_t arena_size = 0;            ///< elements of one sample
  int output = 0;                        ///< the tensor that lives in the caller's output
};

template <std::size_t N>
constexpr InferencePlan<N> plan_inference(const Lowered<N>& network) {
  const auto at = [](int index) { return static_cast<std::size_t>(index); };
  const auto kind = [&](int node) { return network.nodes[at(node)].rules->kind; };
  const int nodes = static_cast<int>(network.node_count);

  // Views (Flatten, Dropout) vanish: their readers read what they read. Only an output needs a copy of the input.
  std::array<int, N> root{}, readers{}, reader{};
  for (int n = 1; n < nodes; ++n) {
    const int input = root[at(network.input_of(at(n)))];
    const bool copies_input = n == network.output() && input == 0;
    root[at(n)] = kind(n) == Kind::view && !copies_input ? input : n;
    if (root[at(n)] != n) continue;
    ++readers[at(input)];
    reader[at(input)] = n;
  }
  InferencePlan<N> plan;
  plan.output = root[at(network.output())];
  ++readers[at(plan.output)];  // the caller reads it

  std::array<bool, N> absorbed{};
  std::array<Lifetime, N> blocks{};
  for (int n = 1; n < nodes; ++n) {
    if (root[at(n)] != n || absorbed[at(n)]) continue;
    const int index = static_cast<int>(plan.step_count);
    InferenceStep& step = plan.steps[plan.step_count++];
    step.head = step.output = n;
    step.input = root[at(network.input_of(at(n)))];
    const auto follower = [&](Kind wanted) {
      const int next = readers[at(step.output)] == 1 ? reader[at(step.output)] : 0;
      return next != 0 && kind(next) == wanted ? next : 0;
    };
    const auto absorb = [&](int node) { absorbed[at(node)] = true, step.output = node; };
    if (kind(n) == Kind::linear)
      if (const int next = follower(Kind::affine);
          next != 0 && network.input_shape_of(at(next)).channels() == network.tensor(n).shape.channels())
        absorb(step.affine = next);
    if (kind(n) == Kind::linear || kind(n) == Kind::affine || kind(n) == Kind::elementwise)
      while (step.epilogue_count < InferenceStep::max_epilogue) {
        const int next = follower(Kind::elementwise);
        if (next == 0) break;
        absorb(step.epilogue[at(step.epilogue_count++)] = next);
      }
    if (step.input != 0) blocks[at(step.input)].last = index;
    if (step.output != plan.output)
      blocks[at(step.output)] = {aligned_size<float>(network.tensor(step.output).shape.size()), index, index};
  }
  const auto memory = plan_memory(blocks);
  plan.offsets = memory.offsets;
  plan.arena_size = memory.total;
  return plan;
}

}  // namespace strata
