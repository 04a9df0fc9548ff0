/// @file
/// A layer against what PyTorch and TensorFlow.js computed.
#pragma once

#include <string>
#include <vector>

#include "harness/fixture.hpp"
#include "harness/layer_run.hpp"

namespace strata::test {

inline void check_oracle(const LayerFunctions<float>& layer, const std::string& name, double tolerance) {
  const Fixture fixture(name);
  INFO(layer.title << " against " << name);
  const std::vector<int> shape = fixture.shape("input");
  REQUIRE(std::vector(shape.begin() + 1, shape.end()) ==
          std::vector(layer.in.extents.begin(), layer.in.extents.begin() + layer.in.rank));

  AnyLayerRun<float> run(layer, static_cast<std::size_t>(shape[0]));
  run.input.copy(fixture.floats("input"));
  for (std::size_t p = 0; p < layer.parameters.count; ++p)
    run.parameters[p].copy(fixture.floats(std::string(layer.parameters.list[p].name)));
  const auto compare = [&](const std::string& tensor, auto& values) {
    INFO(tensor);
    CHECK(difference(values.span(), fixture.floats(tensor)) < tolerance);
  };

  run.forward();
  compare("output", run.output);
  if (!fixture.has("output_gradient")) return;
  run.forward_training();
  compare(fixture.has("output_training") ? "output_training" : "output", run.output);
  run.output_gradient.copy(fixture.floats("output_gradient"));
  run.backward();
  compare("input_gradient", run.input_gradient);
  run.update_state();
  std::size_t trainable = 0;
  for (std::size_t p = 0; p < layer.parameters.count; ++p) {
    const std::string parameter(layer.parameters.list[p].name);
    if (layer.parameters.list[p].trainable) compare(parameter + "_gradient", run.gradients[trainable++]);
    else compare(parameter + "_after", run.parameters[p]);
  }
}

/// `check_oracle<Sigmoid, Shape{3, 5, 7}>("tfjs/activation_sigmoid")`: both forward modes, all gradients and the moving
/// statistics, in float, as far as the fixture has them.
template <class L, Shape In>
void check_oracle(const std::string& name, double tolerance = 1e-5) {
  check_oracle(functions<L, In, float>(), name, tolerance);
}

}  // namespace strata::test
