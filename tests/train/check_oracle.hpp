/// @file
/// Losses, optimisers and models against fixtures of other libraries (tests/oracle/README.md).
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <strata/graph/sequential.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

#include "harness/catch.hpp"
#include "harness/fixture.hpp"
#include "train/support.hpp"

namespace strata::train_test {

/// Of one sample, where the tensor holds a batch.
inline Shape sample_shape(const test::Fixture& fixture, const std::string& tensor) {
  const std::vector<int> extents = fixture.shape(tensor);
  Shape shape;
  for (std::size_t axis = 1; axis < extents.size(); ++axis) shape.extents[axis - 1] = extents[axis], ++shape.rank;
  return shape;
}

template <class Target>
std::vector<Target> targets_of(const test::Fixture& fixture, const std::string& tensor = "targets") {
  if constexpr (std::is_same_v<Target, int>) return fixture.ints(tensor);
  else return fixture.floats(tensor);
}

template <class Target, class Loss>
void check_loss(const std::string& name, const Loss& loss, double tolerance = 2e-6) {
  CAPTURE(name);
  const test::Fixture fixture(name);
  const std::vector<float> predictions = fixture.floats("predictions");
  const std::vector<Target> targets = targets_of<Target>(fixture);
  std::vector<float> gradient(predictions.size());
  const double mean = loss.template evaluate<simd::Vector<float>>(
      predictions.data(), std::span<const Target>(targets), gradient.data(),
      static_cast<std::size_t>(fixture.shape("predictions")[0]), sample_shape(fixture, "predictions"));
  CHECK(mean == Approx(fixture.floats("loss")[0]).epsilon(tolerance));
  if (fixture.has("gradient")) CHECK(difference(gradient, fixture.floats("gradient")) < tolerance);
}

/// A layer with two tensors, for clipping.
struct TwoTensors {
  static constexpr const char* class_name = "TwoTensors";
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Parameters parameters(Shape) { return {{"first", {15}}, {"second", {25}}}; }
};
struct TwoTensorNet : Sequential<Input<40>, TwoTensors> {};

template <class Optimizer>
void check_optimizer(const std::string& name, const Optimizer& optimizer) {
  CAPTURE(name);
  const test::Fixture fixture(name);
  using V = simd::Vector<float>;
  std::vector<float> parameters = fixture.floats("parameters_0"), slots(Optimizer::slots * 40);
  const std::vector<float> all = fixture.floats("gradients");
  for (std::size_t t = 0; t < all.size() / 40; ++t) {
    std::vector<float> gradients(all.begin() + static_cast<std::ptrdiff_t>(40 * t),
                                 all.begin() + static_cast<std::ptrdiff_t>(40 * (t + 1)));
    detail::clip_gradients<TwoTensorNet, V>(optimizer, std::span(gradients));
    apply_gradients<V>(optimizer, t, std::span(parameters), std::span<const float>(gradients), std::span(slots));
    CHECK(difference(parameters, fixture.floats("parameters_" + std::to_string(t + 1))) < 1e-6);
  }
}

/// `use(layer/parameter, its elements)` for each parameter of a model.
template <class Net, class Use>
void each_parameter(Model<Net>& model, Use use) {
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float> elements) {
    use(std::string(Text(node.name)) + "/" + std::string(parameter.name), elements);
  });
}

/// Sets every parameter from the tensor `prefix` + layer/parameter.
template <class Net>
void load(Model<Net>& model, const test::Fixture& fixture, const std::string& prefix) {
  each_parameter(model, [&](const std::string& name, std::span<float> elements) {
    const std::vector<float> values = fixture.floats(prefix + name);
    REQUIRE(values.size() == elements.size());
    std::copy(values.begin(), values.end(), elements.begin());
  });
}

}  // namespace strata::train_test
