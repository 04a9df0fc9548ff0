// GaussianNoise: nothing at inference, noise of the right size in training.
#include <cmath>
#include <string_view>
#include <vector>

#include <strata/layers/gaussian_noise.hpp>

#include "harness/check_layer.hpp"

using namespace strata;
using test::check_layer;

TEST_CASE("GaussianNoise") {
  check_layer<GaussianNoise<0.5>, Shape{3, 5, 7}>({.output = {3, 5, 7}});
  check_layer<GaussianNoise<0>, Shape{30}>({.output = {30}});
  static_assert(GaussianNoise<-1>::check({3}).received == "-1");
}

TEST_CASE("the noise has the deviation that was asked for") {
  constexpr std::size_t size = 40'000;
  test::LayerRun<GaussianNoise<0.5>, Shape{size}, float> run(1);
  run.input.copy(std::vector<float>(size, 3.0f));
  run.forward_training();
  double sum = 0, squares = 0;
  for (const float y : run.output.span()) {
    sum += static_cast<double>(y) - 3;
    squares += (static_cast<double>(y) - 3) * (static_cast<double>(y) - 3);
  }
  CHECK(std::abs(sum / size) < 0.0075);                         // three standard deviations
  CHECK(std::abs(std::sqrt(squares / size) - 0.5) < 0.0054);
}
