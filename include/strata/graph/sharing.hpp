// Tensors that share memory at inference: slices of a concatenation, images inside of their padding, steps that work in
// place; and borders, room for the padding of convolutions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/border.hpp>
#include <strata/graph/fusion.hpp>
#include <strata/graph/lower.hpp>

namespace strata::detail {

/// The place of a concatenation's or a padding's operand in the result, which may be a part of another itself.
template <std::size_t N, std::size_t Operands>
constexpr Border slice_of(const Lowered<N, Operands>& network, const InferencePlan<N>& plan, int node, int operand) {
  const auto shape = [&](int i) { return network.input_shape_of(at(node), i); };
  Border border;
  if (network.nodes[at(node)].rules->kind == Kind::padding) border = network.nodes[at(node)].rules->border(shape(0));
  for (int i = 0; i < network.nodes[at(node)].operand_count; ++i)
    if (i != operand) (i < operand ? border.front : border.back) += shape(i).channels();
  return border.within(plan.borders[at(node)]);
}
/// The operand is made there, not copied.
template <std::size_t N, std::size_t Operands>
constexpr bool made_in_slice(const Lowered<N, Operands>& network, const InferencePlan<N>& plan, int node,
                             int operand) {
  const int tensor = plan.source_of(network.input_of(at(node), operand));
  return plan.host[at(tensor)] == node && plan.borders[at(tensor)] == slice_of(network, plan, node, operand);
}

template <std::size_t N, std::size_t Operands>
class Sharing {
 public:
  constexpr Sharing(const Lowered<N, Operands>& network, const InferencePlan<N>& plan)
      : network_(network), plan_(plan) {
    share_memory();
    choose_borders();
  }
  constexpr const InferencePlan<N>& plan() const { return plan_; }

 private:
  constexpr int nodes() const { return static_cast<int>(network_.node_count); }
  constexpr int inputs() const { return static_cast<int>(network_.input_count); }

  /// What is concatenated is made in its slice of the result, what is padded inside of it, and a step that may work in
  /// place does so where nobody reads its operand after it.
  constexpr void share_memory() {
    plan_.host.fill(-1);
    std::array<bool, N> refuses{};  // somebody who knows no slices makes or reads it
    for (std::size_t s = 0; s < plan_.step_count; ++s) {
      const InferenceStep& step = plan_.steps[s];
      const bool strided = network_.rules_of(step.head).views != Views::none;
      refuses[at(step.output)] |= !strided;
      each_read(network_, plan_, step, [&](int tensor, Shape shape) {
        refuses[at(tensor)] |= !strided || shape.rank < 2 || shape != network_.tensor(tensor).shape;
      });
    }
    for (int n = nodes(); n-- > 0;)
      if (places(network_.kind_of(n)) && plan_.source_of(n) == n) host_operands(n, refuses);
    for (std::size_t t = 0; t < N; ++t) plan_.root[t] = static_cast<int>(t);
    for (std::size_t t = N; t-- > 0;)  // a host comes after its operands
      if (plan_.host[t] >= 0) join(static_cast<int>(t), plan_.host[t]);
    drop_placed();
    for (std::size_t s = 0; s < plan_.step_count; ++s)
      each_read(network_, plan_, plan_.steps[s],
                [&](int tensor, Shape) { last_read_[at(plan_.root_of(tensor))] = static_cast<int>(s); });
    for (std::size_t s = 0; s < plan_.step_count; ++s) work_in_place(static_cast<int>(s));
  }

