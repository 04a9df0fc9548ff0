// What happens to gradients between backward and the optimiser: L2 penalties, the search for NaN, clipping.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/graph/lower.hpp>
#include <strata/train/loss.hpp>

namespace strata::detail {

/// Calls `visit(const NodeInfo&, const Parameter&, offset, size)` for each tensor that is trained.
template <std::size_t N, std::size_t Operands, class Visit>
void for_each_trainable(const Lowered<N, Operands>& network, Visit&& visit) {
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    const Parameters parameters = node.parameters();
    const auto offsets = node.offsets();
    for (std::size_t p = 0; p < parameters.count; ++p)
      if (const Parameter& parameter = parameters.list[p]; node.role(parameter) == Role::trained)
        visit(node, parameter, offsets[p], parameter.shape.size());
  }
}

inline std::string parameter_name(const NodeInfo& node, const Parameter& parameter) {
  return std::string(Text() << Text(node.name) << '/' << parameter.name);
}

template <std::size_t N, std::size_t Operands>
constexpr bool has_penalty(const Lowered<N, Operands>& network) {
  for (std::size_t n = 0; n < network.node_count; ++n)
    for (const Parameter& parameter : network.nodes[n].parameters())
      if (parameter.l2 != 0) return true;
  return false;
}

template <class V, class T>
double sum_of_squares(std::span<const T> values) {
  return sum_over<V>(values.size(), [&](std::size_t i, int n) STRATA_INLINE_LAMBDA {
    const V x = simd::load_partial<V>(values.data() + i, n);
    return V(x * x);
  });
}

/// Where `squared`, of the squares.
template <class V, bool squared = false, class T>
bool all_finite(std::span<const T> values) {
  // 0 x is 0, or NaN where x is not finite
  return sum_over<V>(values.size(), [&](std::size_t i, int n) STRATA_INLINE_LAMBDA {
           const V x = simd::load_partial<V>(values.data() + i, n);
           return V((squared ? V(x * x) : x) * V(0));
         }) == 0;
}

/// values = f(values).
template <class V, class T, class F>
void transform(std::span<T> values, F&& f) {
  constexpr std::size_t lanes = static_cast<std::size_t>(simd::lanes<V>);
  for (std::size_t i = 0; i < values.size(); i += lanes) {
    const int n = static_cast<int>((std::min)(lanes, values.size() - i));
    simd::store_partial(values.data() + i, V(f(simd::load_partial<V>(values.data() + i, n), i, n)), n);
  }
}

/// The sum of l2 * sum(w^2) over all trained tensors that ask for it (as Keras).
template <class Net, class V, class T>
double l2_penalty(std::span<const T> parameters) {
  double penalty = 0;
  if constexpr (has_penalty(Net::network()))
    for_each_trainable(Net::network(),
                       [&](const NodeInfo&, const Parameter& parameter, std::size_t offset, std::size_t size) {
                         if (parameter.l2 != 0)
                           penalty += parameter.l2 * sum_of_squares<V>(parameters.subspan(offset, size));
                       });
  return penalty;
}

template <class Net, class V, class T>
void add_l2_gradient(std::span<const T> parameters, std::span<T> gradients) {
  if constexpr (has_penalty(Net::network()))
    for_each_trainable(
        Net::network(), [&](const NodeInfo& node, const Parameter& parameter, std::size_t offset, std::size_t size) {
          if (parameter.l2 == 0) return;
          const V factor(static_cast<T>(2 * parameter.l2));
          const T* weights = parameters.data() + offset;
          transform<V>(gradients.subspan(node.gradient_at(offset), size), [=](V gradient, std::size_t i, int n) STRATA_INLINE_LAMBDA {
            return simd::fma(factor, simd::load_partial<V>(weights + i, n), gradient);
          });
        });
}

