// strata/kernels/simd.hpp: every operation lane by lane against plain scalar C++, and what memory it touches.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <strata/kernels/simd.hpp>

#include "harness/catch.hpp"

namespace simd = strata::simd;

namespace {

template <class T>
using Lanes = std::array<T, simd::lanes<simd::Vector<T>>>;

template <class T>
Lanes<T> values_of(simd::Vector<T> v) {
    Lanes<T> values;
    simd::store(values.data(), v);
    return values;
}

/// Two readable and writable pages between two that fault on any access.
class GuardedPages {
public:
    GuardedPages() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
        void* mapped = mmap(nullptr, 4 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(mapped != MAP_FAILED);
        base_ = static_cast<std::byte*>(mapped);
        REQUIRE(mprotect(base_ + page_, 2 * page_, PROT_READ | PROT_WRITE) == 0);
    }
    ~GuardedPages() { munmap(base_, 4 * page_); }
    GuardedPages(const GuardedPages&) = delete;
    GuardedPages& operator=(const GuardedPages&) = delete;

    std::byte* begin() const { return base_ + page_; }
    std::byte* end() const { return base_ + 3 * page_; }

private:
    std::size_t page_;
    std::byte* base_;
};

} // namespace

TEMPLATE_TEST_CASE("a vector has the lanes and the layout of an array", "[simd]", float, double) {
    using V = simd::Vector<TestType>;
    STATIC_REQUIRE(simd::lanes<V> * sizeof(TestType) == sizeof(V));
    STATIC_REQUIRE((simd::register_count == 16 || simd::register_count == 32));

    std::vector<TestType> memory(simd::lanes<V> + 1);
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<TestType>(i);
    const auto loaded = values_of<TestType>(simd::load<V>(memory.data() + 1)); // not aligned
    for (int i = 0; i < simd::lanes<V>; ++i) CHECK(loaded[i] == static_cast<TestType>(i + 1));
    for (TestType x : values_of<TestType>(simd::broadcast<V>(TestType(2.5)))) CHECK(x == TestType(2.5));
}

TEMPLATE_TEST_CASE("a partial load reads exactly n elements and zeros the rest", "[simd]", float, double) {
    using V = simd::Vector<TestType>;
    const GuardedPages pages;
    for (int n = 0; n <= simd::lanes<V>; ++n) {
        auto* p = reinterpret_cast<TestType*>(pages.end()) - n; // element n lies in the page that faults
        for (int i = 0; i < n; ++i) p[i] = static_cast<TestType>(10 + i);
        const auto loaded = values_of<TestType>(simd::load_partial<V>(p, n));
        for (int i = 0; i < simd::lanes<V>; ++i) {
            INFO("n = " << n << ", lane " << i);
            CHECK(loaded[i] == (i < n ? static_cast<TestType>(10 + i) : TestType(0)));
        }
    }
}

TEMPLATE_TEST_CASE("a partial store writes exactly n elements", "[simd]", float, double) {
    using V = simd::Vector<TestType>;
    Lanes<TestType> source;
    for (int i = 0; i < simd::lanes<V>; ++i) source[i] = static_cast<TestType>(10 + i);
    const V v = simd::load<V>(source.data());

    const GuardedPages pages;
    for (int n = 0; n <= simd::lanes<V>; ++n) {
        INFO("n = " << n);
        simd::store_partial(reinterpret_cast<TestType*>(pages.end()) - n, v, n); // faults if it goes past the end

        std::vector<TestType> memory(simd::lanes<V> + 2, TestType(-1));
        simd::store_partial(memory.data() + 1, v, n);
        CHECK(memory.front() == TestType(-1));
        for (int i = 0; i < simd::lanes<V>; ++i) CHECK(memory[1 + i] == (i < n ? source[i] : TestType(-1)));
        CHECK(memory.back() == TestType(-1));
    }
}

