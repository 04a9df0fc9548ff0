// What inference runs: the network's nodes fused into steps, and a place in memory for what flows between them.
// Fusion looks at a layer's kind, never at its name, so users' own layers fuse like ours.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/memory_plan.hpp>

namespace strata {

/// One kernel call. A linear node takes the affine node after it (batch normalisation) into its weights; linear, affine
/// and element-wise nodes take the element-wise nodes after them as their epilogue, linear ones a sum, too.
struct InferenceStep {
  static constexpr int max_epilogue = 4;

  int head = 0;     ///< node
  int affine = -1;  ///< node, or none
  std::array<int, max_epilogue> epilogue{};
  int epilogue_count = 0;
  int residual = -1;        ///< tensor that the epilogue adds, or none
  int residual_place = 0;   ///< after so many of its nodes
  int output = 0;           ///< tensor
};

template <std::size_t N>
struct InferencePlan {
  std::array<InferenceStep, N> steps{};
  std::size_t step_count = 0;
  std::array<int, N> source{};           ///< of each tensor: itself, or what a view shows
  std::array<Border, N> borders{};       ///< of each tensor in the arena
  std::array<int, N> samples{};          ///< of each tensor that are in the arena at once
  std::array<std::size_t, N> offsets{};  ///< of each tensor, borders included, in elements
  std::array<std::size_t, N> sizes{};    ///< from one sample of a tensor to the next
  std::array<Lifetime, N> blocks{};      ///< of each tensor in the arena: elements, steps
  std::size_t arena_size = 0;            ///< elements
  std::array<int, N> result{};           ///< of each tensor: which of the caller's outputs it lives in, or -1

  constexpr int source_of(int tensor) const { return source[static_cast<std::size_t>(tensor)]; }
};

namespace detail {

constexpr std::size_t at(int index) { return static_cast<std::size_t>(index); }

template <std::size_t N, std::size_t Operands>
class Fusion {
 public:
  constexpr explicit Fusion(const Lowered<N, Operands>& network) : network_(network) {
    resolve_views();
    for (int n = inputs(); n < nodes(); ++n)
      if (plan_.source_of(n) == n && !absorbed_[at(n)]) start_step(n);
    choose_borders();
  }
  constexpr const InferencePlan<N>& plan() const { return plan_; }

 private:
  constexpr int nodes() const { return static_cast<int>(network_.node_count); }
  constexpr int inputs() const { return static_cast<int>(network_.input_count); }
  constexpr Kind kind(int node) const { return network_.nodes[at(node)].rules->kind; }

  /// Views (Flatten, Dropout) vanish: their readers read what they read. Only an output may need a copy: of an input, or
  /// of another output.
  constexpr void resolve_views() {
    plan_.result.fill(-1);
    std::array<int, N> wanted = plan_.result;
    for (std::size_t k = 0; k < network_.output_count; ++k) wanted[at(network_.output(k))] = static_cast<int>(k);
    for (int n = 0; n < nodes(); ++n) {
      plan_.source[at(n)] = n;
      if (n < inputs()) {
        made_[at(n)] = true;
        continue;
      }
      const int input = plan_.source_of(network_.input_of(at(n)));
      const bool copies = wanted[at(n)] >= 0 && (input < inputs() || plan_.result[at(input)] >= 0);
      if (kind(n) == Kind::view && !copies) plan_.source[at(n)] = input;
      if (wanted[at(n)] >= 0) {
        plan_.result[at(plan_.source_of(n))] = wanted[at(n)];
        ++readers_[at(plan_.source_of(n))];  // the caller reads it
      }
      if (plan_.source_of(n) != n) continue;
      for (int operand = 0; operand < network_.nodes[at(n)].operand_count; ++operand) {
        const int tensor = plan_.source_of(network_.input_of(at(n), operand));
        ++readers_[at(tensor)];
        reader_[at(tensor)] = n;
      }
    }
  }

  constexpr void start_step(int head) {
    InferenceStep& step = plan_.steps[plan_.step_count++];
    step.head = step.output = head;
    if (kind(head) == Kind::linear)
      if (const int next = follower(step, Kind::affine);
          next != 0 && network_.input_shape_of(at(next)).channels() == network_.tensor(head).shape.channels())
        absorb(step, step.affine = next);
    if (kind(head) == Kind::linear || kind(head) == Kind::affine || kind(head) == Kind::elementwise)
      for (;;) {
        if (const int next = follower(step, Kind::elementwise);
            next != 0 && step.epilogue_count < InferenceStep::max_epilogue)
          absorb(step, step.epilogue[at(step.epilogue_count++)] = next);
        else if (kind(head) != Kind::linear || !absorb_sum(step))
          break;
      }
    made_[at(step.output)] = true;
  }

  /// The only reader of what a step makes, if it is of this kind.
  constexpr int follower(const InferenceStep& step, Kind wanted) const {
    const int next = readers_[at(step.output)] == 1 ? reader_[at(step.output)] : 0;
    return next != 0 && kind(next) == wanted ? next : 0;
  }
  constexpr void absorb(InferenceStep& step, int node) { absorbed_[at(node)] = true, step.output = node; }

