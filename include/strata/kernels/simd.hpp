/// @file
/// vector.hpp's functions for the vector of the machine, but for those of math.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <strata/core/machine.hpp>
#include <strata/kernels/instructions.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::simd {

template <class V>
STRATA_INLINE V load(const Number<V>* p) {
    return V::load_unaligned(p);
}

template <class V>
STRATA_INLINE void store(Number<V>* p, V v) {
    v.store_unaligned(p);
}

template <class V>
STRATA_INLINE V broadcast(Number<V> x) {
    return V(x);
}

template <class V>
STRATA_INLINE V load_partial(const Number<V>* p, int n) {
    return V(detail::masked_load(p, n));
}

template <class V>
STRATA_INLINE void store_partial(Number<V>* p, V v, int n) {
    detail::masked_store(p, v, n);
}

template <class V>
STRATA_INLINE V fma(V a, V b, V c) {
#if defined(__AVX512F__)
    return V(detail::fma(a, b, c));
#else
    return backend::fma(a, b, c);
#endif
}

template <class V>
STRATA_INLINE void keep([[maybe_unused]] const V& v) {
#if defined(__AVX512F__)
    asm volatile("" : : "v"(v.data));
#elif defined(__AVX__)
    asm volatile("" : : "x"(v.data));
#endif
}

template <class V>
STRATA_INLINE V neg_fma(V a, V b, V c) {
#if defined(__AVX512F__) || defined(__aarch64__)
    return V(detail::neg_fma(a, b, c));
#else
    return backend::fnma(a, b, c);
#endif
}

template <class V>
STRATA_INLINE V reciprocal(V x) {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<Number<V>, float> && !strata::detail::machine.divides_fast)
        return V(detail::reciprocal(x));
    else
#endif
        return V(1) / x;
}

template <class V>
STRATA_INLINE V (min)(V a, V b) {
#if defined(__x86_64__) || defined(__i386__)
    return (backend::min)(a, b);  // the instruction's own rule
#else
    return backend::select(a < b, a, b);
#endif
}

template <class V>
STRATA_INLINE V (max)(V a, V b) {
#if defined(__x86_64__) || defined(__i386__)
    return (backend::max)(a, b);
#else
    return backend::select(a > b, a, b);
#endif
}

template <class V>
STRATA_INLINE Mask<V> unordered(V a, V b) {
    return Mask<V>(detail::unordered(a, b));
}

template <class V, class... Vectors>
STRATA_INLINE V maximum(V first, Vectors... others) {
    constexpr int count = 1 + sizeof...(Vectors);
    const V all[]{first, others...};
    ((first = (simd::max)(first, others)), ...);
    const auto nan = [&]<int... Pair>(std::integer_sequence<int, Pair...>) STRATA_INLINE_LAMBDA {
        return (... | simd::unordered(all[2 * Pair], all[(std::min)(2 * Pair + 1, count - 1)]));
    }(std::make_integer_sequence<int, (count + 1) / 2>{});
    return backend::select(nan, V(std::numeric_limits<Number<V>>::quiet_NaN()), first);
}

template <class V>
STRATA_INLINE V abs(V x) {
    return backend::abs(x);
}

template <class V>
STRATA_INLINE V sqrt(V x) {
#if defined(__aarch64__)
    return V(detail::sqrt(x));
#else
    return backend::sqrt(x);
#endif
}

template <class V>
STRATA_INLINE V copysign(V magnitude, V sign) {
    return backend::copysign(magnitude, sign);
}

template <class V>
STRATA_INLINE V bounded(V x, V bound) {
#if defined(__AVX512DQ__)
    return V(detail::bounded(x, bound));
#else
    return simd::copysign((simd::min)(simd::abs(x), bound), x);
#endif
}

template <class V>
STRATA_INLINE V select(Mask<V> mask, V a, V b) {
    return backend::select(mask, a, b);
}

template <class M>
STRATA_INLINE bool any(M mask) {
    return backend::any(mask);
}

template <class M>
STRATA_INLINE bool all(M mask) {
    return backend::all(mask);
}

template <class V>
STRATA_INLINE Number<V> reduce_add(V v) {
#if defined(STRATA_SCALAR) || XSIMD_VERSION_MAJOR >= 9
    return backend::reduce_add(v);
#else
    return backend::hadd(v);
#endif
}

template <class V>
STRATA_INLINE Number<V> reduce_max(V v) {
    Number<V> values[lanes<V>];
    simd::store(values, v);
    for (int half = lanes<V> / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) values[i] = (std::max)(values[i], values[i + half]);
    return values[0];
}

namespace detail {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
inline constexpr int mantissa_bits = std::numeric_limits<T>::digits - 1;

/// Adding this to a small integer-valued `T` leaves the integer in the low bits: 1.5 * 2^mantissa_bits.
template <class T>
inline constexpr T integer_shift = static_cast<T>(3) * static_cast<T>(Bits<T>{1} << (mantissa_bits<T> - 1));

} // namespace detail

template <class V>
STRATA_INLINE V round(V x) {
#if defined(__AVX512F__)
    return V(detail::round(x));
#else
    const V shift(detail::integer_shift<Number<V>>);
    return (x + shift) - shift;
#endif
}

template <class V>
STRATA_INLINE V pow2(V n) {
    using T = Number<V>;
    using Integers = backend::batch<detail::Bits<T>>;
    constexpr int bias = std::numeric_limits<T>::max_exponent - 1;
    const auto biased = __builtin_bit_cast(Integers, n + V(detail::integer_shift<T> + bias));
    return __builtin_bit_cast(V, Integers(biased << detail::mantissa_bits<T>));
}

template <class V>
STRATA_INLINE V scale(V x, V n) {
#if defined(__AVX512F__)
    return V(detail::scale(x, n));
#else
    constexpr int least = 1 - std::numeric_limits<Number<V>>::max_exponent;
    return x * simd::pow2((simd::max)(V(static_cast<Number<V>>(least)), n));
#endif
}

template <class V>
STRATA_INLINE V exponent(V x) {
    using T = Number<V>;
    using Integers = backend::batch<detail::Bits<T>>;
    constexpr int bias = std::numeric_limits<T>::max_exponent - 1;
    const Integers biased = Integers(__builtin_bit_cast(Integers, x) >> detail::mantissa_bits<T>);
    const Integers shifted = biased + Integers(__builtin_bit_cast(detail::Bits<T>, detail::integer_shift<T>));
    return __builtin_bit_cast(V, shifted) - V(detail::integer_shift<T> + bias);
}

} // namespace strata::simd
