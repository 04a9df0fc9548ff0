// Conv2DTranspose: against the loop that defines it, every option, oracles, fused inference, training.
#include <string>
#include <string_view>
#include <vector>

#include <strata/graph/summary.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/conv2d_transpose.hpp>
#include <strata/layers/up_sampling2d.hpp>
#include <strata/train/losses.hpp>
#include <strata/train/trainer.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"
#include "harness/check_oracle.hpp"

using namespace strata;
using test::check_engine;
using test::check_gradients;
using test::check_layer;
using test::check_oracle;
using test::noise;

namespace {

/// y[i * stride + k - padding] += x[i] * w[k], whatever falls off is dropped; Keras' padding is half of what a kernel
/// has beyond its stride.
template <class L, Shape In>
std::vector<double> scattered(test::AnyLayerRun<double>& run) {
  constexpr Shape out = L::output_shape(In);
  constexpr int top = L::padding == Same ? std::max(0, L::kernel.height - L::strides.height) / 2 : 0;
  constexpr int left = L::padding == Same ? std::max(0, L::kernel.width - L::strides.width) / 2 : 0;
  const auto index = [](Shape shape, std::size_t n, int y, int x, int c) {
    return n * shape.size() + static_cast<std::size_t>((y * shape.width() + x) * shape.channels() + c);
  };
  std::vector<double> sums(run.output.size());
  if (L::has_bias)
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] = run.parameters[1].data()[i % static_cast<std::size_t>(out.channels())];
  for (std::size_t n = 0; n < run.batch; ++n)
    for (int iy = 0; iy < In.height(); ++iy)
      for (int ix = 0; ix < In.width(); ++ix)
        for (int ky = 0; ky < L::kernel.height; ++ky)
          for (int kx = 0; kx < L::kernel.width; ++kx) {
            const int y = iy * L::strides.height + ky - top, x = ix * L::strides.width + kx - left;
            if (y < 0 || x < 0 || y >= out.height() || x >= out.width()) continue;
            for (int to = 0; to < out.channels(); ++to)
              for (int from = 0; from < In.channels(); ++from)
                sums[index(out, n, y, x, to)] +=
                    run.input.data()[index(In, n, iy, ix, from)] *
                    run.parameters[0].data()[((ky * L::kernel.width + kx) * out.channels() + to) * In.channels() + from];
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
static_assert(Conv2DTranspose<6, 3>::parameters({4, 5, 7}).list[0].shape == Shape{3, 3, 6, 7});
static_assert(Conv2DTranspose<6, 3>::parameters({4, 5, 7}).list[0].initializer.fan_in == 54);
static_assert(Conv2DTranspose<6, 3>::parameters({4, 5, 7}).list[0].initializer.fan_out == 63);
static_assert(Conv2DTranspose<6, 3, NoBias, L2{0.5}>::parameters({4, 5, 7}).count == 1);
static_assert(Conv2DTranspose<6, 3, NoBias, L2{0.5}>::parameters({4, 5, 7}).list[0].l2 == 0.5);

struct Decoder : Sequential<Input<3, 5, 4>, Conv2DTranspose<17, 3, Same, Strides{2}, NoBias>, BatchNorm, ReLU,
                            Conv2DTranspose<6, Kernel{2, 3}, Strides{1, 3}, activation<Tanh>>, Conv2D<3, 3, Same>> {};
static_assert(Decoder::param_count == 9 * 17 * 4 + 4 * 17 + (6 * 6 * 17 + 6) + (27 * 6 + 3));
static_assert(Decoder::output_shape == Shape{7, 30, 3});

/// Sums that become part of an epilogue; convolutions that lend each other their borders.
struct Fused : Sequential<Input<8, 9, 16>, Conv2DTranspose<32, 3, Same, NoBias>, BatchNorm, ReLU,
                          Conv2DTranspose<16, 3, Same>, Add<Sequential<>, Conv2DTranspose<16, 3, Same>>, ReLU,
                          Add<UpSampling2D<2>, Sequential<Conv2DTranspose<16, 3, Same, Strides{2}>, BatchNorm>>, ReLU,
                          Conv2D<5, 3, Same, Strides{2}>, BatchNorm, Conv2DTranspose<1, 2, Strides{2}>> {};

}  // namespace

TEST_CASE("Conv2DTranspose") {
  check<Conv2DTranspose<8, 3>, Shape{4, 3, 3}>({.output = {6, 5, 8}, .trainable = 27 * 8 + 8, .macs = 36 * 9 * 8});
  check<Conv2DTranspose<6, 3, Same, Strides{2}>, Shape{3, 5, 5}>(
      {.output = {6, 10, 6}, .trainable = 45 * 6 + 6, .macs = 75 * 9 * 6});
  check<Conv2DTranspose<17, 4, Strides{2}, NoBias>, Shape{3, 2, 3}>(
      {.output = {8, 6, 17}, .trainable = 48 * 17, .macs = 18 * 16 * 17});
  check<Conv2DTranspose<3, 2, Strides{3}>, Shape{3, 4, 9}>(
      {.output = {9, 12, 3}, .trainable = 36 * 3 + 3, .macs = 108 * 4 * 3});
  check<Conv2DTranspose<5, Kernel{5, 2}, Same, Strides{2, 3}>, Shape{3, 4, 2}>(
      {.output = {6, 12, 5}, .trainable = 20 * 5 + 5, .macs = 24 * 10 * 5});
  check<Conv2DTranspose<4, Kernel{1, 4}, Strides{3, 1}>, Shape{2, 5, 7}>(
      {.output = {6, 8, 4}, .trainable = 28 * 4 + 4, .macs = 70 * 4 * 4});
  check<Conv2DTranspose<2, 6, Same, Strides{2}>, Shape{9, 9, 8}>(  // phases of 3x3, none of them by Winograd
      {.output = {18, 18, 2}, .trainable = 288 * 2 + 2, .macs = 648 * 36 * 2});
  check<Conv2DTranspose<1, Kernel{3, 1}, Same, Strides{2}>, Shape{3, 4, 1}>(  // depthwise
      {.output = {6, 8, 1}, .trainable = 4, .macs = 36});
  // By Winograd, 2x2 and 4x4, forward and backward.
  check<Conv2DTranspose<12, 3, Same>, Shape{4, 8, 12}>(
      {.output = {4, 8, 12}, .trainable = 108 * 12 + 12, .macs = 384 * 9 * 12}, 3e-5);
  check<Conv2DTranspose<13, 3>, Shape{5, 6, 17}>(
      {.output = {7, 8, 13}, .trainable = 153 * 13 + 13, .macs = 510 * 9 * 13}, 3e-5);
}

TEST_CASE("Conv2DTranspose against PyTorch and TensorFlow.js") {
  check_oracle<Conv2DTranspose<6, 3, Same, Strides{2}>, Shape{4, 5, 3}>("pytorch/conv2d_transpose_same");
  check_oracle<Conv2DTranspose<6, 3, Strides{2}>, Shape{4, 5, 3}>("pytorch/conv2d_transpose_valid");
  check_oracle<Conv2DTranspose<6, 3, Same, Strides{2}>, Shape{4, 5, 3}>("tfjs/conv2d_transpose_same");
}

TEST_CASE("networks with a Conv2DTranspose") {
  check_gradients<Decoder>();
  check_gradients<Fused>();
  check_engine(Model<Decoder>{Seed{1}}, 1e-5);
  check_engine<Decoder, Exact>(Model<Decoder>{Seed{1}}, 1e-5);
  check_engine(Model<Fused>{Seed{2}}, 2e-5);
  CHECK(summary<Decoder>(SummaryStyle::keras3).find("conv2d_transpose (Conv2DTranspose)") != std::string::npos);
}

TEST_CASE("a network with a Conv2DTranspose learns, and its engine follows") {
  Model<Decoder> model{Seed{1}};
  Trainer trainer{model, MeanSquaredError{}, Adam{.learning_rate = 0.01f}};
  const auto inputs = noise<float>(4 * Decoder::input_shape.size(), 5),
             targets = noise<float>(4 * Decoder::output_shape.size(), 6);
  const float before = trainer.step(inputs, std::span<const float>(targets));
  float after = before;
  for (int i = 0; i < 20; ++i) after = trainer.step(inputs, std::span<const float>(targets));
  CHECK(after < 0.8f * before);
  check_engine(model, 1e-5);
}

TEST_CASE("what a Conv2DTranspose does not take") {
  const auto rule = [](const Problem& problem) { return std::string(problem.rule == nullptr ? "" : problem.rule); };
  CHECK(rule(Conv2DTranspose<8, 3>::check({1, 1, 4})) == "");
  CHECK(rule(Conv2DTranspose<8, 3>::check({9})) == "a convolution needs an image");
  CHECK(rule(Conv2DTranspose<0, 3>::check({9, 9, 6})) == "the number of filters is not positive");
  CHECK(rule(Conv2DTranspose<8, 0>::check({9, 9, 6})) == "the kernel size is not positive");
  CHECK(rule(Conv2DTranspose<8, 3, Strides{0}>::check({9, 9, 6})) == "the strides are not positive");
  CHECK(rule(Conv2DTranspose<8, 3, Dilation{2}>::check({9, 9, 6})) == "unknown option");
  CHECK(rule(Conv2DTranspose<8, 3, Same, Valid>::check({9, 9, 6})) == "repeated option");
}
