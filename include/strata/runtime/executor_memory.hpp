// Where an Executor's nodes find what they read, and make what they make.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <strata/core/arena.hpp>
#include <strata/core/border.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/parallel.hpp>
#include <strata/core/random.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/training_plan.hpp>

namespace strata::detail {

/// The memory of a batch. `Plan`: an ExecutorPlan. Nodes and tensors are numbers.
template <class Net, class Plan>
struct ExecutorMemory {
  using T = typename Plan::T;
  using Part = typename Plan::Part;
  static constexpr const auto& plan = Plan::plan;

  /// What a thread has for itself.
  struct Thread {
    Arena<T> single{plan.single_size}, scratch{Plan::scratch_size};
    Arena<T> accumulators{Plan::accumulator_offsets[Plan::nodes]}, own_gradients{}, dropped{Plan::dropped_size};
    Arena<double> gathered{Plan::gathered_offsets[Plan::nodes]};
    T* gradients = nullptr;

    /// The first thread adds to the caller's gradients.
    void begin_backward(T* callers) {
      if (callers == nullptr && own_gradients.size() == 0) own_gradients = Arena<T>(Net::trainable_param_count);
      gradients = callers == nullptr ? own_gradients.data() : callers;
    }
    /// Those of the nodes [begin, end).
    void clear_gradients(std::size_t begin, std::size_t end, Part part) {
      const auto clear = [&](T* values, std::size_t first, std::size_t last) {
        const Share own = part.share(last - first);
        std::fill_n(values + first + own.begin, own.size(), T(0));
      };
      clear(gradients, Plan::gradient_of_node(begin), Plan::gradient_of_node(end));
      clear(accumulators.data(), Plan::accumulator_offsets[begin], Plan::accumulator_offsets[end]);
    }

    T* accumulator_of(std::size_t node) { return accumulators.data() + Plan::accumulator_offsets[node]; }
    double* gathered_of(std::size_t node) { return gathered.data() + Plan::gathered_offsets[node]; }
    /// Of a node's weight at `offset`. Where it is not `counted`, as that of a frozen one, it goes to waste.
    T* gradient_of(const NodeInfo& node, std::size_t offset, bool counted = true) {
      if (node.frozen || !counted) return dropped.data() + (offset - node.weight_offset);
      return gradients + node.gradient_at(offset);
    }
  };

  /// Samples that a thread works on, or a part of their work. Of the threads that share a sample one leads: it has what
  /// all of them make.
  struct Work {
    Thread &thread, &leader;
    std::size_t first, count;
    Part part;
  };

  /// Makes room for a batch. Memory grows to the largest batch seen and stays.
  void reserve(std::size_t size) {
    if (size <= capacity) return;
    std::size_t end = 0;
    for (std::size_t n = Plan::inputs; n < Plan::nodes; ++n) {
      saved_offsets[n] = end;
      end += aligned_size<T>(Plan::saved_sizes[n](size));
    }
    saved = Arena<T>(end);
    whole = Arena<T>(plan.whole_size * size);
    capacity = size;
  }

  /// The first cell of a sample's image.
  T* address(Place place, Shape shape, Border border, const Work& work) {
    return border_offset(shape, border) +
           (place.whole ? whole.data() + place.offset * batch.size + work.first * bordered_size(shape, border)
                        : work.leader.single.data() + place.offset);
  }
  /// `again`: as backward finds it, perhaps made once more.
  T* value_of(std::size_t tensor, const Work& work, bool again) {
    const Place place = again ? plan.values_again[tensor] : plan.values[tensor];
    return address(place, Plan::shape_of(tensor), plan.value_borders[tensor], work);
  }
  const T* read(std::size_t tensor, const Work& work, bool again) {
    return tensor < Plan::inputs ? inputs[tensor] + work.first * Plan::shape_of(tensor).size()
                                 : value_of(tensor, work, again);
  }
  /// Null where nobody wants it.
  T* gradient_of(std::size_t tensor, const Work& work) {
    if (!plan.has_gradient[tensor]) return nullptr;
    return address(plan.gradients[tensor], Plan::shape_of(tensor), plan.gradient_borders[tensor], work);
  }
  /// Of all samples, where all are kept.
  const T* values(std::size_t tensor) const {
    return tensor < Plan::inputs ? inputs[tensor] : whole.data() + plan.values[tensor].offset * batch.size;
  }
  T* gradients(std::size_t tensor) {
    return plan.has_gradient[tensor] ? whole.data() + plan.gradients[tensor].offset * batch.size : nullptr;
  }
  T* prepared_of(std::size_t node) { return prepared.data() + Plan::prepared_offsets[node]; }
  T* saved_of(std::size_t node) { return saved.data() + saved_offsets[node]; }

  Arena<T> whole{}, saved{}, prepared{Plan::prepared_offsets[Plan::nodes]};
  std::array<std::size_t, Plan::nodes> saved_offsets{};
  std::size_t capacity = 0;
  Portion batch{0};
  const T* parameters = nullptr;
  std::array<const T*, Plan::inputs> inputs{};
  Random random{Seed{}};
};

}  // namespace strata::detail
