// Arithmetic as it is written: what -ffast-math and its like change, a file that computes must not meet.
#pragma once

// Under these flags compilers drop checks for NaN and rearrange the roundings that functions are made of.
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "Strata would be silently wrong with -ffast-math, -Ofast, -funsafe-math-optimizations, -fassociative-math or -ffinite-math-only: compile the file that holds the network without them, or with -fno-fast-math after them"
// Some flags of clang++ and pragmas define no macro: clang++ forgets them from here on, g++ shows them by its folding.
#elif defined(__clang__) && defined(__SSE2__)
#pragma float_control(precise, on)
#elif defined(__clang__)
#pragma clang fp reassociate(off)
#elif defined(__GNUC__)
namespace strata::detail {
inline void require_exact(float x) {
  static_assert(!__builtin_constant_p(x != x) && !__builtin_constant_p(x + 1 - x),
                "Strata would be silently wrong under #pragma GCC optimize with \"Ofast\" or \"fast-math\": leave the "
                "pragma out of the file that holds the network");
}
}  // namespace strata::detail
#endif
