// Softmax over the last axis: any number of channels, and inputs whose exponentials overflow.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <strata/layers/log_softmax.hpp>
#include <strata/layers/softmax.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

TEST_CASE("Softmax") {
  check_layer<Softmax, Shape{1}>({.output = {1}});
  check_layer<Softmax, Shape{10}>({.output = {10}});
  check_layer<Softmax, Shape{2, 3, 3}>({.output = {2, 3, 3}});
  check_layer<Softmax, Shape{5, 8}>({.output = {5, 8}});
  check_layer<Softmax, Shape{2, 2, 17}>({.output = {2, 2, 17}});
  check_layer<Softmax, Shape{33}>({.output = {33}});
  static_assert(rules<Softmax>::link == Link::softmax);
}

TEST_CASE("Softmax against PyTorch and TensorFlow.js") {
  check_oracle<Softmax, Shape{3, 4, 5}>("pytorch/activation_softmax");
  check_oracle<Softmax, Shape{11}>("pytorch/activation_softmax_flat");
  check_oracle<Softmax, Shape{3, 5, 7}>("tfjs/activation_softmax");
}

TEST_CASE("Softmax of very large and very small inputs") {
  test::LayerRun<Softmax, Shape{3}, float> run(2);
  run.input.copy(std::vector{1e30f, 1e30f, -1e30f, -1000.0f, -1000.0f, -1000.0f});
  run.forward();
  CHECK(test::difference(run.output.span(), std::vector{0.5, 0.5, 0.0, 1.0 / 3, 1.0 / 3, 1.0 / 3}) < 1e-6);
  constexpr float masked = -std::numeric_limits<float>::infinity();
  run.input.copy(std::vector{masked, 2.0f, 2.0f, -3e38f, 3e38f, masked});
  run.forward();
  CHECK(test::difference(run.output.span(), std::vector{0.0, 0.5, 0.5, 0.0, 1.0, 0.0}) == 0);
}

namespace {

/// The largest error, in ulp of the correctly rounded result, of results that are normal numbers.
template <int Classes>
double largest_error(double spread) {
  constexpr std::size_t rows = 4000;
  test::LayerRun<Softmax, Shape{Classes}, float> run(rows);
  const Random random{Seed{5}};
  for (std::size_t i = 0; i < run.input.size(); ++i)
    run.input.data()[i] = static_cast<float>(spread * random.normal(i));
  run.forward();
  double worst = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const float *x = run.input.data() + r * Classes, *y = run.output.data() + r * Classes;
    const double top = static_cast<double>(*std::max_element(x, x + Classes));
    double sum = 0;
    for (int c = 0; c < Classes; ++c) sum += std::exp(static_cast<double>(x[c]) - top);
    for (int c = 0; c < Classes; ++c) {
      const double exact = std::exp(static_cast<double>(x[c]) - top) / sum;
      const float rounded = static_cast<float>(exact);
      if (rounded < std::numeric_limits<float>::min()) continue;
      const double ulp = std::ldexp(1.0, std::ilogb(rounded) - 23);
      worst = std::max(worst, std::abs(static_cast<double>(y[c]) - static_cast<double>(rounded)) / ulp);
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("Softmax is within 4 ulp of the correctly rounded result") {
  for (const double spread : {0.1, 1.0, 5.0, 20.0}) {
    CAPTURE(spread);
    CHECK(largest_error<2>(spread) <= 4);
    CHECK(largest_error<10>(spread) <= 4);
    CHECK(largest_error<100>(spread) <= 4);
    CHECK(largest_error<1000>(spread) <= 4);
  }
}

TEST_CASE("LogSoftmax, also of inputs whose exponentials overflow") {
  check_layer<LogSoftmax, Shape{2, 3, 17}>({.output = {2, 3, 17}});
  test::LayerRun<LogSoftmax, Shape{3}, float> run(1);
  run.input.copy(std::vector{1000.0f, 1000.0f, -1000.0f});
  run.forward();
  CHECK(test::difference(run.output.span(), std::vector{-std::log(2.0), -std::log(2.0), -2000 - std::log(2.0)}) < 1e-6);
}
