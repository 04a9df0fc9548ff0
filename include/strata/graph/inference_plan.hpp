// What inference runs, and a place in memory for what flows between the steps: tensors that share memory, borders for
// the padding of convolutions, lifetimes, offsets.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/fusion.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/memory_plan.hpp>

namespace strata {

namespace detail {

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
  constexpr const LayerRules& rules_of(int node) const { return *network_.nodes[at(node)].rules; }
  constexpr Kind kind(int node) const { return rules_of(node).kind; }

  /// What is concatenated is made in its slice of the result, what is padded inside of it, and a step that may work in
  /// place does so where nobody reads its operand after it.
  constexpr void share_memory() {
    plan_.host.fill(-1);
    std::array<bool, N> refuses{};  // somebody who knows no slices makes or reads it
    for (std::size_t s = 0; s < plan_.step_count; ++s) {
      const InferenceStep& step = plan_.steps[s];
      const bool strided = rules_of(step.head).views != Views::none;
      refuses[at(step.output)] |= !strided;
      each_read(network_, plan_, step, [&](int tensor, Shape shape) {
        refuses[at(tensor)] |= !strided || shape.rank < 2 || shape != network_.tensor(tensor).shape;
      });
    }
    for (int n = nodes(); n-- > 0;)
      if (places(kind(n)) && plan_.source_of(n) == n) host_operands(n, refuses);
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
          kind(tensor) == Kind::padding)
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
      bool needed = !places(kind(step.head));
      for (int operand = 0; !needed && operand < network_.nodes[at(step.head)].operand_count; ++operand)
        needed = !made_in_slice(network_, plan_, step.head, operand);
      if (needed) plan_.steps[kept++] = step;
    }
    plan_.step_count = kept;
  }
  constexpr void work_in_place(int s) {
    const InferenceStep& step = plan_.steps[at(s)];
    const int output = step.output;
    if (!rules_of(step.head).in_place || plan_.host[at(output)] >= 0 || plan_.result[at(output)] >= 0) return;
    for (int operand = 0; operand < network_.nodes[at(step.head)].operand_count; ++operand) {
      const int tensor = plan_.source_of(network_.input_of(at(step.head), operand)), root = plan_.root_of(tensor);
      if (tensor < inputs() || plan_.result[at(root)] >= 0 || plan_.borders[at(tensor)] != Border{} ||
          last_read_[at(root)] > s || network_.tensor(tensor).shape != network_.tensor(output).shape)
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

  /// Room for zeros around images that only steps make and read that take such.
  constexpr void choose_borders() {
    std::array<bool, N> refused{};
    std::array<Border, N> wanted{};
    for (int n = 0; n < nodes(); ++n)
      refused[at(plan_.root_of(n))] |= n < inputs() || plan_.result[at(n)] >= 0;
    for (std::size_t s = 0; s < plan_.step_count; ++s) {
      const InferenceStep& step = plan_.steps[s];
      const bool linear = kind(step.head) == Kind::linear, takes = linear || rules_of(step.head).views != Views::none;
      refused[at(plan_.root_of(step.output))] |= !takes;
      each_operand(network_, plan_, step, [&](int tensor, Shape shape) {
        const std::size_t root = at(plan_.root_of(tensor));
        refused[root] |= !takes || shape.rank < 2 || shape != network_.tensor(tensor).shape;
        if (linear)
          wanted[root] = (max)(wanted[root], rules_of(step.head).border(shape).beyond(plan_.borders[at(tensor)]));
      });
    }
    for (std::size_t t = 0; t < N; ++t) {
      const std::size_t root = at(plan_.root[t]);
      if (!refused[root]) plan_.borders[t] = plan_.borders[t].within(wanted[root]);
    }
  }

  const Lowered<N, Operands>& network_;
  InferencePlan<N> plan_;
  std::array<int, N> last_read_{};  ///< of each root: step
};

}  // namespace detail

