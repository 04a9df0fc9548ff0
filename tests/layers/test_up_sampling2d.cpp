// UpSampling2D: nearest and bilinear.
#include <string_view>
#include <vector>

#include <strata/layers/up_sampling2d.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("UpSampling2D") {
  check_layer<UpSampling2D<>, Shape{3, 2, 5}>({.output = {6, 4, 5}});
  check_layer<UpSampling2D<Kernel{1, 3}>, Shape{3, 2, 17}>({.output = {3, 6, 17}});
  check_layer<UpSampling2D<2, Bilinear>, Shape{3, 4, 2}>({.output = {6, 8, 2}});
  check_layer<UpSampling2D<Kernel{3, 2}, Bilinear>, Shape{1, 4, 3}>({.output = {3, 8, 3}});
  static_assert(std::string_view(UpSampling2D<0>::check({2, 2, 1}).rule) ==
                "the size of an up-sampling is not positive");
}

TEST_CASE("UpSampling2D against PyTorch and TensorFlow.js") {
  check_oracle<UpSampling2D<2>, Shape{3, 4, 5}>("pytorch/up_sampling2d");
  check_oracle<UpSampling2D<2>, Shape{3, 4, 5}>("tfjs/up_sampling2d");
}

// Half-pixel centres; torch.nn.functional.interpolate(mode="bilinear", align_corners=False) of [0, 4, 8] by 2.
TEST_CASE("bilinear UpSampling2D interpolates between the centres of cells") {
  test::LayerRun<UpSampling2D<Kernel{1, 2}, Bilinear>, Shape{1, 3, 1}, float> run(1);
  run.input.copy(std::vector<float>{0, 4, 8});
  run.forward();
  CHECK(test::difference(run.output.span(), std::vector<float>{0, 1, 3, 5, 7, 8}) == 0);
}
