// What is asserted of many numbers: an assertion for each of millions takes longer than what makes them.
#pragma once

#include <cstddef>

#include "harness/catch.hpp"

namespace strata::test {

/// Each of `values` is its `expected(i)`: a number or an Approx of one. One assertion, of the first that is not.
template <class Values, class Expected>
void require_all(const Values& values, Expected expected) {
  std::size_t i = 0;
  while (i < values.size() && values[i] == expected(i)) ++i;
  if (i == values.size()) return;
  CAPTURE(i, values.size());
  REQUIRE(values[i] == expected(i));
}

}  // namespace strata::test