namespace detail {

/// A second-level cache.
inline constexpr std::size_t cache_bytes = 2u << 20;

/// Weights that fill much of the cache are read once for several samples, unless these samples' images are more to read
/// than the weights. What the layers estimate holds for every processor, and so does the memory that is planned.
template <Algorithms Choice, std::size_t N, std::size_t Operands>
constexpr std::array<int, N> choose_sweeps(const Lowered<N, Operands>& network, const InferencePlan<N>& plan) {
  std::array<int, N> sweeps{};
  sweeps.fill(1);
  for (std::size_t s = 0; s < plan.step_count; ++s) {
    const NodeInfo& head = network.nodes[at(plan.steps[s].head)];
    if (head.rules->kind != Kind::linear) continue;
    const std::size_t weights = head.rules->weights_size(head.input, Choice::largest_tile);
    const std::size_t images = head.input.size() + network.tensor(head.output).shape.size();
    if (weights > cache_bytes / sizeof(float) / 4 && weights > images) sweeps[s] = Choice::sweep;
  }
  return sweeps;
}

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

/// Elements of a root's memory.
template <std::size_t N, std::size_t Operands>
constexpr std::size_t size_of(const Lowered<N, Operands>& network, const InferencePlan<N>& plan, std::size_t root) {
  const Shape shape = network.tensors[root].shape;
  const Border border = plan.borders[root];
  if (plan.rolling[root] == 0) return bordered_size(shape, border);
  return static_cast<std::size_t>(plan.rolling[root]) * static_cast<std::size_t>(row_of(shape, border));
}

/// Steps that are done depth first, band by band of rows: what is large between them is never there as a whole, and read
/// while it is in the cache.
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
  static constexpr std::size_t large = cache_bytes / 4;  ///< an image that is worth it
  static constexpr std::size_t room = cache_bytes / 4;   ///< for what is between the steps of a run
  static constexpr int least_band = 2, most_band = 16;   ///< rows of the last step

  constexpr int made(int s) const { return plan_.steps[at(s)].output; }
  constexpr int read(int s) const { return plan_.source_of(network_.input_of(at(plan_.steps[at(s)].head), 0)); }

