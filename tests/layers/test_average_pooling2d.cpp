// AveragePooling2D: windows inside and over the edge, where padding does not count.

#include <string_view>

#include <strata/layers/average_pooling2d.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("AveragePooling2D") {
  check_layer<AveragePooling2D<>, Shape{5, 4, 1}>({.output = {2, 2, 1}});
  check_layer<AveragePooling2D<>, Shape{4, 7, 3}>({.output = {2, 3, 3}});
  check_layer<AveragePooling2D<3, Strides{2}, Same>, Shape{5, 6, 8}>({.output = {3, 3, 8}});
  check_layer<AveragePooling2D<3, Same, Strides{1}>, Shape{4, 3, 17}>({.output = {4, 3, 17}});
  check_layer<AveragePooling2D<Kernel{2, 3}, Strides{3, 1}>, Shape{6, 5, 33}>({.output = {2, 3, 33}});
}

TEST_CASE("AveragePooling2D against PyTorch and TensorFlow.js") {
  for (const std::string oracle : {"pytorch/", "tfjs/"}) {
    check_oracle<AveragePooling2D<>, Shape{7, 6, 5}>(oracle + "average_pooling2d");
    using Overlapping = AveragePooling2D<3, Strides{2}, Same>;
    check_oracle<Overlapping, Shape{7, 5, 3}>(oracle + "average_pooling2d_3_strides_2_same_odd");
    check_oracle<Overlapping, Shape{8, 6, 8}>(oracle + "average_pooling2d_3_strides_2_same_even");
  }
  check_oracle<AveragePooling2D<Kernel{3, 2}>, Shape{8, 7, 3}>("pytorch/average_pooling2d_3x2");
}

TEST_CASE("an AveragePooling2D refuses what a MaxPooling2D does") {
  static_assert(std::string_view(AveragePooling2D<4>::check({5, 3, 1}).rule) == "the pool is larger than the input");
  static_assert(std::string_view(AveragePooling2D<2, NoBias>::check({5, 3, 1}).rule) == "unknown option");
  SUCCEED();
}
