/// @file
/// The vector of the machine, and its instructions where xsimd has none or not the best: the only file that includes
/// xsimd (8 to 13). Where xsimd knows no vectors, vectors of one number (scalar.hpp).
#pragma once

// STRATA_SCALAR: vectors of one number. 32-bit ARM has only vectors of floats, and those round denormals to zero.
#if !defined(STRATA_SCALAR) && defined(__arm__)
#define STRATA_SCALAR
#endif
#if defined(STRATA_SCALAR) && (defined(__AVX__) || defined(__aarch64__))
#error "STRATA_SCALAR is for processors without vectors: on this one, leave it undefined or compile without -mavx"
#endif

#if !defined(STRATA_SCALAR) && !__has_include(<xsimd/xsimd.hpp>)
#error "Strata needs xsimd 8 or newer: install it (Debian and Ubuntu: apt install libxsimd-dev; else https://github.com/xtensor-stack/xsimd) or add its include directory"
#endif

#include <algorithm>
#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include <strata/core/exact.hpp>

#if defined(__MINGW32__) && defined(__AVX__) && !defined(__clang__) && !defined(STRATA_UNALIGNED_VECTOR_MOVE)
#error "g++ for Windows keeps AVX's registers on a stack that is not aligned for them (GCC 54412): compile with -Wa,-muse-unaligned-vector-move -DSTRATA_UNALIGNED_VECTOR_MOVE, as the CMake target strata::strata does"
#endif
#if FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2
#error "Strata needs floats that are rounded to 32 bits, not x87's 80: compile for 32-bit x86 with -msse2 -mfpmath=sse"
#endif

#if !defined(STRATA_SCALAR)
// g++ 12 reports the deliberately undefined operand of its own AVX-512 intrinsics as used uninitialized (GCC 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#pragma push_macro("min")  // those of windows.h; the library itself writes (std::min)(a, b)
#pragma push_macro("max")
#undef min
#undef max
#include <xsimd/xsimd.hpp>
#pragma pop_macro("min")
#pragma pop_macro("max")
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#if defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
#define STRATA_SCALAR
#endif
#endif

#include <strata/kernels/vector.hpp>
#if defined(STRATA_SCALAR)
#include <strata/kernels/scalar.hpp>
#endif

#if defined(__aarch64__) && XSIMD_VERSION_MAJOR == 8
// xsimd 8 estimates quotients of floats there; now they are correctly rounded, as elsewhere.
template <>
inline xsimd::batch<float, xsimd::neon64>& xsimd::batch<float, xsimd::neon64>::operator/=(const batch& other) noexcept {
    return *this = vdivq_f32(*this, other);
}
#endif

