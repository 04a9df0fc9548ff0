// Conv2DTranspose: against the loop that defines it, every option, oracles.
#include <string>
#include <string_view>
#include <vector>

#include <strata/layers/conv2d_transpose.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_layer;
using test::check_oracle;

namespace {

/// y[i * stride + k - padding] += x[i] * w[k], whatever falls off is dropped; Keras' padding is half of what a kernel
/// has beyond its stride.
template <class L, Shape In>
std::vector<double> scattered(test::AnyLayerRun<double>& run) {
  constexpr Shape out = L::output_shape(In);
  constexpr Kernel kernel = L::config.kernel_size;
  constexpr Strides strides = L::config.strides;
  constexpr int top = L::config.padding == Same ? std::max(0, kernel.height - strides.height) / 2 : 0;
  constexpr int left = L::config.padding == Same ? std::max(0, kernel.width - strides.width) / 2 : 0;
  const auto index = [](Shape shape, std::size_t n, int y, int x, int c) {
    return n * shape.size() + static_cast<std::size_t>((y * shape.width() + x) * shape.channels() + c);
  };
  std::vector<double> sums(run.output.size());
  if (L::config.use_bias == Bias::on)
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] = run.parameters[1].data()[i % static_cast<std::size_t>(out.channels())];
  for (std::size_t n = 0; n < run.batch; ++n)
    for (int iy = 0; iy < In.height(); ++iy)
      for (int ix = 0; ix < In.width(); ++ix)
        for (int ky = 0; ky < kernel.height; ++ky)
          for (int kx = 0; kx < kernel.width; ++kx) {
            const int y = iy * strides.height + ky - top, x = ix * strides.width + kx - left;
            if (y < 0 || x < 0 || y >= out.height() || x >= out.width()) continue;
            for (int to = 0; to < out.channels(); ++to)
              for (int from = 0; from < In.channels(); ++from)
                sums[index(out, n, y, x, to)] +=
                    run.input.data()[index(In, n, iy, ix, from)] *
                    run.parameters[0].data()[((ky * kernel.width + kx) * out.channels() + to) * In.channels() + from];
          }
  return sums;
}

template <class L, Shape In>
void check(const test::Expected& expected, double tolerance = 1e-5) {
  check_layer<L, In>(expected, tolerance);
  test::LayerRun<L, In, double> run(2);
  run.randomize();
  run.forward();
  CHECK(test::difference(run.output.span(), scattered<L, In>(run)) < 1e-13);
}

static_assert(Conv2DTranspose<6, 3, Same, Strides{2}>::output_shape({4, 5, 3}) == Shape{8, 10, 6});
static_assert(Conv2DTranspose<6, 3, Strides{2}>::output_shape({4, 5, 3}) == Shape{9, 11, 6});
static_assert(Conv2DTranspose<6, 2, Strides{3}>::output_shape({4, 5, 3}) == Shape{12, 15, 6});
static_assert(Conv2DTranspose<6, Kernel{4, 1}, Strides{1, 2}>::output_shape({4, 5, 3}) == Shape{7, 10, 6});
static_assert(Conv2DTranspose<8, 3>::output_shape({4, 3, 3}) == Shape{6, 5, 8});
static_assert(Conv2DTranspose<8, 3>::macs({4, 3, 3}) == 36 * 9 * 8);
static_assert(Conv2DTranspose<4, Kernel{1, 4}, Strides{3, 1}>::output_shape({2, 5, 7}) == Shape{6, 8, 4});
static_assert(Conv2DTranspose<3, 2, Strides{3}>::output_shape({3, 4, 9}) == Shape{9, 12, 3});
static_assert(Conv2DTranspose<2, 6, Same, Strides{2}>::output_shape({9, 9, 8}) == Shape{18, 18, 2});
static_assert(Conv2DTranspose<12, 3, Same>::output_shape({4, 8, 12}) == Shape{4, 8, 12});
static_assert(Conv2DTranspose<6, 3>::parameters({4, 5, 7}).list[0].shape == Shape{3, 3, 6, 7});
static_assert(Conv2DTranspose<6, 3>::parameters({4, 5, 7}).list[0].initializer.fan_in == 54);
static_assert(Conv2DTranspose<6, 3>::parameters({4, 5, 7}).list[0].initializer.fan_out == 63);
static_assert(Conv2DTranspose<6, 3, NoBias, L2{0.5}>::parameters({4, 5, 7}).count == 1);
static_assert(Conv2DTranspose<6, 3, NoBias, L2{0.5}>::parameters({4, 5, 7}).list[0].l2 == 0.5);

}  // namespace

