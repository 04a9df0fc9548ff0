// Learning rates that change from step to step, and the type that holds a constant or any of them.
//
//     SGD{.learning_rate = 0.05f}
//     Adam{.learning_rate = CosineDecay{.initial_learning_rate = 0, .decay_steps = 9'000,
//                                       .warmup_target = 1e-3, .warmup_steps = 1'000}}
//     Adam{.learning_rate = [](std::size_t step) { return step < 100 ? 1e-4 : 1e-3; }}
//
// Steps count from 0 and are optimiser steps (batches), not epochs. Keras: `keras.optimizers.schedules`. A schedule may
// have `void validate() const`, which throws InvalidArgument where it cannot give rates: asked before training, and by
// ours at each call.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <functional>
#include <numbers>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/core/schema.hpp>
#include <strata/train/require.hpp>

namespace strata {

/// A number, or anything that can be called with a step and gives one.
class LearningRate {
 public:
  template <class Number>
  requires std::is_arithmetic_v<Number> LearningRate(Number rate) : constant_(static_cast<double>(rate)) {}
  template <class Schedule>
  requires(std::invocable<const Schedule&, std::size_t> && !std::same_as<Schedule, LearningRate>)
      LearningRate(Schedule schedule) {
    if constexpr (requires(const Schedule& given) { given.validate(); })
      validate_ = [schedule] { schedule.validate(); };
    if constexpr (Config<Schedule>) spelling_ = strata::spelling(schedule);
    schedule_ = std::move(schedule);
  }

  /// Throws InvalidArgument where a number is not finite, or where the schedule can give none.
  void validate() const {
    if (validate_) validate_();
    if (!schedule_) require_finite(constant_, 0);
  }

  /// Throws InvalidArgument where the rate is not finite, as a float included.
  double operator()(std::size_t step) const { return require_finite(schedule_ ? schedule_(step) : constant_, step); }

  /// As it was written, where that can be known.
  friend std::string spelling(const LearningRate& rate) {
    return rate.schedule_ ? rate.spelling_ : detail::shortest(rate.constant_);
  }

 private:
  static double require_finite(double rate, std::size_t step) {
    if (!detail::finite(rate))
      detail::raise<InvalidArgument>(
          "learning rate of step " + std::to_string(step) + ": expected a finite number, received " +
          detail::general(rate));
    return rate;
  }

  double constant_ = 0;
  std::function<double(std::size_t)> schedule_;
  std::function<void()> validate_;
  std::string spelling_ = "a function";
};

namespace detail {
inline void require_steps(const char* schedule, double steps) {
  require(steps > 0, schedule, "decay_steps", "above 0", steps);
}
}  // namespace detail

/// initial * decay_rate ^ (step / decay_steps); staircase: whole powers.
struct ExponentialDecay {
  static constexpr Schema schema{.spelling = "ExponentialDecay", .keras = "ExponentialDecay", .aggregate = true};
  double initial_learning_rate;
  double decay_steps;  ///< above 0
  double decay_rate;
  bool staircase = false;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("initial_learning_rate", c.initial_learning_rate...), f("decay_steps", c.decay_steps...),
        f("decay_rate", c.decay_rate...), f("staircase", c.staircase...);
  }

  void validate() const { detail::require_steps("ExponentialDecay", decay_steps); }
  double operator()(std::size_t step) const {
    validate();
    const double power = static_cast<double>(step) / decay_steps;
    return initial_learning_rate * std::pow(decay_rate, staircase ? std::floor(power) : power);
  }
};

/// values[i] up to and including step boundaries[i], values.back() after the last. One more value than boundaries,
/// which rise, else InvalidArgument.
struct PiecewiseConstantDecay {
  static constexpr Schema schema{
      .spelling = "PiecewiseConstantDecay", .keras = "PiecewiseConstantDecay", .aggregate = true};
  std::vector<std::size_t> boundaries;
  std::vector<double> values;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("boundaries", c.boundaries...), f("values", c.values...);
  }

  void validate() const {
    if (values.size() != boundaries.size() + 1)
      detail::raise<InvalidArgument>(
          "PiecewiseConstantDecay: expected one more value than boundaries, received " +
          std::to_string(values.size()) + " values and " + std::to_string(boundaries.size()) + " boundaries");
    if (!std::is_sorted(boundaries.begin(), boundaries.end()))
      detail::raise<InvalidArgument>("PiecewiseConstantDecay: expected .boundaries that rise, received others");
  }
  double operator()(std::size_t step) const {
    validate();
    return values[static_cast<std::size_t>(std::lower_bound(boundaries.begin(), boundaries.end(), step) -
                                           boundaries.begin())];
  }
};

/// Half a cosine from the initial rate down to alpha times it; with a warmup target, first a straight line from the
/// initial rate to the target over `warmup_steps`, and the cosine starts there (Loshchilov & Hutter 2016).
struct CosineDecay {
  static constexpr Schema schema{.spelling = "CosineDecay", .keras = "CosineDecay", .aggregate = true};
  double initial_learning_rate;
  double decay_steps;  ///< above 0
  double alpha = 0;
  std::optional<double> warmup_target = std::nullopt;
  double warmup_steps = 0;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("initial_learning_rate", c.initial_learning_rate...), f("decay_steps", c.decay_steps...), f("alpha", c.alpha...),
        f("warmup_target", c.warmup_target...), f("warmup_steps", c.warmup_steps...);
  }

  void validate() const { detail::require_steps("CosineDecay", decay_steps); }
  double operator()(std::size_t count) const {
    validate();
    double step = static_cast<double>(count);
    if (warmup_target && step < warmup_steps)
      return initial_learning_rate + (*warmup_target - initial_learning_rate) * step / warmup_steps;
    if (warmup_target) step -= warmup_steps;
    const double done = (std::min)(step, decay_steps) / decay_steps;
    const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * done));
    return warmup_target.value_or(initial_learning_rate) * ((1 - alpha) * cosine + alpha);
  }
};

/// (initial - end) (1 - step / decay_steps) ^ power + end; `cycle`: decay_steps grows to its next multiple instead of
/// ending.
struct PolynomialDecay {
  static constexpr Schema schema{.spelling = "PolynomialDecay", .keras = "PolynomialDecay", .aggregate = true};
  double initial_learning_rate;
  double decay_steps;  ///< above 0
  double end_learning_rate = 0.0001;
  double power = 1;
  bool cycle = false;

  template <class F, class... C>
  static constexpr void members(F f, C&... c) {
    f("initial_learning_rate", c.initial_learning_rate...), f("decay_steps", c.decay_steps...),
        f("end_learning_rate", c.end_learning_rate...), f("power", c.power...), f("cycle", c.cycle...);
  }

  void validate() const { detail::require_steps("PolynomialDecay", decay_steps); }
  double operator()(std::size_t count) const {
    validate();
    const double step = cycle ? static_cast<double>(count) : (std::min)(static_cast<double>(count), decay_steps);
    const double steps = cycle ? decay_steps * (std::max)(1.0, std::ceil(step / decay_steps)) : decay_steps;
    return (initial_learning_rate - end_learning_rate) * std::pow(1 - step / steps, power) + end_learning_rate;
  }
};

}  // namespace strata
