// Networks as pictures.
#include <string>

#include <strata/types.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {
struct Net : Sequential<Input<4, 4, 2>, Conv2D<2, 1, activation<ReLU>>, Residual<Conv2D<2, 3, Same>>, Flatten> {};
}  // namespace

TEST_CASE("to_dot has a box for each layer and an arrow for each tensor", "[graph]") {
  const std::string dot = to_dot<Net>();
  INFO(dot);
  const auto has = [&](const std::string& text) { return dot.find(text) != std::string::npos; };
  CHECK(dot.starts_with("digraph network {\n"));
  CHECK(dot.ends_with("}\n"));
  CHECK(has("n1 [label=\"conv2d\\nConv2D\\n6 parameters\"];"));
  CHECK(has("n2 [label=\"conv2d\\nReLU\"];"));
  CHECK(has("n2 -> n3 [label=\"4x4x2\"];"));
  CHECK(has("n3 -> n4 [label=\"4x4x2\"];"));  // both operands of the sum
  CHECK(has("n2 -> n4 [label=\"4x4x2\"];"));
  CHECK(has("n4 -> n5 [label=\"4x4x2\"];"));
}
