// Optimisers: what becomes of the parameters, given their gradients. Formulas, names and defaults are Keras 3's.
//
// An optimiser is a plain aggregate with
//
//   LearningRate learning_rate
//   double clipnorm, clipvalue, global_clipnorm   0 is off, at most one is on; clipnorm is per tensor (may be left out)
//   static constexpr std::size_t slots            numbers that it remembers for each parameter; they start at 0
//   void validate() const                         throws InvalidArgument where a number is out of range, before a step
//                                                 changes anything (may be left out)
//   static constexpr bool squares = true;         remembers squares of gradients: they must be finite (may be left out)
//   template <class V> auto update(std::size_t iteration) const
//       What one step does: a function (V parameter, V gradient, V* slots) -> V, the new parameter. Iterations count
//       from 0.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include <strata/core/parallel.hpp>
#include <strata/kernels/math.hpp>
#include <strata/train/require.hpp>
#include <strata/train/schedules.hpp>

namespace strata {

namespace detail {

inline void require_share(const char* optimizer, const char* name, double share) {
  require(share >= 0 && share <= 1, optimizer, name, "from 0 to 1", share);
}
/// So that 0 / (sqrt(0) + epsilon) is no NaN, and x / (sqrt(v) + epsilon) not always 0, in float.
inline void require_epsilon(const char* optimizer, double epsilon) {
  require(static_cast<float>(epsilon) > 0 && finite(epsilon), optimizer, "epsilon", "above 0", epsilon);
}

}  // namespace detail

/// m = momentum m - lr g; p += m, with Nesterov p += momentum m - lr g (Keras `SGD`).
struct SGD {
  static constexpr Schema schema{.spelling = "SGD", .keras = "SGD", .aggregate = true};
  LearningRate learning_rate = 0.01;
  double momentum = 0;
  bool nesterov = false;
  double clipnorm = 0, clipvalue = 0, global_clipnorm = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("learning_rate", c.learning_rate...), f("momentum", c.momentum...), f("nesterov", c.nesterov...),
        f("clipnorm", c.clipnorm...), f("clipvalue", c.clipvalue...), f("global_clipnorm", c.global_clipnorm...);
  }

  static constexpr std::size_t slots = 1;
  void validate() const { detail::require_share("SGD", "momentum", momentum); }

  template <class V, class T = typename V::value_type>
  auto update(std::size_t iteration) const {
    const V rate(static_cast<T>(learning_rate(iteration))), kept(static_cast<T>(momentum));
    const V ahead = nesterov ? kept : V(1), direct = nesterov ? rate : V(0);
    return [=](V parameter, V gradient, V* slot) STRATA_INLINE_LAMBDA -> V {
      slot[0] = simd::neg_fma(rate, gradient, kept * slot[0]);
      return simd::neg_fma(direct, gradient, simd::fma(ahead, slot[0], parameter));
    };
  }
};

namespace detail {

template <class Options>
void validate_adam(const char* optimizer, const Options& options) {
  const auto require_beta = [&](const char* name, double beta) {
    require(beta >= 0 && beta < 1, optimizer, name, "from 0 to below 1", beta);
  };
  require_beta("beta_1", options.beta_1);
  require_beta("beta_2", options.beta_2);
  require_epsilon(optimizer, options.epsilon);
}

/// Adam after a decay of the weights by `weight_decay` times the learning rate.
template <class V, class T, class Options>
auto adam_update(const Options& options, double weight_decay, std::size_t iteration) {
  const double rate = options.learning_rate(iteration), step = static_cast<double>(iteration) + 1;
  const double beta_1 = options.beta_1, beta_2 = options.beta_2;
  const V alpha(static_cast<T>(rate * std::sqrt(1 - std::pow(beta_2, step)) / (1 - std::pow(beta_1, step))));
  const V new_1(static_cast<T>(1 - beta_1)), new_2(static_cast<T>(1 - beta_2)),
      epsilon(static_cast<T>(options.epsilon));
  const V decay(static_cast<T>(rate * weight_decay));
  return [=](V parameter, V gradient, V* slot) STRATA_INLINE_LAMBDA -> V {
    slot[0] = simd::fma(new_1, V(gradient - slot[0]), slot[0]);
    slot[1] = simd::fma(new_2, V(gradient * gradient - slot[1]), slot[1]);
    return simd::neg_fma(decay, parameter, parameter) - alpha * slot[0] / (simd::sqrt(slot[1]) + epsilon);
  };
}

}  // namespace detail

