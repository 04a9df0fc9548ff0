// strata/kernels/math.hpp: distance of every function from the correctly rounded result.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include <strata/kernels/math.hpp>

#include "harness/catch.hpp"
#include "harness/sanitized.hpp"

namespace simd = strata::simd;

namespace {

using Floats = simd::Vector<float>;
using Doubles = simd::Vector<double>;

/// Every how many-th float is tried; a debug build or a sanitizer is about 20 times slower.
#if defined(__OPTIMIZE__) && !defined(STRATA_SANITIZED)
constexpr std::uint32_t stride = 193;
#else
constexpr std::uint32_t stride = 4001;
#endif

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float least_normal = std::numeric_limits<float>::min();

/// The functions written as their definitions; `Real` is wider than the type under test.
namespace reference {
template <class Real>
Real exp(Real x) { return std::exp(x); }
template <class Real>
Real expm1(Real x) { return std::expm1(x); }
template <class Real>
Real log1p(Real x) { return std::log1p(x); }
template <class Real>
Real log(Real x) { return std::log(x); }
template <class Real>
Real tanh(Real x) { return std::tanh(x); }
template <class Real>
Real erf(Real x) { return std::erf(x); }
template <class Real>
Real sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }
template <class Real>
Real softplus(Real x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
template <class Real>
Real silu(Real x) { return x < -2000 ? Real(-0.0) : x / (1 + std::exp(-x)); }
template <class Real>
Real normal_distribution(Real x) { return std::erfc(-x * std::sqrt(Real(0.5))) / 2; }
template <class Real>
Real gelu(Real x) { return x < -200 ? Real(-0.0) : x * normal_distribution(x); }
template <class Real>
Real gelu_derivative(Real x) {
    if (std::abs(x) > 200) return x > 0 ? 1 : 0;
    return normal_distribution(x) + x * std::exp(-x * x / 2) * Real(0.398942280401432677939946059934381868L);
}
} // namespace reference

/// Floats as integers in the order of their values, neighbours differing by 1.
std::int64_t ordinal(float x) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    return bits < 0 ? std::int64_t{std::numeric_limits<std::int32_t>::min()} - bits : bits;
}

/// Steps between `value` and the float nearest to `exact`; for a denormal `exact`, 0 if within the smallest normal.
double ulps(float value, double exact) {
    if (std::isnan(exact) || std::isnan(value)) return std::isnan(exact) == std::isnan(value) ? 0 : infinity;
    if (std::abs(exact) < least_normal) return std::abs(value - exact) <= least_normal ? 0 : infinity;
    return static_cast<double>(std::abs(ordinal(value) - ordinal(static_cast<float>(exact))));
}

/// Largest error seen, and where.
struct Worst {
    double error = 0;
    double at = 0;
    void add(double error_here, double x) {
        if (error_here > error) *this = {error_here, x};
    }
};

/// Calls `visit(x, function(x))` for every `stride`-th float of both signs, denormals, infinities and NaNs included,
/// and for every float near those where a result overflows, becomes denormal or changes its formula.
template <class Function, class Visit>
void sweep(Function function, Visit visit) {
    using V = simd::Vector<float>;
    std::array<float, simd::lanes<V>> in, out;
    auto run = [&](std::uint64_t first, std::uint64_t last, std::uint32_t step) {
        for (std::uint64_t bits = first; bits < last;) {
            for (float& x : in) {
                x = std::bit_cast<float>(static_cast<std::uint32_t>(std::min(bits, last - 1)));
                bits += step;
            }
            simd::store(out.data(), function(simd::load<V>(in.data())));
            for (std::size_t i = 0; i < in.size(); ++i) visit(in[i], out[i]);
        }
    };
    run(0, std::uint64_t{1} << 32, stride);
    for (float edge : {0.0f, least_normal, 0.34657359f, 0.69314718f, 1.0f, 3.92f, 9.01f, 13.2f, 14.0f, 16.6f, 87.3365448f,
                       87.6831f, 88.3762626f, 88.7228394f, 92.0f, 104.0f, infinity}) {
        const std::int64_t bits = std::bit_cast<std::int32_t>(edge);
        const std::int64_t first = std::max<std::int64_t>(0, bits - 2000), negative = std::int64_t{1} << 31;
        run(first, bits + 2000, 1);
        run(negative + first, negative + bits + 2000, 1);
    }
}

