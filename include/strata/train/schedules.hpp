// Learning rates that change from step to step, and the type that holds a constant or any of them.
//
//     SGD{.learning_rate = 0.05f}
//     Adam{.learning_rate = CosineDecay{.initial_learning_rate = 0, .decay_steps = 9'000, .warmup_target = 1e-3,
//     .warmup_steps = 1'000}} Adam{.learning_rate = [](std::size_t step) { return step < 100 ? 1e-4 : 1e-3; }}
//
// Steps count from 0 and are optimiser steps (batches), not epochs. Keras: `keras.optimizers.schedules`.
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

namespace strata {

/// A number, or anything that can be called with a step and gives one.
class LearningRate {
 public:
  template <class Number>
  requires std::is_arithmetic_v<Number> LearningRate(Number rate) : constant_(static_cast<double>(rate)) {}
  template <class Schedule>
  requires(std::invocable<const Schedule&, std::size_t> && !std::same_as<Schedule, LearningRate>)
      LearningRate(Schedule schedule)
      : schedule_(std::move(schedule)) {}

  double operator()(std::size_t step) const { return schedule_ ? schedule_(step) : constant_; }

 private:
  double constant_ = 0;
  std::function<double(std::size_t)> schedule_;
};

/// initial * decay_rate ^ (step / decay_steps); staircase: whole powers.
struct ExponentialDecay {
  double initial_learning_rate;
  double decay_steps;
  double decay_rate;
  bool staircase = false;

  double operator()(std::size_t step) const {
    const double power = static_cast<double>(step) / decay_steps;
    return initial_learning_rate * std::pow(decay_rate, staircase ? std::floor(power) : power);
  }
};

/// values[i] up to and including step boundaries[i], values.back() after the last. One more value than boundaries,
/// else InvalidArgument.
struct PiecewiseConstantDecay {
  std::vector<std::size_t> boundaries;
  std::vector<double> values;

  double operator()(std::size_t step) const {
    if (values.size() != boundaries.size() + 1)
      detail::raise<InvalidArgument>(
          "PiecewiseConstantDecay: expected one more value than boundaries, received " +
          std::to_string(values.size()) + " values and " + std::to_string(boundaries.size()) + " boundaries");
    return values[static_cast<std::size_t>(std::lower_bound(boundaries.begin(), boundaries.end(), step) -
                                           boundaries.begin())];
  }
};

/// Half a cosine from the initial rate down to alpha times it; with a warmup target, first a straight line from the
/// initial rate to the target over `warmup_steps`, and the cosine starts there (Loshchilov & Hutter 2016).
struct CosineDecay {
  double initial_learning_rate;
  double decay_steps;
  double alpha = 0;
  std::optional<double> warmup_target = std::nullopt;
  double warmup_steps = 0;

  double operator()(std::size_t count) const {
    double step = static_cast<double>(count);
    if (warmup_target && step < warmup_steps)
      return initial_learning_rate + (*warmup_target - initial_learning_rate) * step / warmup_steps;
    if (warmup_target) step -= warmup_steps;
    const double done = std::min(step, decay_steps) / decay_steps;
    const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * done));
    return warmup_target.value_or(initial_learning_rate) * ((1 - alpha) * cosine + alpha);
  }
};

/// (initial - end) (1 - step / decay_steps) ^ power + end; `cycle`: decay_steps grows to its next multiple instead of
/// ending.
struct PolynomialDecay {
  double initial_learning_rate;
  double decay_steps;
  double end_learning_rate = 0.0001;
  double power = 1;
  bool cycle = false;

  double operator()(std::size_t count) const {
    const double step = cycle ? static_cast<double>(count) : std::min(static_cast<double>(count), decay_steps);
    const double steps = cycle ? decay_steps * std::max(1.0, std::ceil(step / decay_steps)) : decay_steps;
    return (initial_learning_rate - end_learning_rate) * std::pow(1 - step / steps, power) + end_learning_rate;
  }
};

}  // namespace strata
