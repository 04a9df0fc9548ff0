// kernels/reduce.hpp against plain loops in double: any number of channels and rows, and what rounding is left.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <strata/core/random.hpp>
#include <strata/kernels/math.hpp>
#include <strata/kernels/reduce.hpp>

#include "harness/guarded.hpp"

using namespace strata;
using test::Guarded;

namespace {

template <class T>
void randomize(Guarded<T>& values, std::uint64_t seed, double mean = 0) {
  for (std::size_t i = 0; i < values.size(); ++i)
    values.data()[i] = static_cast<T>(mean + Random{Seed{seed}}.normal(i));
}

/// Mean and variance as two threads find them.
template <class V, int C, class T = typename V::value_type>
void moments(std::size_t rows, const T* x, T* mean, T* variance) {
  std::vector<double> seen(kernels::moments_size<C>), other(kernels::moments_size<C>);
  const std::size_t third = rows / 3;
  kernels::add_moments<V, C>(third, x, seen.data());
  kernels::add_moments<V, C>(third, x + third * C, seen.data());
  kernels::add_moments<V, C>(rows - 2 * third, x + 2 * third * C, other.data());
  kernels::merge_moments<C>(other.data(), seen.data());
  CHECK(seen[0] == static_cast<double>(rows));
  for (std::size_t c = 0; c < C; ++c) {
    mean[c] = static_cast<T>(seen[1 + c]);
    variance[c] = static_cast<T>(seen[1 + C + c] / seen[0]);
  }
}

template <class T, int C>
void check_channels(std::size_t rows) {
  using V = simd::Vector<T>;
  constexpr double tolerance = sizeof(T) == 4 ? 3e-6 : 1e-13;
  Guarded<T> x(rows * C), g(rows * C), sums(C), mean(C), variance(C), gradient(C), products(C);
  randomize(x, 1, 10), randomize(g, 2);
  std::vector<double> sum(C), average(C), square(C), gradient_sum(C), product(C);
  for (std::size_t i = 0; i < x.size(); ++i) sum[i % C] += static_cast<double>(x.data()[i]);
  for (std::size_t c = 0; c < C; ++c) average[c] = sum[c] / static_cast<double>(rows);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double centred = static_cast<double>(x.data()[i]) - average[i % C];
    square[i % C] += centred * centred / static_cast<double>(rows);
    gradient_sum[i % C] += static_cast<double>(g.data()[i]);
    product[i % C] += static_cast<double>(g.data()[i]) * centred;
  }
  std::ranges::fill(sums.span(), T(0));
  std::ranges::fill(gradient.span(), T(0));
  std::ranges::fill(products.span(), T(0));
  kernels::add_channel_sums<V, C>(rows, x.data(), sums.data());
  moments<V, C>(rows, x.data(), mean.data(), variance.data());
  kernels::add_channel_sums<V, C, kernels::GradientSums>(
      rows, std::array<const T*, 2>{g.data(), x.data()}, std::array<const T*, 1>{mean.data()},
      std::array{gradient.data(), products.data()});
  INFO(rows << " rows of " << C << " channels");
  CHECK(test::difference(sums.span(), sum) < tolerance);
  CHECK(test::difference(mean.span(), average) < tolerance);
  CHECK(test::difference(variance.span(), square) < tolerance);
  CHECK(test::difference(gradient.span(), gradient_sum) < 10 * tolerance);
  CHECK(test::difference(products.span(), product) < 10 * tolerance);
  CHECK((x.intact() && g.intact() && sums.intact() && mean.intact() && variance.intact()));
  CHECK((gradient.intact() && products.intact()));
}

/// Sums are added to.
template <class T>
void check_adding() {
  using V = simd::Vector<T>;
  constexpr int C = 1030;
  std::vector<T> x(2 * C, T(1)), sums(C, T(5));
  kernels::add_channel_sums<V, C>(2, x.data(), sums.data());
  CHECK(std::ranges::all_of(sums, [](T sum) { return sum == T(7); }));
}

template <class T, int... C>
void check_all() {
  for (const std::size_t rows : {1, 2, 5, 31, 64, 65, 1000}) (check_channels<T, C>(rows), ...);
}

}  // namespace

TEMPLATE_TEST_CASE("sums and moments of channels", "", float, double) {
  check_all<TestType, 1, 2, 3, 8, 16, 17, 32, 33, 48, 101>();
  check_channels<TestType, 1024>(130);
  check_channels<TestType, 1030>(130);
  check_adding<TestType>();
}

TEST_CASE("the rounding error of sums and moments does not grow with the rows") {
  using V = simd::Vector<float>;
  constexpr std::size_t rows = 4'000'000;
  std::vector<float> x(rows);
  for (std::size_t i = 0; i < rows; ++i) x[i] = i % 2 == 0 ? 1000.1f : 1000.3f;
  const double low = static_cast<double>(1000.1f), high = static_cast<double>(1000.3f);
  float sum = 0, mean = 0, variance = 0;
  kernels::add_channel_sums<V, 1>(rows, x.data(), &sum);
  moments<V, 1>(rows, x.data(), &mean, &variance);
  CHECK(sum == Approx((low + high) / 2 * rows).epsilon(1e-6));
  CHECK(mean == Approx((low + high) / 2).epsilon(1e-7));
  CHECK(variance == Approx((high - low) * (high - low) / 4).epsilon(1e-6));
}

TEST_CASE("blocks with different means are merged exactly") {
  using V = simd::Vector<float>;
  std::vector<float> x(100'000, 0.0f);
  std::fill(x.begin() + 25'000, x.end(), 4096.0f);
  float mean = 0, variance = 0;
  moments<V, 1>(x.size(), x.data(), &mean, &variance);
  CHECK(mean == 3072.0f);
  CHECK(variance == Approx(4096.0 * 4096.0 * 3 / 16).epsilon(1e-7));
}
