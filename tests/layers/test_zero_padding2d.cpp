// ZeroPadding2D: where the zeros go.

#include <string_view>

#include <strata/layers/zero_padding2d.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("ZeroPadding2D") {
  check_layer<ZeroPadding2D<>, Shape{3, 5, 1}>({.output = {5, 7, 1}});
  check_layer<ZeroPadding2D<2>, Shape{3, 2, 3}>({.output = {7, 6, 3}});
  check_layer<ZeroPadding2D<ZeroPad{1, 2}>, Shape{2, 2, 17}>({.output = {4, 6, 17}});
  check_layer<ZeroPadding2D<ZeroPad{0, 1, 2, 0}>, Shape{3, 4, 33}>({.output = {4, 6, 33}});
  check_layer<ZeroPadding2D<0>, Shape{3, 4, 8}>({.output = {3, 4, 8}});
}

TEST_CASE("ZeroPadding2D against PyTorch and TensorFlow.js") {
  check_oracle<ZeroPadding2D<ZeroPad{1, 2, 0, 3}>, Shape{4, 3, 5}>("pytorch/zero_padding2d");
  check_oracle<ZeroPadding2D<ZeroPad{1, 2, 0, 3}>, Shape{4, 3, 5}>("tfjs/zero_padding2d");
}

TEST_CASE("what a ZeroPadding2D does not take") {
  static_assert(std::string_view(ZeroPadding2D<>::check({30}).rule) == "padding needs an image");
  static_assert(std::string_view(ZeroPadding2D<ZeroPad{0, 0, -1, 0}>::check({3, 3, 1}).rule) ==
                "the padding is negative");
  static_assert(ZeroPadding2D<-1>::check({3, 3, 1}).received == "-1, -1, -1, -1");
  SUCCEED();
}
