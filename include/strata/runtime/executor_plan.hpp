// What an Executor knows when it is compiled: the memory that each layer wants for training.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include <strata/core/algorithms.hpp>
#include <strata/core/arena.hpp>
#include <strata/core/bound.hpp>
#include <strata/core/part.hpp>
#include <strata/graph/definition.hpp>
#include <strata/graph/lower.hpp>

namespace strata::detail {

/// Constants and types only. `I` is a node; sizes are elements. `alone`: there is one thread. `synchronized`: gathering
/// layers exchange what they gather with the other members of a team.
template <class Net, class V, Algorithms Choice, bool alone, bool synchronized>
struct ExecutorPlan {
  using T = typename V::value_type;
  using Part = std::conditional_t<alone, Whole, detail::Part>;

  static constexpr std::size_t nodes = Net::network().node_count, inputs = Net::input_count;
  static constexpr const auto& plan = Net::training_plan();

  template <std::size_t I>
  using LayerAt = LayerBy<LayerOf<Net, I>, Choice>;
  template <std::size_t I>
  using BoundAt = BoundBy<BoundOf<Net, I>, Choice>;
  /// Whether several threads share a sample's work: where the layer can, and there is enough of it.
  template <std::size_t I>
  static constexpr bool shares = rules<LayerAt<I>>::shares && BoundAt<I>::worth_sharing;
  static constexpr const NodeInfo& node_at(std::size_t index) { return Net::network().nodes[index]; }
  static constexpr Shape shape_of(std::size_t tensor) { return Net::network().tensors[tensor].shape; }

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

  /// Of a stage of backward: the nodes from `begun` on have begun their gradients when it ends, those from `complete` on
  /// have them.
  struct Reached {
    std::size_t begun = 0, complete = 0;
  };
  static constexpr auto reached = [] {
    std::array<int, nodes> first{}, last{};  // stages that add to a node's gradients
    std::array<Reached, (std::max)(std::size_t{1}, static_cast<std::size_t>(plan.stage_count))> reached{};
    for (int s = plan.forward_stages; s < plan.stage_count; ++s)
      for (int a = plan.stages[static_cast<std::size_t>(s)].begin; a < plan.stages[static_cast<std::size_t>(s)].end; ++a) {
        const Action action = plan.actions[static_cast<std::size_t>(a)];
        const std::size_t n = static_cast<std::size_t>(action.node);
        if (action.pass == Pass::again) continue;
        if (first[n] == 0) first[n] = s;
        last[n] = s;
      }
    for (int s = plan.forward_stages; s < plan.stage_count; ++s)
      for (std::size_t n = inputs; n < nodes; ++n) {
        if (node_at(n).trainable_count() == 0) continue;
        if (first[n] > s) reached[static_cast<std::size_t>(s)].begun = n + 1;
        if (last[n] > s) reached[static_cast<std::size_t>(s)].complete = n + 1;
      }
    return reached;
  }();
  static constexpr std::size_t gradient_of_node(std::size_t node) {
    return node == nodes ? Net::trainable_param_count : node_at(node).gradient_offset;
  }

  /// The most weights of a node whose gradients are made but not wanted.
  static constexpr std::size_t dropped_size = [] {
    std::size_t most = 0;
    for (std::size_t n = 0; n < nodes; ++n)
      if (const NodeInfo& node = node_at(n); plan.has_gradient[n] && !node.fixed())
        if (node.frozen || (synchronized && node.gathers())) most = (std::max)(most, node.weight_count);
    return most;
  }();
};

}  // namespace strata::detail
