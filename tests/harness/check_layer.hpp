/// @file
/// One call that tries everything a layer must do.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/catch.hpp"
#include "harness/layer_run.hpp"

namespace strata::test {

/// What a test knows without asking the layer.
struct Expected {
  Shape output;
  std::size_t trainable = 0;  ///< elements
  std::size_t state = 0;
  std::size_t macs = 0;
};

template <class T>
std::vector<T> copy(const Guarded<T>& tensor) {
  return {tensor.span().begin(), tensor.span().end()};
}

void check_layer(const LayerFunctions<float>& layer, const LayerFunctions<double>& exact, const Expected& expected,
                 double tolerance);

/// Shapes and counts, gradients by finite differences, float against double, memory, the paths of fusion; batches of 1
/// and 5. `tolerance` is of float, as |a - b| / (1 + |b|).
template <class L, Shape In>
void check_layer(const Expected& expected, double tolerance = 1e-5) {
  check_layer(functions<L, In, float, Paths::fused>, functions<L, In, double>, expected, tolerance);
}

}  // namespace strata::test
