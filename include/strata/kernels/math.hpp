/// @file
/// The elementary and activation functions of vector.hpp, of `Vector<float>` or `Vector<double>`.
///
/// Largest error over all floats whose result is a normal number, in ulp of the correctly rounded result
/// (tests/kernels/test_math.cpp measures them; the second number holds for targets without FMA):
///
///     exp 1 / 2         expm1 2 / 2    log1p 2 / 3    tanh 3 / 3    erf 2 / 2
///     softplus 4 / 4    silu 4 / 4     gelu 4 / 5     gelu_derivative 4 / 4, in (-1.5, 0) 2e-7 absolute
///     sigmoid 3 / 3, of x below -16 6 / 3: less than half an ulp of such an x makes
///
/// Zeros (with their sign), infinities and NaN give the limits; gelu, silu and their like are 0 at -infinity. A result
/// below 2^-126 (denormal) is off by at most 2^-126: targets without AVX-512 flush most of them to 0.
/// Doubles go through the C++ library, 1e-13 relative or better: they serve gradient checks, not speed.
///
/// Every polynomial is a minimax fit (Remez exchange in quadruple precision) of relative error, its coefficients
/// rounded to float one after another, the rest fitted again each time (`normal_tail`: annealed over float neighbours).
/// Call the functions qualified, `simd::exp(x)`.
#pragma once

#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>

#include <strata/kernels/simd.hpp>

