/// @file
/// Counts calls of `operator new` in the whole test program; tests/train/test_allocations.cpp replaces it. Always 0
/// under a sanitizer.
///
///     const auto before = strata::test::allocations();
///     engine(input, output);
///     CHECK(strata::test::allocations() == before);
#pragma once

#include <cstddef>

namespace strata::test {

std::size_t allocations() noexcept;

}  // namespace strata::test
