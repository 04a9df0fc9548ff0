// Where an Engine's steps find what they read, and make what they make.
#pragma once

#include <array>
#include <cstddef>

#include <strata/core/border.hpp>
#include <strata/core/element.hpp>
#include <strata/core/shape.hpp>

namespace strata::detail {

/// Where a group of samples is. `Plan`: an EnginePlan.
template <class Net, class Plan>
struct EngineMemory {
  using T = typename Plan::T;
  static constexpr const auto& plan = Plan::plan;

  bool alone;  ///< in a batch of one sample
  std::array<const T*, Net::input_count> inputs;
  std::array<T*, Net::output_count> outputs;
  std::byte* workspace;
  T* scratch;
  const T* packed;  ///< the weights of all steps
  std::byte* own;   ///< a thread's workspace, for what lies in it by rows

  template <int tensor>
  using ElementOf = Stored<T, Net::network().tensor(tensor).element>;

  /// The first cell of a tensor's sample.
  template <int tensor>
  ElementOf<tensor>* at(std::size_t sample) const {
    return place<plan.root_of(tensor)>(sample) + border_offset(Plan::shape_of(tensor), Plan::border_of(tensor));
  }
  /// The memory of a root.
  template <int root>
  ElementOf<root>* place(std::size_t sample) const {
    constexpr std::size_t index = static_cast<std::size_t>(root);
    const auto in = [](std::byte* arena) { return reinterpret_cast<ElementOf<root>*>(arena + plan.offsets[index]); };
    if constexpr (constexpr int result = plan.result[index]; result >= 0)
      return outputs[static_cast<std::size_t>(result)] + sample * step<root>();
    else if constexpr (plan.rolling[index] > 0) return in(own);
    else return in(workspace) + (plan.samples[index] > 1 ? sample * step<root>() : 0);
  }
  template <int tensor>
  const ElementOf<tensor>* read(std::size_t sample) const {
    constexpr std::size_t index = static_cast<std::size_t>(tensor);
    if constexpr (index < Net::input_count) return inputs[index] + sample * Plan::shape_of(tensor).size();
    else return at<tensor>(sample);
  }
  template <int tensor>
  static constexpr std::size_t step() {
    return bordered_size(Plan::shape_of(tensor), Plan::border_of(tensor));
  }
};

}  // namespace strata::detail
