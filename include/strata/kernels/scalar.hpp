/// @file
/// A vector of one number, for processors that have no vectors: what simd.hpp uses of xsimd, by the same names.
#pragma once

#include <cmath>

#include <strata/core/inline.hpp>

namespace strata::simd::scalar {

/// One truth value.
struct Mask {
    bool value;

    friend STRATA_INLINE Mask operator&(Mask a, Mask b) { return {a.value && b.value}; }
    friend STRATA_INLINE Mask operator|(Mask a, Mask b) { return {a.value || b.value}; }
    friend STRATA_INLINE Mask operator!(Mask a) { return {!a.value}; }
};

/// One number.
template <class T>
struct batch {
    using value_type = T;
    using batch_bool_type = Mask;

    batch() = default;
    STRATA_INLINE batch(T number) : value(number) {}

    static STRATA_INLINE batch load_unaligned(const T* p) { return *p; }
    STRATA_INLINE void store_unaligned(T* p) const { *p = value; }

    STRATA_INLINE batch operator-() const { return -value; }
    friend STRATA_INLINE batch operator+(batch a, batch b) { return a.value + b.value; }
    friend STRATA_INLINE batch operator-(batch a, batch b) { return a.value - b.value; }
    friend STRATA_INLINE batch operator*(batch a, batch b) { return a.value * b.value; }
    friend STRATA_INLINE batch operator/(batch a, batch b) { return a.value / b.value; }
    friend STRATA_INLINE batch operator<<(batch a, int bits) { return a.value << bits; }
    friend STRATA_INLINE batch operator>>(batch a, int bits) { return a.value >> bits; }
    STRATA_INLINE batch& operator+=(batch b) { return *this = *this + b; }
    STRATA_INLINE batch& operator-=(batch b) { return *this = *this - b; }
    STRATA_INLINE batch& operator*=(batch b) { return *this = *this * b; }
    STRATA_INLINE batch& operator/=(batch b) { return *this = *this / b; }

    friend STRATA_INLINE Mask operator<(batch a, batch b) { return {a.value < b.value}; }
    friend STRATA_INLINE Mask operator<=(batch a, batch b) { return {a.value <= b.value}; }
    friend STRATA_INLINE Mask operator>(batch a, batch b) { return {a.value > b.value}; }
    friend STRATA_INLINE Mask operator>=(batch a, batch b) { return {a.value >= b.value}; }
    friend STRATA_INLINE Mask operator==(batch a, batch b) { return {a.value == b.value}; }
    friend STRATA_INLINE Mask operator!=(batch a, batch b) { return {a.value != b.value}; }

    T value;
};

STRATA_INLINE bool any(Mask mask) { return mask.value; }
STRATA_INLINE bool all(Mask mask) { return mask.value; }
template <class T>
STRATA_INLINE batch<T> select(Mask mask, batch<T> a, batch<T> b) {
    return mask.value ? a : b;
}

/// Rounded once where the processor does so (simd.hpp: has_fma); elsewhere std::fma would be a slow function.
template <class T>
STRATA_INLINE batch<T> fma(batch<T> a, batch<T> b, batch<T> c) {
#if defined(__FP_FAST_FMAF)
    return std::fma(a.value, b.value, c.value);
#else
    return a * b + c;
#endif
}
template <class T>
STRATA_INLINE batch<T> fnma(batch<T> a, batch<T> b, batch<T> c) {
    return scalar::fma(-a, b, c);
}
template <class T>
STRATA_INLINE batch<T> (min)(batch<T> a, batch<T> b) {
    return a.value < b.value ? a : b;
}
template <class T>
STRATA_INLINE batch<T> (max)(batch<T> a, batch<T> b) {
    return a.value > b.value ? a : b;
}
template <class T>
STRATA_INLINE batch<T> abs(batch<T> x) {
    return std::fabs(x.value);
}
template <class T>
STRATA_INLINE batch<T> sqrt(batch<T> x) {
    return std::sqrt(x.value);
}
template <class T>
STRATA_INLINE batch<T> copysign(batch<T> magnitude, batch<T> sign) {
    return std::copysign(magnitude.value, sign.value);
}
template <class T>
STRATA_INLINE T reduce_add(batch<T> x) {
    return x.value;
}

} // namespace strata::simd::scalar
