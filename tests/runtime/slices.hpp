/// @file
/// What the tests of slices and of work in place ask of a plan.
#pragma once

#include <cstddef>

#include <strata/core/layer.hpp>

namespace strata::test {

/// Concatenations that are steps of their own, because something must be copied.
template <class Net>
constexpr int copying() {
  constexpr const auto& plan = Net::inference_plan();
  int count = 0;
  for (std::size_t s = 0; s < plan.step_count; ++s)
    count += Net::network().nodes[static_cast<std::size_t>(plan.steps[s].head)].rules->kind == Kind::concatenation;
  return count;
}

/// Steps that write over what they read.
template <class Net>
constexpr int in_place() {
  constexpr const auto& plan = Net::inference_plan();
  int count = 0;
  for (std::size_t s = 0; s < plan.step_count; ++s) {
    const std::size_t output = static_cast<std::size_t>(plan.steps[s].output);
    count += plan.host[output] >= 0 && !plan.borders[output].is_slice();
  }
  return count;
}

}  // namespace strata::test
