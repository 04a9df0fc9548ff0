// Compiled once for each architecture by strata_dispatch, which comes with the package.
#include <strata/kernels/simd.hpp>

int lanes() { return strata::simd::lanes<strata::simd::Vector<float>>; }