void report(const std::string& what, const Worst& worst, const char* unit) {
    std::printf("%-24s %.3g %s at %.9g\n", what.c_str(), worst.error, unit, worst.at);
}

/// The promise of math.hpp: `with_fma` ulp, or `without_fma` on targets that lack it.
template <class Function>
void check_floats(const std::string& name, double with_fma, double without_fma, Function function,
                  double (*exact)(double)) {
    Worst worst;
    sweep(function, [&](float x, float y) { worst.add(ulps(y, exact(x)), x); });
    report(name + "<float>", worst, "ulp");
    INFO(name << " at " << worst.at);
    CHECK(worst.error <= (simd::has_fma ? with_fma : without_fma));
}

/// Doubles against long double: relative error, or absolute below 1 if `absolute`.
template <class Function>
void check_doubles(const std::string& name, Function function, long double (*exact)(long double), double low,
                   bool absolute = false) {
    using V = simd::Vector<double>;
    Worst worst;
    auto visit = [&](double x) {
        std::array<double, simd::lanes<V>> y;
        simd::store(y.data(), function(V(x)));
        const long double expected = exact(x);
        const long double scale = absolute ? std::max(1.0L, std::abs(expected)) : std::abs(expected);
        const bool both_zero = y[0] == 0 && expected == 0;
        worst.add(both_zero ? 0 : static_cast<double>(std::abs(y[0] - expected) / scale), x);
    };
    for (double x = low; x < 36; x += 1.0 / 1024 + 1e-9) visit(x);
    for (double x = 0.5; x > 1e-200; x *= 0.7) {
        visit(x);
        visit(-x);
    }
    report(name + "<double>", worst, absolute ? "absolute" : "relative");
    INFO(name << " at " << worst.at);
    CHECK(worst.error <= 1e-13);
}

float at(simd::Vector<float> (*function)(simd::Vector<float>), float x) {
    std::array<float, simd::lanes<Floats>> y;
    simd::store(y.data(), function(simd::Vector<float>(x)));
    return y[0];
}

bool same(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

} // namespace

TEST_CASE("float functions stay within their ulp bounds over all floats", "[math]") {
    check_floats("exp", 1, 2, simd::exp<Floats>, reference::exp<double>);
    check_floats("expm1", 2, 2, simd::expm1<Floats>, reference::expm1<double>);
    check_floats("log1p", 2, 3, simd::log1p<Floats>, reference::log1p<double>);
    check_floats("log", 2, 3, simd::log<Floats>, reference::log<double>);
    check_floats("tanh", 3, 3, simd::tanh<Floats>, reference::tanh<double>);
    check_floats("erf", 2, 2, simd::erf<Floats>, reference::erf<double>);
    check_floats("softplus", 4, 4, simd::softplus<Floats>, reference::softplus<double>);
    check_floats("silu", 4, 4, simd::silu<Floats>, reference::silu<double>);
    check_floats("gelu", 4, 5, simd::gelu<Floats>, reference::gelu<double>);
}

TEST_CASE("sigmoid is accurate, and a little less where it is below 1e-7", "[math]") {
    Worst near, far;
    sweep(simd::sigmoid<Floats>, [&](float x, float y) {
        const double error = ulps(y, reference::sigmoid<double>(x));
        if (x < -16) far.add(error, x);
        else near.add(error, x);
    });
    report("sigmoid<float>", near, "ulp");
    report("  below -16", far, "ulp");
    CHECK(near.error <= 3);
    CHECK(far.error <= (simd::has_fma ? 6 : 3));
}