TEMPLATE_TEST_CASE("arithmetic agrees with scalars", "[simd]", float, double) {
    using T = TestType;
    using V = simd::Vector<T>;
    Lanes<T> a, b, c;
    for (int i = 0; i < simd::lanes<V>; ++i) {
        a[i] = T(0.25) * static_cast<T>(i) - T(1);
        b[i] = T(2) - static_cast<T>(i % 5);
        c[i] = T(3) + static_cast<T>(i);
    }
    const V x = simd::load<V>(a.data()), y = simd::load<V>(b.data()), z = simd::load<V>(c.data());

    const auto fma = values_of<T>(simd::fma(x, y, z));
    const auto neg_fma = values_of<T>(simd::neg_fma(x, y, z));
    const auto min = values_of<T>(simd::min(x, y)), max = values_of<T>(simd::max(x, y));
    const auto abs = values_of<T>(simd::abs(x)), sqrt = values_of<T>(simd::sqrt(z));
    const auto signs = values_of<T>(simd::copysign(z, x));
    const auto chosen = values_of<T>(simd::select(x < y, x, z));
    for (int i = 0; i < simd::lanes<V>; ++i) {
        INFO("lane " << i);
        CHECK(fma[i] == a[i] * b[i] + c[i]); // all products are exact
        CHECK(neg_fma[i] == c[i] - a[i] * b[i]);
        CHECK(min[i] == std::min(a[i], b[i]));
        CHECK(max[i] == std::max(a[i], b[i]));
        CHECK(abs[i] == std::abs(a[i]));
        CHECK(sqrt[i] == std::sqrt(c[i]));
        CHECK(signs[i] == std::copysign(c[i], a[i]));
        CHECK(chosen[i] == (a[i] < b[i] ? a[i] : c[i]));
    }

    const T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();
    const auto bounded = [](T value) { return values_of<T>(simd::bounded(V(value), V(T(1))))[0]; };
    for (T value : {T(0.5), T(-0.5), T(1), T(-1)}) CHECK(bounded(value) == value);
    for (T value : {T(1.5), T(-3), infinity, -infinity}) CHECK(bounded(value) == std::copysign(T(1), value));
    CHECK(std::abs(bounded(nan)) == T(1));
    if (simd::scales_freely)
        for (T n : {infinity, std::numeric_limits<T>::max()}) {
            CHECK(values_of<T>(simd::scale(V(T(1.25)), V(n)))[0] == infinity);
            CHECK(values_of<T>(simd::scale(V(T(1.25)), V(-n)))[0] == T(0));
        }
    if (simd::scales_freely) CHECK(std::isnan(values_of<T>(simd::scale(V(T(1.25)), V(nan)))[0]));
    CHECK(std::isnan(values_of<T>(simd::min(V(T(1)), V(nan)))[0]));
    CHECK(std::isnan(values_of<T>(simd::max(V(T(1)), V(nan)))[0]));

    const T eps = std::numeric_limits<T>::epsilon();
    const T rounded_once = values_of<T>(simd::fma(V(1 + eps), V(1 - eps), V(T(-1))))[0];
    CHECK(rounded_once == (simd::has_fma ? -eps * eps : T(0)));
    const T negated = values_of<T>(simd::neg_fma(V(1 + eps), V(1 - eps), V(T(1))))[0];
    CHECK(negated == (simd::has_fma ? eps * eps : T(0)));
}

