// The step of the layers' state (moving averages), which no optimiser moves.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <type_traits>

#include <strata/core/arena.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/parallel.hpp>
#include <strata/graph/lower.hpp>
#include <strata/runtime/model.hpp>
#include <strata/train/gradients.hpp>

namespace strata::detail {

/// Keeps the state before a step.
template <class Net, class V>
class StateMover {
  using T = typename V::value_type;

 public:
  /// Moves a model's state towards the last batch of an Executor. Of a team, all members move it by the mean of their
  /// moves, by samples. Returns the name of a tensor whose finite numbers would become others, and leaves the state then.
  template <class Executor>
  std::string move(Model<Net, T>& model, Executor& executor, const Portion& batch) {
    const std::span<T> parameters = model.parameters(), state = parameters.subspan(Net::network().weight_count);
    std::copy(state.begin(), state.end(), before_.data());
    executor.update_state(parameters.data());
    if constexpr (Team<std::remove_cvref_t<decltype(executor.parallel())>>) {
      const T share = static_cast<T>(batch.size) / static_cast<T>(batch.total);
      std::transform(state.begin(), state.end(), before_.data(), state.begin(),
                     [=](T after, T before) { return batch.size == 0 ? T(0) : share * (after - before); });
      executor.parallel().all_reduce(state);
      std::transform(state.begin(), state.end(), before_.data(), state.begin(), std::plus<>());
    }
    if (all_finite<V>(std::span<const T>(state))) return {};
    std::string tensor;
    model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<const T> moved) {
      if (!tensor.empty() || parameter.trainable || all_finite<V>(moved)) return;
      const std::span<const T> before(before_.data() + (moved.data() - state.data()), moved.size());
      if (all_finite<V>(before)) tensor = parameter_name(node, parameter);
    });
    if (!tensor.empty()) std::copy_n(before_.data(), state.size(), state.begin());
    return tensor;
  }

 private:
  Arena<T> before_{Net::network().state_count};
};

}  // namespace strata::detail