  constexpr void host_operands(int node, const std::array<bool, N>& refuses) {
    for (int operand = 0; operand < network_.nodes[at(node)].operand_count; ++operand) {
      const int tensor = plan_.source_of(network_.input_of(at(node), operand));
      if (tensor < inputs() || plan_.result[at(tensor)] >= 0 || plan_.host[at(tensor)] >= 0 || refuses[at(tensor)] ||
          network_.kind_of(tensor) == Kind::padding)
        continue;
      plan_.host[at(tensor)] = node;
      plan_.borders[at(tensor)] = slice_of(network_, plan_, node, operand);
    }
  }
  /// Nothing is left to do where the operands are all in their places.
  constexpr void drop_placed() {
    std::size_t kept = 0;
    for (std::size_t s = 0; s < plan_.step_count; ++s) {
      const InferenceStep step = plan_.steps[s];
      bool needed = !places(network_.kind_of(step.head));
      for (int operand = 0; !needed && operand < network_.nodes[at(step.head)].operand_count; ++operand)
        needed = !made_in_slice(network_, plan_, step.head, operand);
      if (needed) plan_.steps[kept++] = step;
    }
    plan_.step_count = kept;
  }
  constexpr void work_in_place(int s) {
    const InferenceStep& step = plan_.steps[at(s)];
    const int output = step.output;
    if (!network_.rules_of(step.head).in_place || plan_.host[at(output)] >= 0 || plan_.result[at(output)] >= 0) return;
    for (int operand = 0; operand < network_.nodes[at(step.head)].operand_count; ++operand) {
      const int tensor = plan_.source_of(network_.input_of(at(step.head), operand)), root = plan_.root_of(tensor);
      if (tensor < inputs() || plan_.result[at(root)] >= 0 || plan_.borders[at(tensor)] != Border{} ||
          last_read_[at(root)] > s || network_.tensor(tensor).shape != network_.tensor(output).shape ||
          network_.tensor(tensor).element != network_.tensor(output).element)
        continue;
      plan_.host[at(output)] = tensor;
      join(output, tensor);
      return;
    }
  }
  constexpr void join(int tensor, int host) {
    const int root = plan_.root_of(host);
    plan_.root[at(tensor)] = root;
    last_read_[at(root)] = (std::max)(last_read_[at(root)], last_read_[at(tensor)]);
  }

  /// Room for zeros around images that only steps make and read that take such. Where these images' pixels lie so far
  /// apart that windows would fight for a few sets of the first-level cache, a gap of one of its lines after each.
  constexpr void choose_borders() {
    std::array<bool, N> refused{}, gapless{};
    std::array<Border, N> wanted{};
    for (int n = 0; n < nodes(); ++n)
      refused[at(plan_.root_of(n))] |= n < inputs() || plan_.result[at(n)] >= 0;
    for (std::size_t s = 0; s < plan_.step_count; ++s) {
      const InferenceStep& step = plan_.steps[s];
      const LayerRules& rules = network_.rules_of(step.head);
      const bool linear = rules.kind == Kind::linear, takes = linear || rules.views != Views::none;
      refused[at(plan_.root_of(step.output))] |= !takes;
      gapless[at(plan_.root_of(step.output))] |= rules.views == Views::none;
      each_operand(network_, plan_, step, [&](int tensor, Shape shape) {
        const std::size_t root = at(plan_.root_of(tensor));
        refused[root] |= !takes || shape.rank < 2 || shape != network_.tensor(tensor).shape;
        gapless[root] |= rules.views == Views::none;
        if (linear)
          wanted[root] = (max)(wanted[root], rules.border(shape).beyond(plan_.borders[at(tensor)]));
      });
    }
    constexpr int line = 16, aliasing = 256;  // real numbers
    for (std::size_t t = 0; t < N; ++t)
      if (const TensorInfo& tensor = network_.tensors[t]; !gapless[t] && wanted[t] != Border{} &&
                                                          tensor.element == Element::real &&
                                                          tensor.shape.channels() % aliasing == 0)
        wanted[t].back = line;
    for (std::size_t t = 0; t < N; ++t) {
      const std::size_t root = at(plan_.root[t]);
      if (!refused[root]) plan_.borders[t] = plan_.borders[t].within(wanted[root]);
    }
  }

  const Lowered<N, Operands>& network_;
  InferencePlan<N> plan_;
  std::array<int, N> last_read_{};  ///< of each root: step
};

}  // namespace strata::detail
