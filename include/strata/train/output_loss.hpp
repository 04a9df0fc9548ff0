// The loss of one output and its gradient.
#pragma once

#include <cstddef>
#include <span>

#include <strata/core/inline.hpp>
#include <strata/core/parallel.hpp>
#include <strata/kernels/map.hpp>
#include <strata/train/loss.hpp>
#include <strata/train/output_losses.hpp>
#include <strata/train/trainable.hpp>

namespace strata::detail {

/// The loss of an output by its weight, and by the batch's share of a team's; its gradient is left for backward.
template <class Net, class V, std::size_t K, class Loss, class Executor, class Target>
double output_loss(const Loss& loss, Executor& executor, std::span<const Target> targets, const Portion& batch,
                   bool on_logits) {
  using Losses = losses_of<Loss>;
  if constexpr (LossFor<typename Losses::template type<K>, V, Target>) {
    if (batch.size == 0) return 0;
    const std::size_t tensor = executor.output(K, on_logits);
    auto* const gradient = executor.output_gradient(tensor);
    const double share = static_cast<double>(batch.size) / static_cast<double>(batch.total);
    const double weight = Losses::weight(loss, K) * share;
    const double value = with_logits(Losses::template get<K>(loss), on_logits)
                             .template evaluate<V>(executor.value(tensor), targets, gradient, batch.size,
                                                   Net::output_shapes[K]);
    if (weight != 1 && gradient != nullptr)
      kernels::map<V>(batch.size * Net::output_shapes[K].size(),
                      [w = V(static_cast<typename V::value_type>(weight))](V g) STRATA_INLINE_LAMBDA { return V(w * g); },
                      gradient, gradient);
    return weight * value;
  } else {
    return 0;  // check_targets has thrown
  }
}

}  // namespace strata::detail