/// m and v are running means of g and g^2; p -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)
/// (Keras `Adam`; Kingma & Ba 2014, the form before section 2.1).
struct Adam {
  static constexpr Schema schema{.spelling = "Adam", .keras = "Adam", .aggregate = true};
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  double clipnorm = 0, clipvalue = 0, global_clipnorm = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("learning_rate", c.learning_rate...), f("beta_1", c.beta_1...), f("beta_2", c.beta_2...),
        f("epsilon", c.epsilon...), f("clipnorm", c.clipnorm...), f("clipvalue", c.clipvalue...),
        f("global_clipnorm", c.global_clipnorm...);
  }

  static constexpr std::size_t slots = 2;
  static constexpr bool squares = true;
  void validate() const { detail::validate_adam("Adam", *this); }

  template <class V, class T = typename V::value_type>
  auto update(std::size_t iteration) const {
    return detail::adam_update<V, T>(*this, 0, iteration);
  }
};

/// Adam, and p -= lr weight_decay p before it (Keras `AdamW`; Loshchilov & Hutter 2017).
struct AdamW {
  static constexpr Schema schema{.spelling = "AdamW", .keras = "AdamW", .aggregate = true};
  LearningRate learning_rate = 0.001;
  double weight_decay = 0.004;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  double clipnorm = 0, clipvalue = 0, global_clipnorm = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("learning_rate", c.learning_rate...), f("weight_decay", c.weight_decay...), f("beta_1", c.beta_1...),
        f("beta_2", c.beta_2...), f("epsilon", c.epsilon...), f("clipnorm", c.clipnorm...),
        f("clipvalue", c.clipvalue...), f("global_clipnorm", c.global_clipnorm...);
  }

  static constexpr std::size_t slots = 2;
  static constexpr bool squares = true;
  void validate() const {
    detail::validate_adam("AdamW", *this);
    detail::require(weight_decay >= 0 && detail::finite(weight_decay), "AdamW", "weight_decay", "of 0 or more",
                    weight_decay);
  }

  template <class V, class T = typename V::value_type>
  auto update(std::size_t iteration) const {
    return detail::adam_update<V, T>(*this, weight_decay, iteration);
  }
};

/// v is a running mean of g^2; m = momentum m + lr g / sqrt(v + epsilon); p -= m (Keras `RMSprop`).
struct RMSprop {
  static constexpr Schema schema{.spelling = "RMSprop", .keras = "RMSprop", .aggregate = true};
  LearningRate learning_rate = 0.001;
  double rho = 0.9;
  double momentum = 0;
  double epsilon = 1e-7;
  double clipnorm = 0, clipvalue = 0, global_clipnorm = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("learning_rate", c.learning_rate...), f("rho", c.rho...), f("momentum", c.momentum...),
        f("epsilon", c.epsilon...), f("clipnorm", c.clipnorm...), f("clipvalue", c.clipvalue...),
        f("global_clipnorm", c.global_clipnorm...);
  }

  static constexpr std::size_t slots = 2;
  static constexpr bool squares = true;
  void validate() const {
    detail::require_share("RMSprop", "rho", rho);
    detail::require_share("RMSprop", "momentum", momentum);
    detail::require_epsilon("RMSprop", epsilon);
  }

  template <class V, class T = typename V::value_type>
  auto update(std::size_t iteration) const {
    const V rate(static_cast<T>(learning_rate(iteration))), kept(static_cast<T>(momentum));
    const V added(static_cast<T>(1 - rho)), least(static_cast<T>(epsilon));
    return [=](V parameter, V gradient, V* slot) STRATA_INLINE_LAMBDA -> V {
      slot[0] = simd::fma(added, V(gradient * gradient - slot[0]), slot[0]);
      slot[1] = simd::fma(kept, slot[1], V(rate * gradient / simd::sqrt(V(slot[0] + least))));
      return parameter - slot[1];
    };
  }
};

