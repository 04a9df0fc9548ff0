// Reshape: the same elements.
#include <string_view>
#include <vector>

#include <strata/layers/reshape.hpp>

#include "harness/check_layer.hpp"

using namespace strata;
using test::check_layer;

TEST_CASE("Reshape") {
  check_layer<Reshape<3, 4>, Shape{2, 3, 2}>({.output = {3, 4}});
  check_layer<Reshape<2, -1, 3>, Shape{30}>({.output = {2, 5, 3}});
  static_assert(rules<Reshape<1>>::kind == Kind::view);
}

TEST_CASE("what a Reshape does not take") {
  static_assert(std::string_view(Reshape<3, 4>::check({13}).rule) == "Reshape changes the number of elements");
  static_assert(std::string_view(Reshape<-1, 5>::check({13}).rule) == "Reshape changes the number of elements");
  static_assert(std::string_view(Reshape<-1, -1>::check({13}).rule) == "a size of Reshape is not positive");
  static_assert(std::string_view(Reshape<0, 5>::check({13}).rule) == "a size of Reshape is not positive");
  SUCCEED();
}
