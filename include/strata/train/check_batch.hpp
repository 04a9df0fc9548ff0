// What a batch for training must be.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <strata/core/error.hpp>
#include <strata/core/one_or_more.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/text.hpp>
#include <strata/core/type_name.hpp>
#include <strata/train/loss.hpp>
#include <strata/train/output_losses.hpp>

namespace strata::detail {

/// inputs, or inputs 2
inline Text numbered(const char* what, std::size_t index, std::size_t count) {
  Text text(what);
  if (count > 1) text << ' ' << index + 1;
  return text;
}

/// The targets of output `K`.
template <class Net, class Loss, class V, std::size_t K, class Target>
void check_targets(const Loss& loss, std::span<const Target> targets, std::size_t batch) {
  using Losses = losses_of<Loss>;
  using L = typename Losses::template type<K>;
  constexpr Shape shape = Net::output_shapes[K];
  constexpr std::size_t wanted = L::targets_per_sample(shape);
  const Text what = numbered("targets", K, Net::output_count);
  if constexpr (!LossFor<L, V, Target>)
    raise<InvalidArgument>(
        Text() << what << ": expected "
        << (std::is_same_v<Target, int> ? "values (float), received labels (int)" : "labels (int), received values")
        << ", as the loss is " << type_name<L>());
  if (targets.size() != batch * wanted)
    raise<InvalidArgument>(Text() << what << ": expected " << wanted << " for each of " << batch
                                  << " samples, as the output is " << shape << ", received " << targets.size()
                                  << " in all");
  if constexpr (requires { L::check_targets(targets, shape); })
    Losses::template get<K>(loss).check_targets(targets, shape);
}

/// Samples in a batch, which of a team's member may be none. Throws InvalidArgument. `Inputs`, `Given`: a span, or an array
/// of such.
template <class Net, class V, class Loss, class Inputs, class Given>
std::size_t check_batch(const Loss& loss, const Inputs& inputs, const Given& targets, bool may_be_empty) {
  const std::size_t batch = element<0>(inputs).size() / Net::input_shape.size();
  each<Net::input_count>([&]<std::size_t I>() {
    constexpr Shape shape = Net::input_shapes[I];
    const std::size_t size = element<I>(inputs).size();
    if ((size == 0 && !may_be_empty) || size != batch * shape.size())
      raise<InvalidArgument>(Text() << numbered("inputs", I, Net::input_count) << ": expected a batch of " << shape
                                    << " samples, a multiple of " << shape.size() << " values, received " << size
                                    << " values");
  });
  each<Net::output_count>([&]<std::size_t K>() {
    visit_targets(element<K>(targets), [&]<class Target>(std::span<const Target> given) {
      check_targets<Net, Loss, V, K>(loss, given, batch);
    });
  });
  return batch;
}

}  // namespace strata::detail
