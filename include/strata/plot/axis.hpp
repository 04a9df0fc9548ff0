// Where the ticks of an axis are: at round numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <strata/core/number.hpp>

namespace strata::plot {

/// From `low` to `high` with a tick each `step`.
struct Axis {
  double low = 0, high = 1, step = 1;

  /// A step of 1, 2 or 5 times a power of ten that makes at most about `ticks` of them.
  static double step_for(double length, int ticks) {
    const double rough = length / ticks, power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0})
      if (rough <= factor * power * (1 + 1e-9)) return factor * power;
    return 10 * power;
  }
  /// Ends where its values end.
  static Axis tight(double low, double high, int ticks) {
    if (!(high > low)) low -= 0.5, high = low + 1;
    return {low, high, step_for(high - low, ticks)};
  }
  /// Ends at ticks.
  static Axis round(double low, double high, int ticks) {
    const Axis axis = tight(low, high, ticks);
    return {std::floor(axis.low / axis.step + 1e-9) * axis.step, std::ceil(axis.high / axis.step - 1e-9) * axis.step,
            axis.step};
  }
  std::vector<double> ticks() const {
    std::vector<double> ticks;
    for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i) ticks.push_back(i * step);
    return ticks;
  }
  std::string label(double tick) const {
    const int digits = (std::max)(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
    const std::string text = strata::detail::fixed(tick, digits);
    return text.find_first_of("123456789") == text.npos && text[0] == '-' ? text.substr(1) : text;
  }
  double part(double value) const { return (value - low) / (high - low); }
};

}  // namespace strata::plot
