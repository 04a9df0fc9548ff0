// Fusion: the steps that inference runs. It looks at a layer's kind, never at its name, so users' own layers fuse like
// ours.
#pragma once

#include <array>
#include <cstddef>

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
  std::array<int, N> host{};             ///< of each tensor: another one whose memory it shares, or -1
  std::array<int, N> root{};             ///< of each tensor: the last of its hosts, or itself
  std::array<Border, N> borders{};       ///< of each tensor
  std::array<int, N> sweeps{};           ///< of each step: the samples that it works on at once
  std::array<int, N> samples{};          ///< of each root that are in the arena at once
  std::size_t real_bytes = 0;            ///< of a real number
  std::array<std::size_t, N> offsets{};  ///< of each root, borders included, in bytes
  std::array<Lifetime, N> blocks{};      ///< of each root in the arena: bytes, steps
  std::size_t arena_bytes = 0;
  std::array<int, N> result{};           ///< of each tensor: which of the caller's outputs it is, or -1
  std::array<int, N> run_end{};          ///< of each step: behind the run of steps that are done depth first, by bands
  std::array<int, N> band{};             ///< of a run's first step: rows that its last step makes at a time
  std::array<int, N> rolling{};          ///< of each root: how many rows of it are there at a time, or 0: all
  std::array<int, N> clears{};           ///< of each step: where it makes the first part of a root, the image around
                                         ///< which it writes zeros, or -1

  constexpr int source_of(int tensor) const { return source[static_cast<std::size_t>(tensor)]; }
  constexpr int root_of(int tensor) const { return root[static_cast<std::size_t>(tensor)]; }
};

namespace detail {

constexpr std::size_t at(int index) { return static_cast<std::size_t>(index); }

/// f(tensor, its shape as the step sees it) for each operand of a step's head.
template <std::size_t N, std::size_t Operands, class F>
constexpr void each_operand(const Lowered<N, Operands>& network, const InferencePlan<N>& plan,
                            const InferenceStep& step, F f) {
  for (int operand = 0; operand < network.nodes[at(step.head)].operand_count; ++operand)
    f(plan.source_of(network.input_of(at(step.head), operand)), network.input_shape_of(at(step.head), operand));
}
/// And for all that the step reads.
template <std::size_t N, std::size_t Operands, class F>
constexpr void each_read(const Lowered<N, Operands>& network, const InferencePlan<N>& plan, const InferenceStep& step,
                         F f) {
  each_operand(network, plan, step, f);
  if (step.residual >= 0) f(step.residual, network.tensor(step.residual).shape);
}

template <std::size_t N, std::size_t Operands>
class Fusion {
 public:
  constexpr explicit Fusion(const Lowered<N, Operands>& network) : network_(network) {
    resolve_views();
    for (int n = inputs(); n < nodes(); ++n)
      if (plan_.source_of(n) == n && !absorbed_[at(n)]) start_step(n);
  }
  constexpr const InferencePlan<N>& plan() const { return plan_; }

 private:
  constexpr int nodes() const { return static_cast<int>(network_.node_count); }
  constexpr int inputs() const { return static_cast<int>(network_.input_count); }

  /// Views (Flatten, Dropout) vanish: their readers read what they read. Only an output may need a copy: of an input,
  /// or of another output.
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
      if (network_.kind_of(n) == Kind::view && !copies) plan_.source[at(n)] = input;
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
    const Kind kind = network_.kind_of(head);
    if (kind == Kind::linear)
      if (const int next = follower(step, Kind::affine);
          next != 0 && network_.input_shape_of(at(next)).channels() == network_.tensor(head).shape.channels())
        absorb(step, step.affine = next);
    if (kind == Kind::linear || kind == Kind::affine || kind == Kind::elementwise)
      for (;;) {
        if (const int next = follower(step, Kind::elementwise);
            next != 0 && step.epilogue_count < InferenceStep::max_epilogue)
          absorb(step, step.epilogue[at(step.epilogue_count++)] = next);
        else if (kind != Kind::linear || !absorb_sum(step))
          break;
      }
    made_[at(step.output)] = true;
  }

  /// The only reader of what a step makes, if it is of this kind.
  constexpr int follower(const InferenceStep& step, Kind wanted) const {
    const int next = readers_[at(step.output)] == 1 ? reader_[at(step.output)] : 0;
    return next != 0 && network_.kind_of(next) == wanted ? next : 0;
  }
  constexpr void absorb(InferenceStep& step, int node) { absorbed_[at(node)] = true, step.output = node; }

  /// A sum of two goes to the step that makes its last operand.
  constexpr bool absorb_sum(InferenceStep& step) {
    const int sum = follower(step, Kind::sum);
    if (sum == 0 || step.residual >= 0 || network_.nodes[at(sum)].operand_count != 2) return false;
    const int first = plan_.source_of(network_.input_of(at(sum), 0));
    const int other = first == step.output ? plan_.source_of(network_.input_of(at(sum), 1)) : first;
    const Shape shape = network_.tensor(sum).shape;
    if (!made_[at(other)] || network_.tensor(other).shape != shape) return false;
    if (network_.tensor(step.output).shape.size() != shape.size()) return false;
    step.residual = other;
    step.residual_place = step.epilogue_count;
    absorb(step, sum);
    return true;
  }

  const Lowered<N, Operands>& network_;
  InferencePlan<N> plan_{};
  std::array<int, N> readers_{}, reader_{};
  std::array<bool, N> absorbed_{}, made_{};
};

}  // namespace detail
}  // namespace strata
