/// @file
/// Inlining control, the only macros of the library.
///
/// Why: g++ 12 does not reliably inline lambdas called in loops and fold expressions, and then keeps accumulators in
/// memory instead of registers (measured: a kernel 2 to 4 times slower, depending on unrelated code in the file).
///
///     STRATA_INLINE float twice(float x) { return 2 * x; }                     // micro-kernels, vector functions
///     STRATA_NOINLINE void convolve(const float* x, float* y);                 // one outer kernel a geometry
///     auto row = [&](int i) STRATA_INLINE_LAMBDA { … };                        // after the parameter list,
///     auto sum = [&](int i) STRATA_INLINE_LAMBDA -> float { … };               // before `-> type`; not with `mutable`,
///                                                                              // where g++ and clang++ differ in order
#pragma once

#define STRATA_INLINE inline __attribute__((always_inline))
#define STRATA_INLINE_LAMBDA __attribute__((always_inline))
#define STRATA_NOINLINE __attribute__((noinline))