TEMPLATE_TEST_CASE("a maximum over data keeps a NaN wherever it stands", "[simd]", float, double) {
    using T = TestType;
    using V = simd::Vector<T>;
    const T nan = std::numeric_limits<T>::quiet_NaN(), infinity = std::numeric_limits<T>::infinity();
    const auto maximum = [](auto... x) { return values_of<T>(simd::maximum(V(x)...)); };
    for (const T result : maximum(T(1), T(3), T(-2))) CHECK(result == T(3));
    CHECK(maximum(T(-5))[0] == T(-5));
    CHECK(maximum(-infinity, -infinity)[0] == -infinity);
    CHECK(maximum(T(2), infinity)[0] == infinity);
    CHECK(std::isnan(maximum(nan)[0]));
    for (const T x : {T(1), infinity, -infinity}) {
        for (const T result : maximum(nan, x)) CHECK(std::isnan(result));
        for (const T result : maximum(x, nan)) CHECK(std::isnan(result));
        CHECK(std::isnan(maximum(nan, x, x)[0]));
        CHECK(std::isnan(maximum(x, nan, x)[0]));
        CHECK(std::isnan(maximum(x, x, nan)[0]));
        CHECK(std::isnan(maximum(x, nan, x, x)[0]));
        CHECK(std::isnan(maximum(x, x, nan, x)[0]));
    }
    Lanes<T> mixed;
    mixed.fill(T(1));
    mixed[1] = nan;
    const auto result = values_of<T>(simd::maximum(simd::load<V>(mixed.data()), V(T(0))));
    for (int i = 0; i < simd::lanes<V>; ++i) CHECK((i == 1 ? std::isnan(result[i]) : result[i] == T(1)));
}

TEMPLATE_TEST_CASE("reductions see every lane", "[simd]", float, double) {
    using T = TestType;
    using V = simd::Vector<T>;
    T total = 0;
    Lanes<T> values;
    for (int i = 0; i < simd::lanes<V>; ++i) {
        values[i] = static_cast<T>(1 << i);
        total += values[i];
    }
    CHECK(simd::reduce_add(simd::load<V>(values.data())) == total);

    CHECK_FALSE(simd::any(simd::broadcast<V>(T(1)) > simd::broadcast<V>(T(2))));
    for (int top = 0; top < simd::lanes<V>; ++top) {
        INFO("lane " << top);
        values.fill(T(-7));
        values[top] = T(-3);
        const V v = simd::load<V>(values.data());
        CHECK(simd::reduce_max(v) == T(-3));
        const simd::Mask<V> mask = v > simd::broadcast<V>(T(-5));
        CHECK(simd::any(mask));
    }
}

TEMPLATE_TEST_CASE("powers of two", "[simd]", float, double) {
    using T = TestType;
    using V = simd::Vector<T>;
    constexpr int top = std::numeric_limits<T>::max_exponent; // 2^top is infinity
    for (int n = 2 - top; n <= top; ++n) {
        INFO("n = " << n);
        CHECK(values_of<T>(simd::pow2(V(static_cast<T>(n))))[0] == std::ldexp(T(1), n));
        CHECK(values_of<T>(simd::scale(V(T(1.25)), V(static_cast<T>(n))))[0] == std::ldexp(T(1.25), n));
        if (n < top)
            for (T mantissa : {T(1), T(1.5), 2 - std::numeric_limits<T>::epsilon()})
                CHECK(values_of<T>(simd::exponent(V(std::ldexp(mantissa, n))))[0] == static_cast<T>(n));
    }
    CHECK(values_of<T>(simd::pow2(V(static_cast<T>(1 - top))))[0] == T(0));
    CHECK(values_of<T>(simd::scale(V(T(1.25)), V(static_cast<T>(-3 * top))))[0] == T(0));

    for (T x : {T(0), T(0.5), T(1.5), T(-0.5), T(-2.5), T(3.49), T(-1000.51), T(12345.5)})
        CHECK(values_of<T>(simd::round(V(x)))[0] == std::nearbyint(x));
}

TEST_CASE("lambdas can be forced inline", "[simd]") {
    int calls = 0;
    auto plain = [&](int i) STRATA_INLINE_LAMBDA { calls += i; };
    auto typed = [&](int i) STRATA_INLINE_LAMBDA -> int { return calls += i; };
    plain(2);
    CHECK(calls == 2);
    CHECK(typed(3) == 5);
}
