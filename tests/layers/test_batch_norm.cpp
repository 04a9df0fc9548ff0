// BatchNorm: statistics, gradients, moving averages, folding, oracles; and what a large mean costs.

#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <strata/layers/batch_norm.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

namespace {

template <int C>
void check_channels() {
  check_layer<BatchNorm, Shape{3, 5, C}>({.output = {3, 5, C}, .trainable = 2 * C, .state = 2 * C}, 2e-5);
}

}  // namespace

TEST_CASE("BatchNorm on images, vectors and sequences of any number of channels") {
  check_channels<1>();
  check_channels<3>();
  check_channels<17>();
  check_layer<BatchNorm, Shape{11}>({.output = {11}, .trainable = 22, .state = 22}, 2e-5);
  check_layer<BatchNorm, Shape{7, 64}>({.output = {7, 64}, .trainable = 128, .state = 128}, 2e-5);
  check_layer<BatchNormWith<Epsilon{0.1}, Momentum{0.5}>, Shape{2, 2, 6}>(
      {.output = {2, 2, 6}, .trainable = 12, .state = 12});
}

TEST_CASE("BatchNorm without gamma is BatchNorm with a gamma of one") {
  check_layer<BatchNormWith<NoScale, Epsilon{0.1}>, Shape{3, 5, 17}>(
      {.output = {3, 5, 17}, .trainable = 17, .state = 34}, 2e-5);
  constexpr std::array<double, 4> parameters{1.0, 0.5, -2.0, 0.25};  // gamma, beta, moving mean and variance
  std::array<const double*, 4> with{&parameters[0], &parameters[1], &parameters[2], &parameters[3]};
  std::array<double, 2> scale{}, shift{};
  BatchNorm::affine(Shape{1}, with.data(), &scale[0], &shift[0]);
  BatchNormWith<NoScale>::affine(Shape{1}, with.data() + 1, &scale[1], &shift[1]);
  CHECK(scale[0] == scale[1]);
  CHECK(shift[0] == shift[1]);
}

TEST_CASE("BatchNorm against PyTorch and TensorFlow.js") {
  for (const std::string oracle : {"pytorch/", "tfjs/"}) {
    check_oracle<BatchNorm, Shape{5, 4, 6}>(oracle + "batch_normalization");
    check_oracle<BatchNorm, Shape{11}>(oracle + "batch_normalization_flat");
    check_oracle<BatchNormWith<Momentum{0.9}, Epsilon{1e-5}>, Shape{5, 4, 16}>(oracle + "batch_normalization_momentum");
  }
}

TEST_CASE("the biased variance moves the average, as in Keras 3") {
  test::LayerRun<BatchNormWith<Momentum{0}>, Shape{1}, double> run(4);
  run.randomize();
  run.input.copy(std::vector{1.0, 2.0, 3.0, 4.0});
  run.forward_training();
  CHECK(run.parameters[2].data()[0] != 2.5);  // nothing moves before update_state
  run.update_state();
  CHECK(run.parameters[2].data()[0] == 2.5);
  CHECK(run.parameters[3].data()[0] == 1.25);
}

TEST_CASE("a mean far from zero costs no digits") {
  constexpr std::size_t batch = 64;
  test::LayerRun<BatchNorm, Shape{8, 8, 5}, float> run(batch);
  test::LayerRun<BatchNorm, Shape{8, 8, 5}, double> exact(batch);
  run.randomize();
  exact.randomize();
  const std::vector<float> noise(run.input.span().begin(), run.input.span().end());
  for (const float spread : {1.0f, 0.004f}) {
    for (std::size_t i = 0; i < noise.size(); ++i)
      run.input.data()[i] = 10000.0f + spread * ((i < noise.size() / 2 ? 3.0f : 0.0f) + noise[i]);
    exact.input.copy(std::vector<double>(run.input.span().begin(), run.input.span().end()));
    run.forward_training();
    exact.forward_training();
    CHECK(test::difference(run.saved.span().first(10), exact.saved.span().first(10)) < 2e-7);
    CHECK(test::difference(run.output.span(), exact.output.span()) < 1e-5);
    run.backward();
    exact.backward();
    CHECK(test::difference(run.input_gradient.span(), exact.input_gradient.span()) < 1e-5);
    CHECK(test::difference(run.gradients[0].span(), exact.gradients[0].span()) < 1e-5);
    CHECK(test::difference(run.gradients[1].span(), exact.gradients[1].span()) < 1e-5);
  }
}

TEST_CASE("a NaN in a channel makes its statistics NaN, as in Keras") {
  test::LayerRun<BatchNorm, Shape{2}, float> run(3);
  run.randomize();
  run.input.data()[2] = std::numeric_limits<float>::quiet_NaN();
  run.forward_training();
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::isnan(run.output[i]) == (i % 2 == 0));
  run.update_state();
  for (const std::size_t average : {2, 3}) {
    CHECK(std::isnan(run.parameters[average][0]));
    CHECK_FALSE(std::isnan(run.parameters[average][1]));
  }
}

TEST_CASE("a constant channel becomes beta") {
  test::LayerRun<BatchNorm, Shape{3, 3, 2}, float> run(2);
  run.randomize();
  run.input.copy(std::vector<float>(36, 0.1f));
  run.forward_training();
  for (std::size_t i = 0; i < 36; ++i) CHECK(run.output.data()[i] == run.parameters[1].data()[i % 2]);
}

TEST_CASE("what a BatchNorm does not take") {
  static_assert(std::string_view(BatchNormWith<Momentum{1.5}>::check({3}).rule) ==
                "the momentum is not between 0 and 1");
  static_assert(BatchNormWith<Momentum{1.5}>::check({3}).received == "1.5");
  static_assert(std::string_view(BatchNormWith<Epsilon{0}>::check({3}).rule) == "the epsilon is not positive");
  static_assert(std::string_view(BatchNormWith<Same>::check({3}).rule) == "unknown option");
  static_assert(std::string_view(BatchNormWith<Epsilon{1}, Epsilon{2}>::check({3}).rule) == "repeated option");
  static_assert(!BatchNormWith<Momentum{1}, Epsilon{1e-9}>::check({3}));
  SUCCEED();
}