  constexpr bool works_by_rows(int s) const {
    const NodeInfo& node = network_.nodes[at(plan_.steps[at(s)].head)];
    return plan_.sweeps[at(s)] == 1 && node.rules->kind == Kind::linear && node.rules->row_window(node.input).reach > 0 &&
           plan_.borders[at(read(s))].covers(node.rules->border(node.input)) &&
           node.input == network_.tensor(read(s)).shape;
  }
  /// It reads what the step before makes, which nobody else does.
  constexpr bool continues(int s) const {
    const int between = made(s - 1), root = plan_.root_of(between);
    return root == read(s) && network_.tensor(between).shape.size() * sizeof(float) >= large && works_by_rows(s - 1) &&
           works_by_rows(s) && between == padded_in(network_, plan_, root) && plan_.result[at(root)] < 0 &&
           touched(root) == 2;
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
    each_between(begin, last, band, [&](std::size_t root, int rows) {
      bytes += static_cast<std::size_t>(rows) * sizeof(float) *
               static_cast<std::size_t>(row_of(network_.tensors[root].shape, plan_.borders[root]));
    });
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

}  // namespace detail

/// Gives each tensor its place, by `plan.sweeps`: 1, or the same number for all steps that do not run sample by sample.
template <std::size_t N, std::size_t Operands>
constexpr InferencePlan<N> place_tensors(const Lowered<N, Operands>& network, InferencePlan<N> plan) {
  using detail::at;
  const std::array<int, N>& sweep = plan.sweeps;
  // Steps of one sweep follow each other for every sample (or group of samples): a segment.
  std::array<int, N> segment_begin{}, segment_end{};
  const int steps = static_cast<int>(plan.step_count);
  for (int s = 0; s < steps; ++s)
    segment_begin[at(s)] = s > 0 && sweep[at(s)] == 1 && sweep[at(s - 1)] == 1 ? segment_begin[at(s - 1)] : s;
  for (int s = steps; s-- > 0;)
    segment_end[at(s)] = s + 1 < steps && segment_begin[at(s + 1)] == segment_begin[at(s)] ? segment_end[at(s + 1)] : s;

  // What a run of steps makes is there from its begin on.
  const auto run_begin = [&](int s) {
    while (s > 0 && plan.run_end[at(s - 1)] == plan.run_end[at(s)]) --s;
    return s;
  };
  // From the step that makes a root, or the first part of it, to the last that reads it, or a part of it.
  std::array<int, N> first{};
  first.fill(-1);
  plan.blocks = {};
  plan.clears.fill(-1);
  for (int s = 0; s < steps; ++s) {
    const InferenceStep& step = plan.steps[at(s)];
    const std::size_t made = at(plan.root_of(step.output));
    if (first[made] < 0) {
      first[made] = s;
      const int image = detail::padded_in(network, plan, static_cast<int>(made));
      if (plan.borders[at(image)] != Border{} && plan.rolling[made] == 0) plan.clears[at(s)] = image;
    }
    detail::each_read(network, plan, step, [&](int tensor, Shape) { plan.blocks[at(plan.root_of(tensor))].last = s; });
  }
  plan.samples.fill(1);
  const int most = *std::max_element(sweep.begin(), sweep.end());
  for (std::size_t t = network.input_count; t < network.node_count; ++t) {
    Lifetime& block = plan.blocks[t];
    if (block.last < 0 || plan.result[t] >= 0) {
      block = {};
      continue;
    }
    const std::size_t begin = at(first[t]), end = at(block.last);
    const bool several = segment_begin[begin] != segment_begin[end];
    // While any step of a segment runs that touches it.
    block.first = several ? segment_begin[begin] : run_begin(first[t]);
    if (several) block.last = segment_end[end];
    plan.samples[t] = several ? most : 1;
    block.size = aligned_size<float>(detail::size_of(network, plan, t) * static_cast<std::size_t>(plan.samples[t]));
  }
  for (std::size_t t = 0; t < network.input_count; ++t) plan.blocks[t] = {};
  const auto memory = plan_memory(plan.blocks);
  plan.offsets = memory.offsets;
  plan.arena_size = memory.total;
  return plan;
}

namespace detail {

/// Where a block of the arena is, and while which steps run: 131072 @ 0, steps 1-2 (bytes; steps from 1).
template <std::size_t N>
constexpr Text place_of(const InferencePlan<N>& plan, std::size_t root, std::size_t element_bytes) {
  const Lifetime& block = plan.blocks[root];
  Text text;
  text << block.size * element_bytes << " @ " << plan.offsets[root] * element_bytes << ", steps " << block.first + 1
       << '-' << block.last + 1;
  if (plan.samples[root] > 1) text << ", " << plan.samples[root] << " samples";
  if (plan.rolling[root] > 0) text << ", " << plan.rolling[root] << " rows";
  return text;
}

}  // namespace detail

/// The steps of a network, and which of its tensors share memory.
template <std::size_t N, std::size_t Operands>
constexpr InferencePlan<N> fuse_steps(const Lowered<N, Operands>& network) {
  return detail::Sharing(network, detail::Fusion(network).plan()).plan();
}

/// What `Engine` runs with this choice of algorithms, and where its tensors live.
template <Algorithms Choice, std::size_t N, std::size_t Operands>
constexpr InferencePlan<N> plan_inference(const Lowered<N, Operands>& network, InferencePlan<N> steps) {
  steps.sweeps = detail::choose_sweeps<Choice>(network, steps);
  return place_tensors(network, detail::Runs(network, steps).plan());
}

}  // namespace strata
