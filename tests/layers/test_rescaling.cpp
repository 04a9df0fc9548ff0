// Rescaling: a constant scale and offset.

#include <limits>

#include <strata/layers/rescaling.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("Rescaling") {
  check_layer<Rescaling<1 / 255.0>, Shape{5, 3, 3}>({.output = {5, 3, 3}});
  check_layer<Rescaling<-2.5, 0.75>, Shape{17}>({.output = {17}});
  check_oracle<Rescaling<1 / 127.5, -1>, Shape{4, 3, 5}>("pytorch/rescaling");
  check_oracle<Rescaling<1 / 127.5, -1>, Shape{4, 3, 5}>("tfjs/rescaling");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  static_assert(Rescaling<infinity>::check({3}) && Rescaling<1, -infinity>::check({3}) && Rescaling<1e39>::check({3}));
  static_assert(Rescaling<std::numeric_limits<double>::quiet_NaN()>::check({3}) && !Rescaling<-1e38, 1e38>::check({3}));
  static_assert(!Rescaling<2>::backward_needs.input && !Rescaling<2>::backward_needs.output);
}