/// `conv2d/kernel`: the first tensor with a gradient that is not finite, or whose square is not; empty where there is
/// none.
template <class Net, class V, bool squared = false, class T>
std::string non_finite_tensor(std::span<const T> gradients) {
  std::string name;
  for_each_trainable(Net::network(),
                     [&](const NodeInfo& node, const Parameter& parameter, std::size_t offset, std::size_t size) {
                       if (name.empty() &&
                           !all_finite<V, squared>(gradients.subspan(node.gradient_at(offset), size)))
                         name = parameter_name(node, parameter);
                     });
  return name;
}

/// Scales to at most this length (Keras clip_by_norm). Squares that leave the range of `T` are summed again in double,
/// of shares of the largest gradient.
template <class V, class T>
void clip_norm(std::span<T> gradients, double limit) {
  constexpr double least = static_cast<double>((std::numeric_limits<T>::min)());  // smaller squares may be lost
  const double squares = sum_of_squares<V>(std::span<const T>(gradients)), norm = std::sqrt(squares);
  if (std::sqrt(squares + least * static_cast<double>(gradients.size())) <= limit) return;
  if (std::isfinite(norm) && squares > 1e14 * least && limit / norm >= least) {
    const V scale(static_cast<T>(limit / norm));
    transform<V>(gradients, [=](V gradient, std::size_t, int) STRATA_INLINE_LAMBDA { return V(gradient * scale); });
    return;
  }
  double largest = 0, shares = 0;
  for (const T gradient : gradients) largest = (std::max)(largest, std::abs(static_cast<double>(gradient)));
  const auto share = [&](T gradient) { return static_cast<double>(gradient) / largest; };
  for (const T gradient : gradients) shares += share(gradient) * share(gradient);
  const double length = std::sqrt(shares);  // in units of the largest
  if (!(length > limit / largest)) return;
  for (T& gradient : gradients) gradient = static_cast<T>(share(gradient) * (limit / length));
}

/// Clips as the optimiser asks.
template <class Net, class V, class Optimizer, class T>
void clip_gradients(const Optimizer& optimizer, std::span<T> gradients) {
  if constexpr (requires { optimizer.clipvalue; })
    if (const V limit(static_cast<T>(optimizer.clipvalue)); optimizer.clipvalue > 0)
      transform<V>(gradients, [=](V gradient, std::size_t, int) STRATA_INLINE_LAMBDA {
        return (simd::max)(V(-limit), (simd::min)(limit, gradient));
      });
  if constexpr (requires { optimizer.global_clipnorm; })
    if (optimizer.global_clipnorm > 0) clip_norm<V>(gradients, optimizer.global_clipnorm);
  if constexpr (requires { optimizer.clipnorm; })
    if (optimizer.clipnorm > 0)
      for_each_trainable(Net::network(), [&](const NodeInfo& node, const Parameter&, std::size_t offset,
                                             std::size_t size) {
        clip_norm<V>(gradients.subspan(node.gradient_at(offset), size), optimizer.clipnorm);
      });
}

/// Throws InvalidArgument where the optimiser's own check does, where two kinds of clipping are on, or one is negative
/// (as Keras).
template <class Optimizer>
void validate_optimizer(const Optimizer& optimizer) {
  if constexpr (requires { optimizer.learning_rate.validate(); }) optimizer.learning_rate.validate();
  if constexpr (requires { optimizer.validate(); }) optimizer.validate();
  int on = 0;
  const auto count = [&](double limit) {
    if (!(limit >= 0))
      detail::raise<InvalidArgument>(
          "optimiser: expected a clipping limit above 0, or 0 for none, received " + detail::general(limit));
    on += limit > 0;
  };
  if constexpr (requires { optimizer.clipnorm; }) count(optimizer.clipnorm);
  if constexpr (requires { optimizer.clipvalue; }) count(optimizer.clipvalue);
  if constexpr (requires { optimizer.global_clipnorm; }) count(optimizer.global_clipnorm);
  if (on > 1)
    detail::raise<InvalidArgument>(
        "optimiser: expected at most one of clipnorm, clipvalue and global_clipnorm, received " + std::to_string(on));
}

}  // namespace strata::detail
