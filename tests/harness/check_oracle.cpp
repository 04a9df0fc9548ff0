#include "harness/check_oracle.hpp"

#include <vector>

#include "harness/fixture.hpp"

namespace strata::test {

void check_oracle(const LayerFunctions<float>& layer, const std::string& name, double tolerance) {
  const Fixture fixture(name);
  INFO(name);
  const std::vector<int> shape = fixture.shape("input");
  REQUIRE(std::vector(shape.begin() + 1, shape.end()) ==
          std::vector(layer.in.extents.begin(), layer.in.extents.begin() + layer.in.rank));

  AnyLayerRun<float> run(layer, static_cast<std::size_t>(shape[0]));
  INFO(run.title());
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
  CHECK(run.intact());
}

}  // namespace strata::test
