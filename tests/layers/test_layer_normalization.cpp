// LayerNormalization over the channels of each position.
#include <cmath>
#include <limits>
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
  for (const float step : {1.0f, 0.001f}) {  // 0.001 is two floats at 10,000: the mean lies between them
    for (std::size_t i = 0; i < 40; ++i)
      exact.input.data()[i] = run.input.data()[i] = 10000.0f + step * static_cast<float>(i % 8);
    run.forward(), exact.forward();
    CHECK(test::difference(run.output.span(), exact.output.span()) < 1e-5);
    run.backward(), exact.backward();
    CHECK(test::difference(run.input_gradient.span(), exact.input_gradient.span()) < 1e-5);
    CHECK(test::difference(run.gradients[0].span(), exact.gradients[0].span()) < 1e-5);
  }
}

TEST_CASE("LayerNormalization makes NaN of a position with a value that is not finite, as Keras") {
  for (const float x : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const std::size_t place : {std::size_t{0}, std::size_t{3}}) {
      test::LayerRun<LayerNormalization, Shape{2, 5}, float> run(1);
      run.randomize();
      run.input.data()[place] = x;
      run.forward();
      for (std::size_t i = 0; i < 10; ++i) CHECK(std::isnan(run.output[i]) == (i < 5));
    }
}
