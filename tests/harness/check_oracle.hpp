/// @file
/// A layer against what PyTorch and TensorFlow.js computed.
#pragma once

#include <string>

#include "harness/catch.hpp"
#include "harness/layer_run.hpp"

namespace strata::test {

void check_oracle(const LayerFunctions<float>& layer, const std::string& name, double tolerance);

/// `check_oracle<Sigmoid, Shape{3, 5, 7}>("tfjs/activation_sigmoid")`: both forward modes, all gradients and the moving
/// statistics, in float, as far as the fixture has them.
template <class L, Shape In>
void check_oracle(const std::string& name, double tolerance = 1e-5) {
  check_oracle(functions<L, In, float>, name, tolerance);
}

}  // namespace strata::test
