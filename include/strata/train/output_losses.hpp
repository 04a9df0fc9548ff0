// Losses of a network with several outputs.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <strata/train/loss.hpp>

namespace strata {

/// One loss for each output, in the order of `Outputs<...>`; the total is their sum by weight (Keras: a list as `loss`,
/// and `loss_weights`).
///
///     Trainer trainer{model, Losses{SparseCategoricalCrossentropy{}, MeanSquaredError{}}, Adam{}};
///     trainer.step({images, states}, {labels, values});
template <class... L>
struct Losses {
  std::tuple<L...> each;
  std::array<double, sizeof...(L)> weights;

  explicit Losses(L... losses) : each(std::move(losses)...) { weights.fill(1); }
  Losses(const std::array<double, sizeof...(L)>& loss_weights, L... losses)
      : each(std::move(losses)...), weights(loss_weights) {}
};

/// What an output should be: labels or values, as its loss takes.
template <class T = float>
class Targets : public std::variant<std::span<const int>, std::span<const T>> {
 public:
  Targets(std::span<const int> labels) : Targets::variant(labels) {}
  Targets(std::span<const T> values) : Targets::variant(values) {}
  template <class Range>
    requires(std::is_convertible_v<const Range&, std::span<const int>> ||
             std::is_convertible_v<const Range&, std::span<const T>>)
  Targets(const Range& range)
      : Targets(std::conditional_t<std::is_convertible_v<const Range&, std::span<const int>>, std::span<const int>,
                                   std::span<const T>>(range)) {}
};

namespace detail {

/// f(span of labels or values)
template <class Target, class F>
void visit_targets(std::span<const Target> targets, F&& f) {
  f(targets);
}
template <class T, class F>
void visit_targets(const Targets<T>& targets, F&& f) {
  std::visit(f, static_cast<const typename Targets<T>::variant&>(targets));
}

/// The losses of a network's outputs as a list: the only one, or those of Losses.
template <class Loss>
struct losses_of {
  static constexpr std::size_t count = 1;
  template <std::size_t>
  using type = Loss;
  template <std::size_t>
  static const Loss& get(const Loss& loss) {
    return loss;
  }
  static double weight(const Loss&, std::size_t) { return 1; }
};
template <class... L>
struct losses_of<Losses<L...>> {
  static constexpr std::size_t count = sizeof...(L);
  template <std::size_t K>
  using type = std::tuple_element_t<K, std::tuple<L...>>;
  template <std::size_t K>
  static const type<K>& get(const Losses<L...>& losses) {
    return std::get<K>(losses.each);
  }
  static double weight(const Losses<L...>& losses, std::size_t k) { return losses.weights[k]; }
};

}  // namespace detail
}  // namespace strata
