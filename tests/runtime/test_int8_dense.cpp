// A linear layer of a user in int8: exact in whole numbers, else within what rounding to int8 may cost.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"
#include "runtime/int8_dense.hpp"

using namespace strata;
using test::Int8Dense;

namespace {

static_assert(check_contract<Int8Dense<4>>());

/// All that fuses: an affine layer into weights and bias, an epilogue.
struct Whole : Sequential<Input<1500>, Int8Dense<5>, Affine, ReLU> {};
static_assert(Whole::inference_arena_bytes<> == 0);

template <int Width, template <int> class L>
struct Shortcut : Sequential<Input<Width>, Residual<L<Width>>> {};
template <int Width>
using Float = Dense<Width>;

std::vector<float> run(const auto& engine, const std::vector<float>& x, std::size_t size) {
  std::vector<float> y(size);
  engine(x, y);
  return y;
}

/// Beside the float Dense, as a share of what rounding may cost: at most 1; returns the largest.
template <int Width>
double largest_error(std::size_t samples) {
  using Exact = Shortcut<Width, Float>;
  using Rounded = Shortcut<Width, Int8Dense>;
  const Model<Exact> model = test::random_model<Exact>();
  Model<Rounded> rounded;
  std::copy_n(model.parameters().data(), Exact::param_count, rounded.parameters().data());
  const auto kernel = model.template get<"dense/kernel">();
  const auto bias = model.template get<"dense/bias">();
  const auto x = test::noise<float>(samples * Width, 7);
  const auto y = run(Engine<Exact>{model}, x, x.size()), y8 = run(Engine<Rounded>{rounded}, x, x.size());
  // x = s q + e and w = t p + d, where |e| <= s / 2 and |d| <= t / 2: sum(x w) - s t sum(q p) = sum(e w + x d - e d).
  // Besides, q is rounded from a quotient that float has to 2^-15, and each float sum or product costs half a bit of
  // 24.
  const double half = 0.5 + std::pow(2, -15), epsilon = std::pow(2, -24);
  double largest = 0;
  for (std::size_t n = 0; n < samples; ++n) {
    const auto in = [&](int i) { return std::abs(double{x[n * Width + static_cast<std::size_t>(i)]}); };
    double s = 0;
    for (int i = 0; i < Width; ++i) s = std::max(s, in(i) / 127);
    for (int o = 0; o < Width; ++o) {
      double t = 0, bound = 0, sums = std::abs(double{bias(o)}) + in(o);
      for (int i = 0; i < Width; ++i) t = std::max(t, std::abs(double{kernel(i, o)}) / 127);
      for (int i = 0; i < Width; ++i) {
        const double w = std::abs(double{kernel(i, o)});
        bound += half * s * w + half * t * in(i) + half * half * s * t;
        sums += w * in(i);
      }
      bound += (Width + 10) * epsilon * sums;
      const std::size_t at = n * Width + static_cast<std::size_t>(o);
      largest = std::max(largest, std::abs(double{y[at]} - double{y8[at]}) / bound);
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("int8: whole numbers of which the largest is 127 are exact, in sums that no float holds", "[int8]") {
  Model<Whole> model;
  auto kernel = model.get<"int8_dense/kernel">();
  auto bias = model.get<"int8_dense/bias">(), gamma = model.get<"affine/gamma">(), beta = model.get<"affine/beta">();
  std::vector<float> x(3 * 1500);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = i % 7 == 0 ? 127.0f : static_cast<float>(101 + i * i % 26);
  std::vector<float> expected(3 * 5);
  int beyond = 0;
  for (int o = 0; o < 5; ++o) {
    const float sign = o % 2 == 0 ? 1 : -1;
    bias(o) = static_cast<float>(10 * o), gamma(o) = o == 1 ? -4.0f : 2.0f, beta(o) = static_cast<float>(o);
    for (int i = 0; i < 1500; ++i)
      kernel(i, o) = (o == 2 && i % 3 == 0 ? -1 : 1) * sign * static_cast<float>(i == o ? 127 : 98 + (i * 7 + o) % 29);
    for (std::size_t n = 0; n < 3; ++n) {
      std::int64_t sum = 0;
      for (int i = 0; i < 1500; ++i)
        sum += static_cast<std::int64_t>(x[n * 1500 + i]) * static_cast<std::int64_t>(kernel(i, o));
      beyond += std::abs(sum) > (1 << 24) && sum % 2 != 0;
      expected[n * 5 + o] = std::max(0.0f, std::fma(static_cast<float>(sum), gamma(o), bias(o) * gamma(o) + beta(o)));
    }
  }
  REQUIRE(beyond > 3);
  CHECK(run(Engine<Whole>{model}, x, 15) == expected);
  CHECK(std::count(expected.begin(), expected.end(), 0.0f) == 3);
}

TEST_CASE("int8: no farther from the float Dense than half a step of each weight and each input allows", "[int8]") {
  const double wide = largest_error<300>(3), narrow = largest_error<2>(500);
  CHECK((wide > 0 && wide <= 1));
  CHECK((narrow > 0.4 && narrow <= 1));  // few roundings come close to the worst of them
}

TEST_CASE("int8: zeros are zeros, and what is not finite shows", "[int8]") {
  const Model<Shortcut<300, Int8Dense>> model{Seed{1}};  // its bias is 0
  const Engine<Shortcut<300, Int8Dense>> engine{model};
  CHECK(run(engine, std::vector<float>(300), 300) == std::vector<float>(300));
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> x(300, 1.0f);
    x[77] = bad;
    for (const float y : run(engine, x, 300)) REQUIRE(std::isnan(y));
  }
}
