// Permute: axes in another order.
#include <string_view>
#include <vector>

#include <strata/layers/permute.hpp>

#include "harness/check_layer.hpp"

using namespace strata;
using test::check_layer;

TEST_CASE("Permute") {
  check_layer<Permute<2, 1, 3>, Shape{2, 3, 4}>({.output = {3, 2, 4}});
  check_layer<Permute<3, 1, 2>, Shape{2, 3, 4}>({.output = {4, 2, 3}});
  check_layer<Permute<2, 1>, Shape{5, 7}>({.output = {7, 5}});
  check_layer<Permute<1>, Shape{5}>({.output = {5}});
}

TEST_CASE("Permute<3, 1, 2> brings channels to the front") {
  test::LayerRun<Permute<3, 1, 2>, Shape{1, 3, 2}, float> run(1);
  run.input.copy(std::vector<float>{1, 2, 3, 4, 5, 6});
  run.forward();
  CHECK(test::difference(run.output.span(), std::vector<float>{1, 3, 5, 2, 4, 6}) == 0);
}

TEST_CASE("what a Permute does not take") {
  static_assert(std::string_view(Permute<1, 1>::check({3, 4}).rule) == "Permute does not name each axis once");
  static_assert(Permute<1, 2>::check({3, 4, 5}).expected == "the axes 1 to 3 in any order");
  SUCCEED();
}