  /// A sum of two goes to the step that makes its last operand.
  constexpr bool absorb_sum(InferenceStep& step) {
    const int sum = follower(step, Kind::sum);
    if (sum == 0 || step.residual >= 0 || network_.nodes[at(sum)].operand_count != 2) return false;
    const int first = plan_.source_of(network_.input_of(at(sum), 0));
    const int other = first == step.output ? plan_.source_of(network_.input_of(at(sum), 1)) : first;
    if (!made_[at(other)] || network_.tensor(other).shape != network_.tensor(sum).shape) return false;
    step.residual = other;
    step.residual_place = step.epilogue_count;
    absorb(step, sum);
    return true;
  }

  /// Room for zeros around a tensor that linear steps make and only linear steps read, as images.
  constexpr void choose_borders() {
    std::array<bool, N> refused{};
    std::array<Border, N> wanted{};
    for (int n = 0; n < nodes(); ++n) refused[at(n)] = n < inputs() || plan_.result[at(n)] >= 0;
    for (std::size_t s = 0; s < plan_.step_count; ++s) {
      const InferenceStep& step = plan_.steps[s];
      const std::size_t head = at(step.head);
      const bool linear = kind(step.head) == Kind::linear;
      refused[at(step.output)] |= !linear;
      for (int operand = 0; operand < network_.nodes[head].operand_count; ++operand) {
        const std::size_t tensor = at(plan_.source_of(network_.input_of(head, operand)));
        const Shape shape = network_.input_shape_of(head, operand);
        refused[tensor] |= !linear || shape.rank != 3 || shape != network_.tensors[tensor].shape;
        if (linear) wanted[tensor] = max(wanted[tensor], network_.nodes[head].rules->border(shape));
      }
    }
    for (std::size_t t = 0; t < N; ++t)
      if (!refused[t]) plan_.borders[t] = wanted[t];
  }

  const Lowered<N, Operands>& network_;
  InferencePlan<N> plan_{};
  std::array<int, N> readers_{}, reader_{};
  std::array<bool, N> absorbed_{}, made_{};
};

}  // namespace detail

/// Gives each tensor its place. `sweep` says how many samples a step works on at once: 1, or the same number for all
/// that do not run sample by sample.
template <std::size_t N, std::size_t Operands>
constexpr InferencePlan<N> place_tensors(const Lowered<N, Operands>& network, InferencePlan<N> plan,
                                         const std::array<int, N>& sweep) {
  using detail::at;
  // Steps of one sweep follow each other for every sample (or group of samples): a segment.
  std::array<int, N> segment_begin{}, segment_end{};
  const int steps = static_cast<int>(plan.step_count);
  for (int s = 0; s < steps; ++s)
    segment_begin[at(s)] = s > 0 && sweep[at(s)] == 1 && sweep[at(s - 1)] == 1 ? segment_begin[at(s - 1)] : s;
  for (int s = steps; s-- > 0;)
    segment_end[at(s)] = s + 1 < steps && segment_begin[at(s + 1)] == segment_begin[at(s)] ? segment_end[at(s + 1)] : s;

  std::array<int, N> maker{};  // step
  const int inputs = static_cast<int>(network.input_count);
  for (int s = 0; s < steps; ++s) maker[at(plan.steps[at(s)].output)] = s;
  std::array<Lifetime, N>& blocks = plan.blocks;
  blocks = {};
  plan.samples.fill(1);
  const auto each_read = [&](auto visit) {
    for (int s = 0; s < steps; ++s) {
      const InferenceStep& step = plan.steps[at(s)];
      for (int operand = 0; operand < network.nodes[at(step.head)].operand_count; ++operand)
        visit(s, plan.source_of(network.input_of(at(step.head), operand)));
      if (step.residual >= 0) visit(s, step.residual);
    }
  };
  each_read([&](int s, int tensor) {
    if (tensor < inputs) return;
    if (segment_begin[at(s)] != segment_begin[at(maker[at(tensor)])] || sweep[at(s)] > 1)
      plan.samples[at(tensor)] = *std::max_element(sweep.begin(), sweep.end());
  });
  // Several samples of a tensor live while any step of a segment that touches them runs.
  each_read([&](int s, int tensor) {
    if (tensor < inputs || plan.result[at(tensor)] >= 0) return;
    const bool several = plan.samples[at(tensor)] > 1;
    const int made = maker[at(tensor)];
    Lifetime& block = blocks[at(tensor)];
    plan.sizes[at(tensor)] = bordered_size(network.tensor(tensor).shape, plan.borders[at(tensor)]);
    block.size = aligned_size<float>(plan.sizes[at(tensor)] * static_cast<std::size_t>(plan.samples[at(tensor)]));
    block.first = several ? segment_begin[at(made)] : made;
    block.last = std::max(block.last, several ? segment_end[at(s)] : s);
  });
  const auto memory = plan_memory(blocks);
  plan.offsets = memory.offsets;
  plan.arena_size = memory.total;
  return plan;
}

/// The plan for sample after sample.
template <std::size_t N, std::size_t Operands>
constexpr InferencePlan<N> plan_inference(const Lowered<N, Operands>& network) {
  std::array<int, N> sweep{};
  sweep.fill(1);
  return place_tensors(network, detail::Fusion(network).plan(), sweep);
}

}  // namespace strata
