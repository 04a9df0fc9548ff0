// What inference runs, and a place in memory for what flows between the steps: tensors that share memory, borders for
// the padding of convolutions, lifetimes, offsets.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/core/machine.hpp>
#include <strata/graph/fusion.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/memory_plan.hpp>
#include <strata/graph/runs.hpp>
#include <strata/graph/sharing.hpp>

namespace strata {

namespace detail {

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
    if (weights > machine.second_cache / sizeof(float) / 4 && weights > images) sweeps[s] = Choice::sweep;
  }
  return sweeps;
}

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
    block.size = aligned_size<char>(detail::bytes_of(network, plan, t, plan.rolling[t]) *
                                    static_cast<std::size_t>(plan.samples[t]));
  }
  for (std::size_t t = 0; t < network.input_count; ++t) plan.blocks[t] = {};
  const auto memory = plan_memory(plan.blocks);
  plan.offsets = memory.offsets;
  plan.arena_bytes = memory.total;
  return plan;
}

namespace detail {

/// Where a block of the arena is, and while which steps run: 131072 @ 0, steps 1-2 (bytes; steps from 1).
template <std::size_t N>
constexpr Text place_of(const InferencePlan<N>& plan, std::size_t root) {
  const Lifetime& block = plan.blocks[root];
  Text text;
  text << block.size << " @ " << plan.offsets[root] << ", steps " << block.first + 1 << '-' << block.last + 1;
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

/// What `Engine` runs with this choice of algorithms on numbers of these bytes, and where its tensors live.
template <Algorithms Choice, std::size_t N, std::size_t Operands>
constexpr InferencePlan<N> plan_inference(const Lowered<N, Operands>& network, InferencePlan<N> steps,
                                          std::size_t real_bytes) {
  steps.real_bytes = real_bytes;
  steps.sweeps = detail::choose_sweeps<Choice>(network, steps);
  return place_tensors(network, detail::Runs(network, steps).plan());
}

}  // namespace strata
