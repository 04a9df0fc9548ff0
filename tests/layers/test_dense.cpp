// Dense: widths below, at and above the lanes.
#include <string>

#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("Dense") {
  check_layer<Dense<1>, Shape{7}>({.output = {1}, .trainable = 8, .macs = 7});
  check_layer<Dense<100, NoBias>, Shape{65}>({.output = {100}, .trainable = 6500, .macs = 6500});
  check_layer<Dense<3, L2{0.1}>, Shape{130}>({.output = {3}, .trainable = 393, .macs = 390});
  check_layer<Dense<9>, Shape{2, 3, 17}>({.output = {2, 3, 9}, .trainable = 162, .macs = 918});
}

TEST_CASE("Dense against PyTorch and TensorFlow.js") {
  check_oracle<Dense<7>, Shape{13}>("pytorch/dense");
  check_oracle<Dense<16, NoBias>, Shape{24}>("pytorch/dense_no_bias");
  check_oracle<Dense<7>, Shape{13}>("tfjs/dense");
}

TEST_CASE("what Dense does not take") {
  const auto rule = [](const Problem& problem) { return std::string(problem.rule == nullptr ? "" : problem.rule); };
  CHECK(rule(Dense<8>::check({3})) == "");
  CHECK(rule(Dense<8>::check({3, 3, 4})) == "");
  CHECK(rule(Dense<0>::check({3})) == "the number of units is not positive");
}
