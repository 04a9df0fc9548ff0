/// @file
/// What a kernel may ask of a vector. Here it is declared only, so that layers and networks are described (types.hpp)
/// without xsimd; simd.hpp and math.hpp, which includes it, define it for the machine.
///
/// A kernel is written once over `V = Vector<float>` (or `double`) and the compiler's target flags choose the register:
///
///     using V = simd::Vector<float>;
///     V sum(0.0f);
///     for (int i = 0; i < n; i += simd::lanes<V>)
///         sum = simd::fma(simd::load_partial<V>(x + i, std::min(n - i, simd::lanes<V>)), simd::load<V>(w + i), sum);
///     float total = simd::reduce_add(sum);
///
/// `+ - * /`, unary minus and the comparisons (which give a `Mask<V>`) are the vector's own operators.
#pragma once

#include <cstddef>

#include <strata/core/inline.hpp>

namespace strata::simd {

template <class T>
struct Native;  // defined by <strata/strata.hpp>

/// The widest vector of `T` (float or double) that the target flags allow; one number where there is none.
template <class T>
using Vector = typename Native<T>::type;

/// What a vector has several of.
template <class V>
using Number = typename V::value_type;

/// What comparing two vectors of type `V` gives: one truth value a lane.
template <class V>
using Mask = typename V::batch_bool_type;

/// Elements of one vector.
template <class V>
inline constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(Number<V>));

/// `N` vectors or numbers of a kernel. (g++ takes a bound of an array that is an `int` for a change of sign.)
template <class T, int N>
using Array = T[static_cast<std::size_t>(N)];

/// Vector registers a kernel may plan its tile with.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr int register_count = 32;
#else
inline constexpr int register_count = 16;
#endif

/// True where `fma` rounds once, so that `fma(a, b, -(a * b))` is the rounding error of the product.
#if defined(__FMA__) || defined(__AVX512F__) || defined(__aarch64__) || defined(__FP_FAST_FMAF)
inline constexpr bool has_fma = true;
#else
inline constexpr bool has_fma = false;
#endif

/// Reads `lanes<V>` elements from `p`, of any alignment.
template <class V>
STRATA_INLINE V load(const Number<V>* p);

/// Reads `n` elements, 0 <= n <= lanes; the lanes beyond are 0. Memory from `p + n` on is never touched.
template <class V>
STRATA_INLINE V load_partial(const Number<V>* p, int n);

/// Writes `lanes` elements to `p`, of any alignment.
template <class V>
STRATA_INLINE void store(Number<V>* p, V v);

/// Writes the first `n` lanes, 0 <= n <= lanes. Memory from `p + n` on is never touched.
template <class V>
STRATA_INLINE void store_partial(Number<V>* p, V v, int n);

/// All lanes `x`.
template <class V>
STRATA_INLINE V broadcast(Number<V> x);

/// a * b + c; rounded once where the target has FMA.
template <class V>
STRATA_INLINE V fma(V a, V b, V c);

/// `v` is needed until here, in a register. Of a factor that is not, g++ takes the register for the sum, so that the
/// sums of a loop move from register to register and, where nearly all are in use, to the stack; or it reads it from
/// memory for each product anew.
template <class V>
STRATA_INLINE void keep(const V& v);

/// c - a * b; rounded once where the target has FMA.
template <class V>
STRATA_INLINE V neg_fma(V a, V b, V c);

/// 1 / x for x of at least 1, infinity included, within 1 ulp.
template <class V>
STRATA_INLINE V reciprocal(V x);

/// The smaller, lane by lane. `min(bound, x)` keeps a NaN in `x`; `min(x, bound)` may drop it. Of zeros, the second.
template <class V>
STRATA_INLINE V (min)(V a, V b);

/// The larger, lane by lane. `max(bound, x)` keeps a NaN in `x`; `max(x, bound)` may drop it. Of zeros, the second.
template <class V>
STRATA_INLINE V (max)(V a, V b);

