/// @file
/// Counts calls of `operator new` in the whole test program.
///
///     const auto before = strata::test::allocations();
///     engine(input, output);
///     CHECK(strata::test::allocations() == before);
#pragma once

#include <cstddef>

namespace strata::test {

std::size_t allocations() noexcept;

/// Sanitizers bring an operator new of their own: there nothing is counted, and `allocations` is 0.
extern const bool counts_allocations;

}  // namespace strata::test
