// Steps that are done depth first, a few rows at a time.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/border.hpp>
#include <strata/core/machine.hpp>
#include <strata/core/window.hpp>
#include <strata/graph/fusion.hpp>
#include <strata/graph/lower.hpp>

namespace strata::detail {

/// The image in a root's memory around which are zeros: the root, or what is padded there.
template <std::size_t N, std::size_t Operands>
constexpr int padded_in(const Lowered<N, Operands>& network, const InferencePlan<N>& plan, int root) {
  if (network.nodes[at(root)].rules->kind == Kind::padding)
    for (int t = 0; t < root; ++t)
      if (plan.host[at(t)] == root) return t;
  return root;
}

/// Which rows of what the step before makes a step reads.
template <std::size_t N, std::size_t Operands>
constexpr RowWindow rows_read(const Lowered<N, Operands>& network, const InferencePlan<N>& plan, std::size_t step) {
  const int node = plan.steps[step].head, input = plan.source_of(network.input_of(at(node), 0));
  RowWindow window = network.nodes[at(node)].rules->row_window(network.nodes[at(node)].input);
  if (network.nodes[at(input)].rules->kind == Kind::padding)
    window.before += network.nodes[at(input)].rules->border(network.input_shape_of(at(input), 0)).top;
  return window;
}

/// Bytes of so many rows of a root, or of all of it (0).
template <std::size_t N, std::size_t Operands>
constexpr std::size_t bytes_of(const Lowered<N, Operands>& network, const InferencePlan<N>& plan, std::size_t root,
                               int rows) {
  const TensorInfo& tensor = network.tensors[root];
  const Border border = plan.borders[root];
  return bytes_of(tensor.element, plan.real_bytes) *
         (rows == 0 ? bordered_size(tensor.shape, border)
                    : static_cast<std::size_t>(rows) * static_cast<std::size_t>(row_of(tensor.shape, border)));
}

/// Steps that are done depth first, band by band of rows: what is large between them is never there as a whole, and
/// read while it is in the cache.
template <std::size_t N, std::size_t Operands>
class Runs {
 public:
  constexpr Runs(const Lowered<N, Operands>& network, const InferencePlan<N>& plan) : network_(network), plan_(plan) {
    const int steps = static_cast<int>(plan.step_count);
    for (int begin = 0, end = 0; begin < steps; begin = end) {
      end = begin + 1;
      while (end < steps && continues(end) && bytes_between(begin, end, least_band) <= room) ++end;
      if (end > begin + 1) choose_band(begin, end - 1);
      for (int s = begin; s < end; ++s) plan_.run_end[at(s)] = end;
    }
  }
  constexpr const InferencePlan<N>& plan() const { return plan_; }

 private:
  static constexpr std::size_t large = machine.second_cache / 4;  ///< an image that is worth it
  static constexpr std::size_t room = machine.second_cache / 4;   ///< for what is between the steps of a run
  static constexpr int least_band = 2, most_band = 16;   ///< rows of the last step

  constexpr int made(int s) const { return plan_.steps[at(s)].output; }
  constexpr int read(int s) const { return plan_.source_of(network_.input_of(at(plan_.steps[at(s)].head), 0)); }

  constexpr bool works_by_rows(int s) const {
    const NodeInfo& node = network_.nodes[at(plan_.steps[at(s)].head)];
    return plan_.sweeps[at(s)] == 1 && node.rules->kind == Kind::linear &&
           node.rules->row_window(node.input).reach > 0 &&
           plan_.borders[at(read(s))].covers(node.rules->border(node.input)) &&
           node.input == network_.tensor(read(s)).shape;
  }
  /// It reads what the step before makes, which nobody else does.
  constexpr bool continues(int s) const {
    const int between = made(s - 1), root = plan_.root_of(between);
    const TensorInfo& tensor = network_.tensor(between);
    return root == read(s) && tensor.shape.size() * bytes_of(tensor.element, plan_.real_bytes) >= large &&
           works_by_rows(s - 1) && works_by_rows(s) && between == padded_in(network_, plan_, root) &&
           plan_.result[at(root)] < 0 && touched(root) == 2;
  }
  /// How often a step makes or reads something there.
  constexpr int touched(int root) const {
    int count = 0;
    for (std::size_t s = 0; s < plan_.step_count; ++s) {
      each_read(network_, plan_, plan_.steps[s], [&](int tensor, Shape) { count += plan_.root_of(tensor) == root; });
      count += plan_.root_of(plan_.steps[s].output) == root;
    }
    return count;
  }

  /// As many rows at a time as there is room for.
  constexpr void choose_band(int begin, int last) {
    int band = most_band;
    while (band > least_band && bytes_between(begin, last, band) > room) --band;
    plan_.band[at(begin)] = band;
    each_between(begin, last, band, [&](std::size_t root, int rows) { plan_.rolling[root] = rows; });
  }
  constexpr std::size_t bytes_between(int begin, int last, int band) const {
    std::size_t bytes = 0;
    each_between(begin, last, band,
                 [&](std::size_t root, int rows) { bytes += bytes_of(network_, plan_, root, rows); });
    return bytes;
  }
  /// f(root, its rows that are there at a time) of what lies between the steps of a run.
  template <class F>
  constexpr void each_between(int begin, int last, int band, F f) const {
    for (int s = last, rows = band; s > begin; --s) {
      const RowWindow window = rows_read(network_, plan_, at(s));
      rows = window.end(rows) - window.first(0);
      f(at(read(s)), rows);
    }
  }

  const Lowered<N, Operands>& network_;
  InferencePlan<N> plan_;
};

}  // namespace strata::detail
