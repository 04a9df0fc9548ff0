// Flatten: a view.

#include <strata/layers/flatten.hpp>

#include "harness/check_layer.hpp"

using namespace strata;
using test::check_layer;

TEST_CASE("Flatten") {
  check_layer<Flatten, Shape{3, 5, 17}>({.output = {255}});
  check_layer<Flatten, Shape{1, 1, 1}>({.output = {1}});
  check_layer<Flatten, Shape{9}>({.output = {9}});
  static_assert(rules<Flatten>::kind == Kind::view && rules<Flatten>::training_kind == Kind::view);
}
