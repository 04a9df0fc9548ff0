// LayerNormalization over the channels of each position.
#include <string_view>
#include <vector>

#include <strata/layers/layer_normalization.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("LayerNormalization") {
  check_layer<LayerNormalization, Shape{3, 2, 5}>({.output = {3, 2, 5}, .trainable = 10}, 2e-5);
  check_layer<LayerNormalizationWith<Epsilon{1e-6}>, Shape{2, 2, 33}>({.output = {2, 2, 33}, .trainable = 66}, 2e-5);
  check_layer<LayerNormalization, Shape{64}>({.output = {64}, .trainable = 128}, 2e-5);
  static_assert(LayerNormalizationWith<Epsilon{0}>::check({3}).rule != nullptr);
}

TEST_CASE("LayerNormalization against PyTorch and TensorFlow.js") {
  check_oracle<LayerNormalization, Shape{3, 4, 6}>("pytorch/layer_normalization");
  check_oracle<LayerNormalization, Shape{3, 4, 6}>("tfjs/layer_normalization");
}

TEST_CASE("a mean far from zero costs LayerNormalization no digits") {
  test::LayerRun<LayerNormalization, Shape{40}, float> run(1);
  test::LayerRun<LayerNormalization, Shape{40}, double> exact(1);
  run.randomize(), exact.randomize();
  for (std::size_t i = 0; i < 40; ++i)
    exact.input.data()[i] = run.input.data()[i] = 4096.0f + static_cast<float>(i % 8);
  run.forward(), exact.forward();
  CHECK(test::difference(run.output.span(), exact.output.span()) < 1e-5);
}