namespace strata::simd {

#if defined(STRATA_SCALAR)
namespace backend = scalar;
#else
namespace backend = xsimd;
#endif

template <class T>
struct Native {
    using type = backend::batch<T>;
};

namespace detail {

#if defined(__AVX512F__)

STRATA_INLINE __mmask16 first_lanes_16(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
STRATA_INLINE __mmask8 first_lanes_8(int n) { return static_cast<__mmask8>((1u << n) - 1u); }

STRATA_INLINE __m512 masked_load(const float* p, int n) { return _mm512_maskz_loadu_ps(first_lanes_16(n), p); }
STRATA_INLINE __m512d masked_load(const double* p, int n) { return _mm512_maskz_loadu_pd(first_lanes_8(n), p); }
STRATA_INLINE void masked_store(float* p, __m512 v, int n) { _mm512_mask_storeu_ps(p, first_lanes_16(n), v); }
STRATA_INLINE void masked_store(double* p, __m512d v, int n) { _mm512_mask_storeu_pd(p, first_lanes_8(n), v); }

// xsimd 8 leaves these on AVX-512 to the compiler's contraction of a * b + c, which clang does not do.
STRATA_INLINE __m512 fma(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
STRATA_INLINE __m512d fma(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
STRATA_INLINE __m512 neg_fma(__m512 a, __m512 b, __m512 c) { return _mm512_fnmadd_ps(a, b, c); }
STRATA_INLINE __m512d neg_fma(__m512d a, __m512d b, __m512d c) { return _mm512_fnmadd_pd(a, b, c); }

/// An estimate of 14 bits and one step of Newton's method, in a third of the time that a Xeon divides in; 0 at infinity.
STRATA_INLINE __m512 reciprocal(__m512 x) {
    const __m512 estimate = _mm512_rcp14_ps(x);
    const __m512 error = _mm512_fnmadd_ps(x, estimate, _mm512_set1_ps(1.0f));
    const __mmask16 finite = _mm512_cmp_ps_mask(x, _mm512_set1_ps(std::numeric_limits<float>::infinity()), _CMP_LT_OQ);
    return _mm512_mask_fmadd_ps(estimate, finite, error, estimate);
}

STRATA_INLINE __mmask16 unordered(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
STRATA_INLINE __mmask8 unordered(__m512d a, __m512d b) { return _mm512_cmp_pd_mask(a, b, _CMP_UNORD_Q); }

STRATA_INLINE __m512 round(__m512 x) { return _mm512_roundscale_ps(x, 0); }
STRATA_INLINE __m512d round(__m512d x) { return _mm512_roundscale_pd(x, 0); }

#if defined(__AVX512DQ__)
STRATA_INLINE __m512 bounded(__m512 x, __m512 bound) { return _mm512_range_ps(x, bound, 2); }
STRATA_INLINE __m512d bounded(__m512d x, __m512d bound) { return _mm512_range_pd(x, bound, 2); }
#endif

STRATA_INLINE __m512 scale(__m512 x, __m512 n) { return _mm512_scalef_ps(x, n); }
STRATA_INLINE __m512d scale(__m512d x, __m512d n) { return _mm512_scalef_pd(x, n); }

#elif defined(__AVX__)

// The window of 8 (4) integers that ends n elements before the zeros selects the first n lanes.
inline constexpr std::int32_t lane_window_32[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
inline constexpr std::int64_t lane_window_64[8] = {-1, -1, -1, -1};

STRATA_INLINE __m256i first_lanes_8(int n) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lane_window_32 + 8 - n));
}
STRATA_INLINE __m256i first_lanes_4(int n) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lane_window_64 + 4 - n));
}

STRATA_INLINE __m256 masked_load(const float* p, int n) { return _mm256_maskload_ps(p, first_lanes_8(n)); }
STRATA_INLINE __m256d masked_load(const double* p, int n) { return _mm256_maskload_pd(p, first_lanes_4(n)); }
STRATA_INLINE void masked_store(float* p, __m256 v, int n) { _mm256_maskstore_ps(p, first_lanes_8(n), v); }
STRATA_INLINE void masked_store(double* p, __m256d v, int n) { _mm256_maskstore_pd(p, first_lanes_4(n), v); }

STRATA_INLINE __m256 unordered(__m256 a, __m256 b) { return _mm256_cmp_ps(a, b, _CMP_UNORD_Q); }
STRATA_INLINE __m256d unordered(__m256d a, __m256d b) { return _mm256_cmp_pd(a, b, _CMP_UNORD_Q); }

#else

template <class T>
STRATA_INLINE Vector<T> masked_load(const T* p, int n) {
    T buffer[lanes<Vector<T>>] = {};
    std::memcpy(buffer, p, static_cast<std::size_t>(n) * sizeof(T));
    return simd::load<Vector<T>>(buffer);
}
template <class T>
STRATA_INLINE void masked_store(T* p, Vector<T> v, int n) {
    T buffer[lanes<Vector<T>>];
    simd::store(buffer, v);
    std::memcpy(p, buffer, static_cast<std::size_t>(n) * sizeof(T));
}

#if defined(__SSE2__) && !defined(STRATA_SCALAR)
STRATA_INLINE __m128 unordered(__m128 a, __m128 b) { return _mm_cmpunord_ps(a, b); }
STRATA_INLINE __m128d unordered(__m128d a, __m128d b) { return _mm_cmpunord_pd(a, b); }
#else
template <class V>
STRATA_INLINE auto unordered(V a, V b) {
    return !((a == a) & (b == b));
}
#endif

#endif

#if defined(__aarch64__)

// xsimd 8 rounds the product of the first and estimates the root of the second.
STRATA_INLINE float32x4_t neg_fma(float32x4_t a, float32x4_t b, float32x4_t c) { return vfmsq_f32(c, a, b); }
STRATA_INLINE float64x2_t neg_fma(float64x2_t a, float64x2_t b, float64x2_t c) { return vfmsq_f64(c, a, b); }
STRATA_INLINE float32x4_t sqrt(float32x4_t x) { return vsqrtq_f32(x); }
STRATA_INLINE float64x2_t sqrt(float64x2_t x) { return vsqrtq_f64(x); }

#endif

} // namespace detail

} // namespace strata::simd
