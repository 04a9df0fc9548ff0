// kernels/pool.hpp against the obvious loops over windows.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <strata/core/random.hpp>
#include <strata/kernels/math.hpp>
#include <strata/kernels/pool.hpp>

#include "harness/guarded.hpp"

using namespace strata;
using kernels::PoolGeometry;
using test::Guarded;

namespace {

/// What becomes of a window's gradient: the first of its largest cells has it, or they share it, or all do.
enum class Gradient { first, largest, all };

/// Pools one channel of one image; `dy` goes back into `dx`. A NaN is larger than any number.
void reference(const PoolGeometry& g, Gradient gradient, int c, const float* x, double* y, const float* dy,
               double* dx) {
  for (int oy = 0; oy < g.rows.output; ++oy)
    for (int ox = 0; ox < g.columns.output; ++ox) {
      double sum = 0;
      std::vector<int> cells, best;
      for (int ky = 0; ky < g.rows.size; ++ky)
        for (int kx = 0; kx < g.columns.size; ++kx) {
          const int iy = oy * g.rows.stride - g.rows.before + ky, ix = ox * g.columns.stride - g.columns.before + kx;
          if (iy < 0 || iy >= g.rows.input || ix < 0 || ix >= g.columns.input) continue;
          const int cell = (iy * g.columns.input + ix) * g.channels + c;
          cells.push_back(cell);
          sum += static_cast<double>(x[cell]);
          const auto larger = [&](int a, int b) { return x[a] > x[b] || (std::isnan(x[a]) && !std::isnan(x[b])); };
          if (best.empty() || larger(cell, best[0])) best = {cell};
          else if (!larger(best[0], cell)) best.push_back(cell);
        }
      const int out = (oy * g.columns.output + ox) * g.channels + c;
      const double size = static_cast<double>(cells.size());
      y[out] = gradient == Gradient::all ? sum / size : static_cast<double>(x[best[0]]);
      if (gradient == Gradient::first) best.resize(1);
      const std::vector<int>& takers = gradient == Gradient::all ? cells : best;
      for (const int cell : takers) dx[cell] += static_cast<double>(dy[out]) / static_cast<double>(takers.size());
    }
}

template <class Pool>
constexpr Gradient gradient_of = Gradient::first;
template <>
constexpr Gradient gradient_of<kernels::SharingMaxPool> = Gradient::largest;
template <>
constexpr Gradient gradient_of<kernels::AveragePool> = Gradient::all;

template <PoolGeometry g, class Pool>
void check_pool() {
  using V = simd::Vector<float>;
  constexpr std::size_t batch = 3;
  constexpr std::size_t in = static_cast<std::size_t>(g.input_size()), out = static_cast<std::size_t>(g.output_size());
  Guarded<float> x(batch * in), y(batch * out), dy(batch * out), dx(batch * in);
  for (std::size_t i = 0; i < x.size(); ++i)  // few different values: many ties
    x.data()[i] = static_cast<float>(Random{Seed{1}}.below(i, 5)) - 8.0f;
  for (std::size_t i = 2 * in; i < x.size(); ++i)  // in the last image some NaN, so that there are all kinds of windows
    if (Random{Seed{4}}.below(i, 8) == 0) x.data()[i] = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < dy.size(); ++i) dy.data()[i] = static_cast<float>(Random{Seed{2}}.normal(i));
  std::vector<double> expected_y(y.size()), expected_dx(dx.size());
  for (std::size_t n = 0; n < batch; ++n)
    for (int c = 0; c < g.channels; ++c)
      reference(g, gradient_of<Pool>, c, x.data() + n * in, expected_y.data() + n * out, dy.data() + n * out,
                expected_dx.data() + n * in);
  kernels::pool<V, g, Pool>(batch, x.data(), y.data());
  kernels::pool_backward<V, g, Pool>(batch, x.data(), dy.data(), dx.data());
  INFO(g.channels << " channels, windows " << g.rows.size << 'x' << g.columns.size);
  for (std::size_t i = 0; i < y.size(); ++i) {
    REQUIRE(std::isnan(y.data()[i]) == std::isnan(expected_y[i]));
    if (std::isnan(expected_y[i])) expected_y[i] = y.data()[i] = 0;
  }
  CHECK(test::difference(y.span(), expected_y) < 1e-6);
  CHECK(test::difference(dx.span(), expected_dx) < 1e-6);
  CHECK((x.intact() && y.intact() && dy.intact() && dx.intact()));
}

/// Of a slice into a slice: what lies around stays, and the numbers are those of images of their own.
template <PoolGeometry g, class Pool>
void check_slices() {
  constexpr PoolGeometry sliced = [] {
    PoolGeometry s = g;
    s.pixel += 3, s.out_pixel += 2;
    s.row = (s.columns.input + 2) * s.pixel;
    s.out_row = (s.columns.output + 1) * s.out_pixel;
    return s;
  }();
  std::vector<float> x(g.input_size()), wide(sliced.input_size(), -1), y(g.output_size()),
      wide_y(sliced.output_size(), 99.0f), expected = wide_y;
  const auto each = [](int height, int width, int channels, auto f) {
    for (int row = 0; row < height; ++row)
      for (int column = 0; column < width; ++column)
        for (int c = 0; c < channels; ++c) f(row, column, c);
  };
  each(g.rows.input, g.columns.input, g.channels, [&](int row, int column, int c) {
    const int i = row * g.row + column * g.pixel + c;
    wide[row * sliced.row + column * sliced.pixel + c] = x[i] = static_cast<float>(Random{Seed{3}}.normal(i));
  });
  kernels::pool<simd::Vector<float>, g, Pool>(1, x.data(), y.data());
  kernels::pool<simd::Vector<float>, sliced, Pool>(1, wide.data(), wide_y.data());
  each(g.rows.output, g.columns.output, g.channels, [&](int row, int column, int c) {
    expected[row * sliced.out_row + column * sliced.out_pixel + c] = y[row * g.out_row + column * g.out_pixel + c];
  });
  CHECK(wide_y == expected);
}

template <class Pool, int... C>
void check_channels() {
  (check_pool<PoolGeometry{{6, 3, 2, 2, 0}, {5, 2, 2, 2, 0}, C}, Pool>(), ...);  // apart
  (check_pool<PoolGeometry{{7, 4, 3, 2, 1}, {6, 3, 3, 2, 0}, C}, Pool>(), ...);  // over the edges, overlapping
}

}  // namespace

TEMPLATE_TEST_CASE("pool", "", kernels::MaxPool, kernels::SharingMaxPool, kernels::AveragePool) {
  check_channels<TestType, 1, 3, 8, 16, 17, 33>();
  check_slices<PoolGeometry{{7, 4, 3, 2, 1}, {6, 3, 3, 2, 0}, 17}, TestType>();
  check_pool<PoolGeometry{{3, 1, 7, 3, 2}, {4, 2, 5, 2, 1}, 5}, TestType>();  // windows larger than the image
  check_pool<PoolGeometry{{7, 2, 1, 5, 0}, {7, 3, 2, 3, 0}, 20}, TestType>();  // cells that no window covers
}