/// p -= lr sign(beta_1 m + (1 - beta_1) g), then m = beta_2 m + (1 - beta_2) g (Keras `Lion`; Chen et al. 2023, arXiv
/// 2302.06675, Algorithm 2).
struct Lion {
  static constexpr Schema schema{.spelling = "Lion", .keras = "Lion", .aggregate = true};
  LearningRate learning_rate = 0.001;
  double beta_1 = 0.9;
  double beta_2 = 0.99;
  double clipnorm = 0, clipvalue = 0, global_clipnorm = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("learning_rate", c.learning_rate...), f("beta_1", c.beta_1...), f("beta_2", c.beta_2...),
        f("clipnorm", c.clipnorm...), f("clipvalue", c.clipvalue...), f("global_clipnorm", c.global_clipnorm...);
  }

  static constexpr std::size_t slots = 1;
  void validate() const {  // Keras takes no beta_1 of 0
    detail::require(beta_1 > 0 && beta_1 <= 1, "Lion", "beta_1", "above 0 to 1", beta_1);
    detail::require_share("Lion", "beta_2", beta_2);
  }

  template <class V, class T = typename V::value_type>
  auto update(std::size_t iteration) const {
    const V rate(static_cast<T>(learning_rate(iteration)));
    const V kept_1(static_cast<T>(beta_1)), new_1(static_cast<T>(1 - beta_1));
    const V kept_2(static_cast<T>(beta_2)), new_2(static_cast<T>(1 - beta_2));
    return [=](V parameter, V gradient, V* slot) STRATA_INLINE_LAMBDA -> V {
      const V mean = simd::fma(new_1, gradient, V(kept_1 * slot[0]));
      slot[0] = simd::fma(new_2, gradient, V(kept_2 * slot[0]));
      return simd::neg_fma(rate, simd::select(mean == V(0), V(0), simd::copysign(V(1), mean)), parameter);
    };
  }
};

/// One optimiser step, on a thread's share of the parameters: a single pass. Their gradients start at `first`; `slots`
/// holds Optimizer::slots arrays in the layout of all gradients.
template <class V, class Optimizer, class T = typename V::value_type>
STRATA_NOINLINE void apply_gradients(const Optimizer& optimizer, std::size_t iteration, std::span<T> parameters,
                                     std::span<const T> gradients, std::span<T> slots, std::size_t thread = 0,
                                     std::size_t threads = 1, std::size_t first = 0) {
  constexpr std::size_t lanes = static_cast<std::size_t>(simd::lanes<V>);
  const auto update = optimizer.template update<V>(iteration);
  const detail::Share share(parameters.size(), thread, threads);
  const T* const gradient = gradients.data() + first;
  const auto slot_at = [&](std::size_t s, std::size_t i) { return slots.data() + s * gradients.size() + first + i; };
  V slot[Optimizer::slots + 1];
  std::size_t i = share.begin;
  for (; i + lanes <= share.end; i += lanes) {
    for (std::size_t s = 0; s < Optimizer::slots; ++s) slot[s] = simd::load<V>(slot_at(s, i));
    simd::store(parameters.data() + i,
                V(update(simd::load<V>(parameters.data() + i), simd::load<V>(gradient + i), slot)));
    for (std::size_t s = 0; s < Optimizer::slots; ++s) simd::store(slot_at(s, i), slot[s]);
  }
  if (const int rest = static_cast<int>(share.end - i); rest > 0) {
    for (std::size_t s = 0; s < Optimizer::slots; ++s) slot[s] = simd::load_partial<V>(slot_at(s, i), rest);
    const V parameter = simd::load_partial<V>(parameters.data() + i, rest);
    simd::store_partial(parameters.data() + i,
                        V(update(parameter, simd::load_partial<V>(gradient + i, rest), slot)), rest);
    for (std::size_t s = 0; s < Optimizer::slots; ++s) simd::store_partial(slot_at(s, i), slot[s], rest);
  }
}

}  // namespace strata