namespace strata::simd {

namespace detail {

using Floats = Vector<float>;
using Doubles = Vector<double>;

/// A function of the C++ library, element by element.
STRATA_INLINE Doubles by_lane(double (*function)(double), Doubles x) {
    double values[lanes<Doubles>];
    simd::store(values, x);
    for (double& value : values) value = function(value);
    return simd::load<Doubles>(values);
}

/// c0 + c1 x + c2 x^2 + …, by Horner's rule.
template <class... Coefficients>
STRATA_INLINE Floats polynomial(Floats x, float c0, Coefficients... rest) {
    if constexpr (sizeof...(rest) == 0)
        return Floats(c0);
    else
        return simd::fma(polynomial(x, rest...), x, Floats(c0));
}

/// ln 2 in two parts: the first is so short that its products with the exponents of floats are exact.
inline constexpr float ln2_high = 0.693359375f;
inline constexpr float ln2_low = -2.12194440e-4f;

/// x = exponent * ln 2 + remainder, exponent an integer.
struct Reduced {
    Floats exponent;
    Floats remainder;
};

STRATA_INLINE Reduced remainder_of(Floats x, Floats exponent) {
    return {exponent, simd::neg_fma(exponent, Floats(ln2_low), simd::neg_fma(exponent, Floats(ln2_high), x))};
}

/// Remainder in [0, ln 2]: 2^exponent then overflows exactly when e^x does.
STRATA_INLINE Reduced reduce_down(Floats x) {
    return remainder_of(x, simd::round(simd::fma(x, Floats(std::numbers::log2e_v<float>), Floats(-0.5f))));
}

/// Remainder in [-ln 2 / 2, ln 2 / 2]: an x near 0 is its own remainder.
STRATA_INLINE Reduced reduce_nearest(Floats x) {
    const Floats shift(integer_shift<float>);
    return remainder_of(x, simd::fma(x, Floats(std::numbers::log2e_v<float>), shift) - shift);
}

/// e^-x = 2^exponent e^-remainder for any x, the remainder in [-1, 1]: where that is no normal number, `scale` makes 0,
/// infinity or NaN of it. With FMA ln 2 is one number, 3e-9 of itself too large.
STRATA_INLINE Reduced reduce_negative(Floats x) {
    const Floats minus_log2e(-std::numbers::log2e_v<float>), ln2(std::numbers::ln2_v<float>);
    if constexpr (scales_freely) {
        const Floats n = simd::round(x * minus_log2e);
        return {n, simd::bounded(simd::fma(n, ln2, x), Floats(1.0f))};
    } else {
        const Floats within = (simd::min)(Floats(104.0f), (simd::max)(Floats(-89.0f), x));
        const Floats shift(integer_shift<float>), n = simd::fma(within, minus_log2e, shift) - shift;
        if constexpr (has_fma) return {n, simd::fma(n, ln2, within)};
        else return {n, simd::fma(n, Floats(ln2_low), simd::fma(n, Floats(ln2_high), within))};
    }
}

/// e^r for r in [0, ln 2], 3e-9 relative before rounding.
STRATA_INLINE Floats exp_of_remainder(Floats r) {
    return polynomial(r, 1.0f, 1.0f, 0.500002265f, 0.166632101f, 0.0418543667f, 0.00786928739f, 0.00191205193f);
}

/// e^r - 1 for r in [-ln 2 / 2, ln 2 / 2], 5e-10 relative before rounding.
STRATA_INLINE Floats expm1_of_remainder(Floats r) {
    const Floats p = polynomial(r, 0.5f, 0.166666657f, 0.0416664667f, 0.0083336439f, 0.00139350328f, 0.000196628826f);
    return simd::fma(r * r, p, r);
}

/// (e^x - 1) / 2 for x up to 89; half, because 2^exponent alone may overflow.
STRATA_INLINE Floats half_expm1(Floats x) {
    const auto [n, r] = reduce_nearest(x);
    const Floats half_power = simd::pow2(n - Floats(1.0f));
    return simd::fma(expm1_of_remainder(r), half_power, half_power - Floats(0.5f));
}

/// log(1 + u) for u in [-0.25, 1]: with s = u / (2 + u) it is 2 artanh(s) = s (2 + s^2 P(s^2)), 5e-9 relative.
STRATA_INLINE Floats log1p_near_0(Floats u) {
    const Floats s = u / (u + Floats(2.0f));
    const Floats z = s * s;
    return simd::fma(s * z, polynomial(z, 0.666664183f, 0.400214374f, 0.28003028f, 0.280067503f), s + s);
}

/// t * t - square, where `square` is the rounded t * t and 0 <= t <= 15: the rounding error.
STRATA_INLINE Floats error_of_square(Floats t, Floats square) {
    if constexpr (has_fma) {
        return simd::fma(t, t, -square);
    } else {
        const Floats a = simd::round(t * Floats(256.0f)) * Floats(0x1p-8f); // 12 bits: a * a is exact
        return (a * a - square) + (t - a) * (t + a);
    }
}

/// e^(-t^2/2) = 2^exponent (1 + expm1), t in [0, 15]. Apart, a product with it is one `fma` and one rounding.
struct Gauss {
    Floats exponent;
    Floats expm1;
};
STRATA_INLINE Gauss gauss(Floats t) {
    const Floats minus_half(-0.5f);
    const Floats square = t * t;
    const auto [n, r] = reduce_nearest(minus_half * square);
    return {n, expm1_of_remainder(simd::fma(minus_half, error_of_square(t, square), r))};
}

/// e^(t^2/2) Phi(-t), the upper tail of the normal distribution without its decay, for t in [0, 15] is
/// (even + t odd) / denominator, 8e-9 relative. Even and odd powers apart: fewer roundings in a row than by Horner's
/// rule. Both parts times 1.5: near t = 0 they lie high in their binade, where roundings are relatively smaller.
struct NormalTail {
    Floats even;
    Floats odd;
    Floats denominator;
};
STRATA_INLINE NormalTail normal_tail(Floats t) {
    const Floats s = t * t;
    const Floats q_even = polynomial(s, 1.5f, 1.79060125f, 0.150077805f);
    const Floats q_odd = polynomial(s, 2.50320172f, 0.695795655f, 0.0150674032f);
    return {polynomial(s, 0.75f, 0.271670163f, 0.00601110933f), polynomial(s, 0.653187275f, 0.0598679781f),
            simd::fma(t, q_odd, q_even)};
}

/// |x| cut at 15, where e^(-t^2/2) has left even the denormal floats.
STRATA_INLINE Floats tail_argument(Floats x) { return (simd::min)(Floats(15.0f), simd::abs(x)); }

} // namespace detail

template <class V>
STRATA_INLINE V exp(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        return detail::by_lane(std::exp, x);
    } else {
        const V bounded = (simd::min)(V(89.0f), (simd::max)(V(-104.0f), x));
        const auto [n, r] = detail::reduce_down(bounded);
        return simd::scale(detail::exp_of_remainder(r), n);
    }
}

