// What happens to gradients between backward and the optimiser: L2 penalties, the search for NaN, clipping.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/graph/lower.hpp>
#include <strata/train/loss.hpp>

namespace strata::detail {

/// Calls `visit(const NodeInfo&, const Parameter&, offset, size)` for each trainable tensor.
template <std::size_t N, std::size_t Operands, class Visit>
void for_each_trainable(const Lowered<N, Operands>& network, Visit&& visit) {
  for (std::size_t n = 0; n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    const Parameters parameters = node.parameters();
    const auto offsets = node.offsets();
    for (std::size_t p = 0; p < parameters.count; ++p)
      if (const Parameter& parameter = parameters.list[p]; parameter.trainable)
        visit(node, parameter, offsets[p], parameter.shape.size());
  }
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

template <class V, class T>
bool all_finite(std::span<const T> values) {
  // 0 x is 0, or NaN where x is not finite
  return sum_over<V>(values.size(), [&](std::size_t i, int n) STRATA_INLINE_LAMBDA {
           return V(simd::load_partial<V>(values.data() + i, n) * V(0));
         }) == 0;
}

/// values = f(values).
template <class V, class T, class F>
void transform(std::span<T> values, F&& f) {
  constexpr std::size_t lanes = static_cast<std::size_t>(simd::lanes<V>);
  for (std::size_t i = 0; i < values.size(); i += lanes) {
    const int n = static_cast<int>(std::min(lanes, values.size() - i));
    simd::store_partial(values.data() + i, V(f(simd::load_partial<V>(values.data() + i, n), i, n)), n);
  }
}

/// The sum of l2 * sum(w^2) over all tensors that ask for it.
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
        Net::network(), [&](const NodeInfo&, const Parameter& parameter, std::size_t offset, std::size_t size) {
          if (parameter.l2 == 0) return;
          const V factor(static_cast<T>(2 * parameter.l2));
          const T* weights = parameters.data() + offset;
          transform<V>(gradients.subspan(offset, size), [=](V gradient, std::size_t i, int n) STRATA_INLINE_LAMBDA {
            return simd::fma(factor, simd::load_partial<V>(weights + i, n), gradient);
          });
        });
}

/// `conv2d/kernel`: the first tensor with a gradient that is not finite; empty where there is none.
template <class Net, class V, class T>
std::string non_finite_tensor(std::span<const T> gradients) {
  std::string name;
  if (all_finite<V>(gradients)) return name;
  for_each_trainable(Net::network(),
                     [&](const NodeInfo& node, const Parameter& parameter, std::size_t offset, std::size_t size) {
                       if (name.empty() && !all_finite<V>(gradients.subspan(offset, size)))
                         name = std::string(Text() << Text(node.name) << '/' << parameter.name);
                     });
  return name;
}

/// Scales to at most this length (Keras clip_by_norm).
template <class V, class T>
void clip_norm(std::span<T> gradients, double limit) {
  const double norm = std::sqrt(sum_of_squares<V>(std::span<const T>(gradients)));
  if (!(norm > limit)) return;
  const V scale(static_cast<T>(limit / norm));
  transform<V>(gradients, [=](V gradient, std::size_t, int) STRATA_INLINE_LAMBDA { return V(gradient * scale); });
}

/// Clips as the optimiser asks.
template <class Net, class V, class Optimizer, class T>
void clip_gradients(const Optimizer& optimizer, std::span<T> gradients) {
  if constexpr (requires { optimizer.clipvalue; })
    if (const V limit(static_cast<T>(optimizer.clipvalue)); optimizer.clipvalue > 0)
      transform<V>(gradients, [=](V gradient, std::size_t, int)
                                  STRATA_INLINE_LAMBDA { return simd::max(V(-limit), simd::min(limit, gradient)); });
  if constexpr (requires { optimizer.global_clipnorm; })
    if (optimizer.global_clipnorm > 0) clip_norm<V>(gradients, optimizer.global_clipnorm);
  if constexpr (requires { optimizer.clipnorm; })
    if (optimizer.clipnorm > 0)
      for_each_trainable(Net::network(), [&](const NodeInfo&, const Parameter&, std::size_t offset, std::size_t size) {
        clip_norm<V>(gradients.subspan(offset, size), optimizer.clipnorm);
      });
}

/// Throws InvalidArgument where two kinds of clipping are on, or one is negative (as Keras).
template <class Optimizer>
void check_clipping(const Optimizer& optimizer) {
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