TEST_CASE("Conv2DTranspose") {
  check<Conv2DTranspose<6, 3, Same, Strides{2}>, Shape{3, 5, 5}>(
      {.output = {6, 10, 6}, .trainable = 45 * 6 + 6, .macs = 75 * 9 * 6});
  check<Conv2DTranspose<17, 4, Strides{2}, NoBias>, Shape{3, 2, 3}>(
      {.output = {8, 6, 17}, .trainable = 48 * 17, .macs = 18 * 16 * 17});
  check<Conv2DTranspose<5, Kernel{5, 2}, Same, Strides{1, 3}>, Shape{3, 4, 2}>(  // cells between the windows
      {.output = {3, 12, 5}, .trainable = 20 * 5 + 5, .macs = 24 * 10 * 5});
  check<Conv2DTranspose<2, Kernel{6, 3}, Same, Strides{2, 1}>, Shape{9, 9, 8}>(  // phases of 3x3, not by Winograd
      {.output = {18, 9, 2}, .trainable = 144 * 2 + 2, .macs = 648 * 18 * 2});
  check<Conv2DTranspose<1, Kernel{3, 1}, Same, Strides{2, 1}>, Shape{3, 4, 1}>(  // depthwise
      {.output = {6, 4, 1}, .trainable = 4, .macs = 36});
  // By Winograd, forward and backward; without FMA (SSE2) inference is off by 3.01e-5.
  check<Conv2DTranspose<13, 3>, Shape{5, 6, 17}>(
      {.output = {7, 8, 13}, .trainable = 153 * 13 + 13, .macs = 510 * 9 * 13}, 4e-5);
}

TEST_CASE("Conv2DTranspose against PyTorch and TensorFlow.js") {
  check_oracle<Conv2DTranspose<6, 3, Same, Strides{2}>, Shape{4, 5, 3}>("pytorch/conv2d_transpose_same");
  check_oracle<Conv2DTranspose<6, 3, Strides{2}>, Shape{4, 5, 3}>("pytorch/conv2d_transpose_valid");
  check_oracle<Conv2DTranspose<6, 3, Same, Strides{2}>, Shape{4, 5, 3}>("tfjs/conv2d_transpose_same");
}

TEST_CASE("what a Conv2DTranspose does not take") {
  const auto rule = [](const Problem& problem) { return std::string(problem.rule == nullptr ? "" : problem.rule); };
  CHECK(rule(Conv2DTranspose<8, 3>::check({1, 1, 4})) == "");
  CHECK(rule(Conv2DTranspose<8, 3>::check({9})) == "a convolution needs an image");
  CHECK(rule(Conv2DTranspose<0, 3>::check({9, 9, 6})) == "the number of filters is not positive");
  CHECK(rule(Conv2DTranspose<8, 0>::check({9, 9, 6})) == "the kernel size is not positive");
  CHECK(rule(Conv2DTranspose<8, 3, Strides{0}>::check({9, 9, 6})) == "the strides are not positive");
  CHECK(rule(Conv2DTranspose<8, 3, Groups{2}>::check({9, 9, 6})) == "unknown option");
  CHECK(rule(Conv2DTranspose<8, 3, Same, Valid>::check({9, 9, 6})) == "repeated option");
}