template <class V>
STRATA_INLINE V expm1(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        return detail::by_lane(std::expm1, x);
    } else {
        const V half = detail::half_expm1((simd::min)(V(89.0f), (simd::max)(V(-20.0f), x)));
        return simd::copysign(half + half, x);
    }
}

template <class V>
STRATA_INLINE V log1p(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        return detail::by_lane(std::log1p, x);
    } else {
        // 1 + x = 2^k (1 + u) with u in [-0.25, 0.5] (to 1 for the largest x), u computed from x to lose no bit of it.
        const V one(1.0f);
        const V k = (simd::min)(one + simd::exponent((one + x) * V(2.0f / 3.0f)), V(127.0f));
        const V twice_power = simd::pow2(one - k); // 2 * 2^-k, because 2^-127 is not normal
        const V u = simd::fma(x * twice_power, V(0.5f), simd::fma(twice_power, V(0.5f), -one));
        const V fraction = simd::fma(k, V(detail::ln2_low), detail::log1p_near_0(u));
        const V y = simd::copysign(simd::fma(k, V(detail::ln2_high), fraction), x);
        constexpr Number<V> infinity = std::numeric_limits<Number<V>>::infinity();
        const V at_the_edge = simd::select(x == -one, V(-infinity), (x + one) * V(infinity));
        const V outside = simd::select(x < -one, V(std::numeric_limits<Number<V>>::quiet_NaN()), at_the_edge);
        return simd::select((x > -one) & (x < V(infinity)), y, outside);
    }
}

template <class V>
STRATA_INLINE V log(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        return detail::by_lane(std::log, x);
    } else {
        // x = 2^k (1 + u) with u in [-0.25, 0.5] (to 1 for the largest x).
        constexpr Number<V> infinity = std::numeric_limits<Number<V>>::infinity();
        const auto tiny = x < V(0x1p-100f); // denormal numbers become normal ones
        const V normal = simd::select(tiny, x * V(0x1p32f), x);
        const V one(1.0f);
        const V k = (simd::min)(one + simd::exponent(normal * V(2.0f / 3.0f)), V(127.0f));
        const V u = simd::fma(normal * simd::pow2(one - k), V(0.5f), -one);  // 2^-127 is not normal
        const V power = simd::select(tiny, k - V(32.0f), k);
        const V fraction = simd::fma(power, V(detail::ln2_low), detail::log1p_near_0(u));
        const V y = simd::fma(power, V(detail::ln2_high), fraction);
        const V edge = simd::select(x == V(0), V(-infinity), x * V(infinity));
        const V outside = simd::select(x < V(0), V(std::numeric_limits<Number<V>>::quiet_NaN()), edge);
        return simd::select((x > V(0)) & (x < V(infinity)), y, outside);
    }
}

template <class V>
STRATA_INLINE V sigmoid(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        return simd::reciprocal(V(1) + simd::exp(-x));
    } else {  // e^-x with a shorter polynomial than exp has: 9e-8 relative before rounding
        const auto [n, r] = detail::reduce_negative(x);
        const V power =
            detail::polynomial(r, 1.0f, -0.999999702f, 0.499991506f, -0.166676477f, 0.0418978408f, -0.00828971807f);
        return simd::reciprocal(V(1) + simd::scale(power, n));
    }
}