TEST_CASE("gelu_derivative is accurate in ulp away from its zero and absolutely near it", "[math]") {
    Worst far, near;
    sweep(simd::gelu_derivative<Floats>, [&](float x, float y) {
        const double exact = reference::gelu_derivative<double>(x);
        if (std::abs(x + 0.75f) < 0.75f)
            near.add(std::abs(y - exact), x);
        else
            far.add(ulps(y, exact), x);
    });
    report("gelu_derivative<float>", far, "ulp");
    report("  within (-1.5, 0)", near, "absolute");
    CHECK(far.error <= 4);
    CHECK(near.error <= 2e-7);
}

TEST_CASE("zeros, infinities and NaN", "[math]") {
    using Function = simd::Vector<float> (*)(simd::Vector<float>);
    struct Case {
        const char* name;
        Function function;
        float at_zero, at_minus_zero, at_infinity, at_minus_infinity;
    };
    const float nan = std::numeric_limits<float>::quiet_NaN(), ln2 = 0.693147182f;
    for (const Case& c : {
             Case{"exp", simd::exp<Floats>, 1, 1, infinity, 0},
             Case{"expm1", simd::expm1<Floats>, 0, -0.0f, infinity, -1},
             Case{"log1p", simd::log1p<Floats>, 0, -0.0f, infinity, nan},
             Case{"sigmoid", simd::sigmoid<Floats>, 0.5f, 0.5f, 1, 0},
             Case{"tanh", simd::tanh<Floats>, 0, -0.0f, 1, -1},
             Case{"erf", simd::erf<Floats>, 0, -0.0f, 1, -1},
             Case{"softplus", simd::softplus<Floats>, ln2, ln2, infinity, 0},
             Case{"silu", simd::silu<Floats>, 0, -0.0f, infinity, 0},
             Case{"gelu", simd::gelu<Floats>, 0, -0.0f, infinity, 0},
             Case{"gelu_derivative", simd::gelu_derivative<Floats>, 0.5f, 0.5f, 1, 0},
         }) {
        INFO(c.name);
        CHECK(same(at(c.function, 0.0f), c.at_zero));
        CHECK(same(at(c.function, -0.0f), c.at_minus_zero));
        CHECK(same(at(c.function, infinity), c.at_infinity));
        if (std::isnan(c.at_minus_infinity))
            CHECK(std::isnan(at(c.function, -infinity)));
        else
            CHECK(at(c.function, -infinity) == c.at_minus_infinity);
        CHECK(std::isnan(at(c.function, nan)));
        CHECK(std::isnan(at(c.function, -nan)));
    }
    CHECK(at(simd::log1p<Floats>, -1.0f) == -infinity);
    CHECK(std::isnan(at(simd::log1p<Floats>, -1.5f)));
    CHECK(at(simd::log<Floats>, 0.0f) == -infinity);
    CHECK(at(simd::log<Floats>, infinity) == infinity);
    CHECK(std::isnan(at(simd::log<Floats>, -1.0f)));
    CHECK(std::isnan(at(simd::log<Floats>, nan)));
}

TEST_CASE("double functions serve gradient checks", "[math]") {
    check_doubles("exp", simd::exp<Doubles>, reference::exp<long double>, -36);
    check_doubles("expm1", simd::expm1<Doubles>, reference::expm1<long double>, -36);
    check_doubles("log1p", simd::log1p<Doubles>, reference::log1p<long double>, -0.999);
    check_doubles("sigmoid", simd::sigmoid<Doubles>, reference::sigmoid<long double>, -36);
    check_doubles("tanh", simd::tanh<Doubles>, reference::tanh<long double>, -36);
    check_doubles("erf", simd::erf<Doubles>, reference::erf<long double>, -36);
    check_doubles("softplus", simd::softplus<Doubles>, reference::softplus<long double>, -36);
    check_doubles("silu", simd::silu<Doubles>, reference::silu<long double>, -36);
    check_doubles("gelu", simd::gelu<Doubles>, reference::gelu<long double>, -20);
    check_doubles("gelu_derivative", simd::gelu_derivative<Doubles>, reference::gelu_derivative<long double>, -36,
                  true);
}
