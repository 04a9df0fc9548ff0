// SpatialDropout2D: whole channels.
#include <cmath>
#include <string_view>
#include <vector>

#include <strata/layers/spatial_dropout2d.hpp>

#include "harness/check_layer.hpp"

using namespace strata;
using test::check_layer;

TEST_CASE("SpatialDropout2D") {
  check_layer<SpatialDropout2D<0.5>, Shape{3, 5, 17}>({.output = {3, 5, 17}});
  static_assert(std::string_view(SpatialDropout2D<0.5>::check({30}).rule) == "SpatialDropout2D needs an image");
  static_assert(std::string_view(SpatialDropout2D<1.5>::check({3, 3, 3}).rule) ==
                "the rate of a Dropout is not in [0, 1)");
}

TEST_CASE("SpatialDropout2D drops channels, its share of them") {
  constexpr std::size_t channels = 4000;
  test::LayerRun<SpatialDropout2D<0.25>, Shape{2, 2, channels}, float> run(2);
  run.input.copy(std::vector<float>(8 * channels, 1.0f));
  run.forward_training();
  std::size_t dropped = 0;
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t c = 0; c < channels; ++c) {
      const float* y = run.output.data() + n * 4 * channels + c;
      for (std::size_t p = 0; p < 4; ++p) REQUIRE(y[p * channels] == y[0]);
      REQUIRE((y[0] == 0 || y[0] == Approx(1 / 0.75)));
      dropped += y[0] == 0;
    }
  CHECK(std::abs(static_cast<double>(dropped) / (2 * channels) - 0.25) < 0.0146);  // three standard deviations
}