template <class V>
STRATA_INLINE V tanh(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        return detail::by_lane(std::tanh, x);
    } else {
        const V t = (simd::min)(V(10.0f), simd::abs(x)); // 1 in floats from 9.01
        const V half = detail::half_expm1(t + t);
        return simd::copysign(half / (half + V(1.0f)), x);
    }
}

template <class V>
STRATA_INLINE V erf(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        return detail::by_lane(std::erf, x);
    } else {
        const V one(1.0f);
        const V t = (simd::min)(V(4.0f), simd::abs(x)); // 1 in floats from 3.92
        const V near_0 = simd::fma(
            x,
            detail::polynomial(x * x, 0.128379166f, -0.37612626f, 0.112835787f, -0.0268533472f, 0.0051871622f,
                               -0.00079978531f, 7.80690389e-05f),
            x);
        const V log_erfc = detail::polynomial(t, -0.000341524108f, -1.12708914f, -0.63814497f, -0.103106603f,
                                                      0.0218379889f, -0.00294764317f, 0.000186378544f);
        const auto [n, r] = detail::reduce_down(log_erfc);
        const V tail = one - simd::scale(detail::exp_of_remainder(r), n);
        return simd::select(t < one, near_0, simd::copysign(tail, x));
    }
}

template <class V>
STRATA_INLINE V softplus(V x) {
    const V u = simd::exp(-simd::abs(x));
    const V positive = (simd::max)(V(0), x);
    if constexpr (std::is_same_v<Number<V>, double>)
        return positive + simd::log1p(u);
    else
        return positive + detail::log1p_near_0(u);
}

template <class V>
STRATA_INLINE V silu(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        return (simd::max)(V(-1000), x) * simd::sigmoid(x);
    } else {
        // e^-|x| times 2^8, so that it stays normal as long as its product with |x| does.
        const V t = (simd::min)(V(110.0f), simd::abs(x));
        const auto [n, r] = detail::reduce_down(-t);
        const V e = simd::scale(detail::exp_of_remainder(r), n + V(8.0f));
        return (simd::max)(V(0.0f), x) - t * e / (e + V(256.0f));
    }
}

template <class V>
STRATA_INLINE V gelu(V x) {
    if constexpr (std::is_same_v<Number<V>, double>) {
        const V bounded = (simd::max)(V(-40), x);
        return V(0.5) * bounded * detail::by_lane(std::erfc, x * V(-std::numbers::sqrt2 / 2));
    } else {
        const V t = detail::tail_argument(x);
        const auto [even, odd, denominator] = detail::normal_tail(t);
        const auto [n, m] = detail::gauss(t);
        const V ratio = simd::fma(t, even, t * t * odd) / denominator;
        return (simd::max)(V(0.0f), x) - simd::scale(simd::fma(ratio, m, ratio), n);
    }
}

template <class V>
STRATA_INLINE V gelu_derivative(V x) {
    constexpr Number<V> density_at_0 = static_cast<Number<V>>(0.39894228040143267794);
    if constexpr (std::is_same_v<Number<V>, double>) {
        const V t = (simd::max)(V(-40), (simd::min)(V(40), x));
        const V twice = detail::by_lane(std::erfc, t * V(-std::numbers::sqrt2 / 2));
        const V cumulative = V(0.5) * twice;
        return simd::fma(t * V(density_at_0), simd::exp(V(-0.5) * t * t), cumulative);
    } else {
        const V t = detail::tail_argument(x);
        const auto [even, odd, denominator] = detail::normal_tail(t);
        const V ratio = simd::neg_fma(t, V(density_at_0), simd::fma(t, odd, even) / denominator);
        const auto [n, m] = detail::gauss(t);
        // 2^8 and back: 2^n alone may leave the normal numbers before its product with the ratio does.
        const V lower = simd::scale(simd::fma(ratio, m, ratio), n + V(8.0f)) * V(0x1p-8f);
        return simd::select(x < V(0.0f), lower, V(1.0f) - lower);
    }
}

} // namespace strata::simd
