// Cropping2D: which cells stay.
#include <string_view>
#include <vector>

#include <strata/layers/cropping2d.hpp>

#include "harness/check_layer.hpp"

using namespace strata;
using test::check_layer;

TEST_CASE("Cropping2D") {
  check_layer<Cropping2D<1>, Shape{4, 5, 3}>({.output = {2, 3, 3}});
  check_layer<Cropping2D<ZeroPad{1, 0, 2, 3}>, Shape{3, 7, 17}>({.output = {2, 2, 17}});
  check_layer<Cropping2D<>, Shape{2, 2, 1}>({.output = {2, 2, 1}});
}

TEST_CASE("Cropping2D keeps the middle") {
  test::LayerRun<Cropping2D<ZeroPad{1, 0, 0, 1}>, Shape{2, 3, 1}, float> run(1);
  run.input.copy(std::vector<float>{1, 2, 3, 4, 5, 6});
  run.forward();
  CHECK(test::difference(run.output.span(), std::vector<float>{4, 5}) == 0);
}

TEST_CASE("what a Cropping2D does not take") {
  static_assert(std::string_view(Cropping2D<1>::check({30}).rule) == "cropping needs an image");
  static_assert(std::string_view(Cropping2D<-1>::check({3, 3, 1}).rule) == "the cropping is negative");
  static_assert(std::string_view(Cropping2D<2>::check({5, 4, 1}).rule) == "nothing is left of the image");
  SUCCEED();
}
