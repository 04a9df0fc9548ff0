// The networks that go out to ONNX and back, and their weights.
#pragma once

#include <cstdint>
#include <span>

#include <strata/strata.hpp>

#include "all.hpp"  // the zoo's
#include "harness/keras_networks.hpp"
#include "harness/onnx_networks.hpp"

namespace strata::test {

/// f.template operator()<Net>(name) for each.
template <class F>
void for_each_round_trip(F f) {
  zoo::for_each_network(f);
  f.template operator()<Lesson>("Lesson");
  f.template operator()<ResidualNet>("ResidualNet");
  f.template operator()<TwoInputs>("TwoInputs");
  f.template operator()<TwoOutputs>("TwoOutputs");
  f.template operator()<FlattenedThenNormalized>("FlattenedThenNormalized");
  f.template operator()<FlattenedImage>("FlattenedImage");
  f.template operator()<TwoHeads>("TwoHeads");
  f.template operator()<Folds>("Folds");
}

/// Kernels as they are initialised, all else between 0.5 and 1.5.
template <class Net>
void fill(Model<Net>& model) {
  const Random random{Seed{3}};
  std::uint64_t count = 0;
  model.for_each_parameter([&](const NodeInfo&, const Parameter& parameter, std::span<float> values) {
    for (float& value : values) {
      const double draw = random.uniform(count++);
      if (parameter.initializer.kind != Initializer::glorot_uniform) value = static_cast<float>(0.5 + draw);
    }
  });
}

}  // namespace strata::test
