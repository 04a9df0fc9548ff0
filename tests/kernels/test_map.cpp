// kernels/map.hpp and kernels/channel_rows.hpp against plain loops, for sizes around every edge of a vector.

#include <cstddef>
#include <vector>

#include <strata/core/random.hpp>
#include <strata/kernels/map.hpp>
#include <strata/kernels/math.hpp>

#include "harness/guarded.hpp"
#include "harness/layer_functions.hpp"

using namespace strata;
using test::Guarded;

namespace {

template <class T>
void randomize(Guarded<T>& values, std::uint64_t seed) {
  for (std::size_t i = 0; i < values.size(); ++i) values.data()[i] = static_cast<T>(Random{Seed{seed}}.normal(i));
}

template <class T>
void check_map(std::size_t n) {
  using V = simd::Vector<T>;
  Guarded<T> a(n), b(n), out(n);
  randomize(a, 1), randomize(b, 2);
  kernels::map<V>(n, [](V x, V y) { return x * y - x; }, out.data(), a.data(), b.data());
  bool equal = true;
  for (std::size_t i = 0; i < n; ++i)
    equal &= out.data()[i] == Approx(a.data()[i] * b.data()[i] - a.data()[i]).epsilon(1e-5).margin(1e-6);
  kernels::map<V>(n, [](V x) { return -x; }, a.data(), a.data());
  Guarded<T> again(n);
  randomize(again, 1);
  for (std::size_t i = 0; i < n; ++i) equal &= a.data()[i] == -again.data()[i];
  INFO(n << " elements");
  CHECK(equal);
  CHECK((a.intact() && b.intact() && out.intact()));
}

template <class T, int C>
void check_affine() {
  using V = simd::Vector<T>;
  for (const std::size_t rows : {1, 2, 3, 5, 16, 33, 129}) {
    Guarded<T> x(rows * C), y(rows * C), scale(C), shift(C);
    randomize(x, 1), randomize(scale, 2), randomize(shift, 3);
    kernels::map_affine<V, Shape{C}, test::HalfPlusOne>(rows, x.data(), y.data(), scale.data(), shift.data());
    std::vector<T> expected(rows * C);
    for (std::size_t i = 0; i < expected.size(); ++i)
      expected[i] = (scale.data()[i % C] * x.data()[i] + shift.data()[i % C]) / 2 + 1;
    INFO(rows << " rows of " << C << " channels");
    CHECK(test::difference(y.span(), expected) < 1e-6);
    CHECK((x.intact() && y.intact() && scale.intact() && shift.intact()));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("map", "", float, double) {
  for (std::size_t n = 0; n < 70; ++n) check_map<TestType>(n);
  check_map<TestType>(1000);
}

TEMPLATE_TEST_CASE("map_affine", "", float, double) {
  check_affine<TestType, 1>();
  check_affine<TestType, 3>();
  check_affine<TestType, 8>();
  check_affine<TestType, 16>();
  check_affine<TestType, 17>();
  check_affine<TestType, 33>();
  check_affine<TestType, 101>();
  check_affine<TestType, 1030>();
}

TEST_CASE("long rows fill the lanes") {
  using V = simd::Vector<float>;
  constexpr int lanes = simd::lanes<V>;
  static_assert(kernels::ChannelRows<V, 3>::length % (3 * lanes) == 0);
  static_assert(kernels::ChannelRows<V, 3>::last == lanes);
  static_assert(kernels::ChannelRows<V, 64>::length == 64);
  static_assert(kernels::ChannelRows<V, lanes>::length == 4 * lanes);
  static_assert(kernels::ChannelRows<V, 1030>::fold == 1);
  SUCCEED();
}