/// Which lanes are NaN in `a` or in `b`.
template <class V>
STRATA_INLINE Mask<V> unordered(V a, V b);

/// The largest, lane by lane, and NaN where one of them is: a maximum over data.
template <class V, class... Vectors>
STRATA_INLINE V maximum(V first, Vectors... others);

/// |x|.
template <class V>
STRATA_INLINE V abs(V x);

/// Correctly rounded square root.
template <class V>
STRATA_INLINE V sqrt(V x);

/// True where `bounded` is one instruction and `scale` takes any n, infinities and NaN too.
#if defined(__AVX512DQ__)
inline constexpr bool scales_freely = true;
#else
inline constexpr bool scales_freely = false;
#endif

/// x, or `bound` with the sign of x where x is beyond it or NaN.
template <class V>
STRATA_INLINE V bounded(V x, V bound);

/// |magnitude| with the sign bit of `sign`.
template <class V>
STRATA_INLINE V copysign(V magnitude, V sign);

/// Where `mask`, the lane of `a`; elsewhere that of `b`.
template <class V>
STRATA_INLINE V select(Mask<V> mask, V a, V b);

/// True if any lane of the mask is.
template <class M>
STRATA_INLINE bool any(M mask);

/// True if all lanes of the mask are.
template <class M>
STRATA_INLINE bool all(M mask);

/// Sum of all lanes, added pairwise.
template <class V>
STRATA_INLINE Number<V> reduce_add(V v);

/// Largest of all lanes, none of them NaN.
template <class V>
STRATA_INLINE Number<V> reduce_max(V v);

/// The nearest integer, |x| < 2^22 (float) or 2^51 (double), half to even.
template <class V>
STRATA_INLINE V round(V x);

/// 2^n for integer-valued `n` from -127 (as 0) to 128 (as infinity); double: -1023 to 1024.
template <class V>
STRATA_INLINE V pow2(V n);

/// x * 2^n for integer-valued `n` up to 128 (double: 1024), any negative `n`.
/// AVX-512 rounds once into the denormals; elsewhere n <= -127 (-1023) gives 0.
template <class V>
STRATA_INLINE V scale(V x, V n);

/// floor(log2(x)) of a positive normal finite `x`.
template <class V>
STRATA_INLINE V exponent(V x);

/// e^x.
template <class V>
STRATA_INLINE V exp(V x);

/// e^x - 1, accurate near 0.
template <class V>
STRATA_INLINE V expm1(V x);

/// log(1 + x), accurate near 0; -inf at -1, NaN below.
template <class V>
STRATA_INLINE V log1p(V x);

/// log(x), accurate near 1; -inf at 0, NaN below.
template <class V>
STRATA_INLINE V log(V x);

/// 1 / (1 + e^-x).
template <class V>
STRATA_INLINE V sigmoid(V x);

/// Hyperbolic tangent: m / (m + 2) with m = expm1(2 |x|).
template <class V>
STRATA_INLINE V tanh(V x);

/// Error function: x + x P(x^2) below 1, 1 - exp(Q(|x|)) above.
template <class V>
STRATA_INLINE V erf(V x);

/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
template <class V>
STRATA_INLINE V softplus(V x);

/// x sigmoid(x) = max(x, 0) - |x| sigmoid(-|x|).
template <class V>
STRATA_INLINE V silu(V x);

/// x Phi(x) = 0.5 x (1 + erf(x / sqrt 2)), Phi the normal distribution, as max(x, 0) - |x| Phi(-|x|):
/// the negative tail keeps its relative accuracy.
template <class V>
STRATA_INLINE V gelu(V x);

/// Phi(x) + x phi(x), the derivative of `gelu`; phi(x) = e^(-x^2/2) / sqrt(2 pi) is the density of Phi.
/// It is 0 at x = -0.7518, where only the absolute error is small.
template <class V>
STRATA_INLINE V gelu_derivative(V x);

}  // namespace strata::simd
