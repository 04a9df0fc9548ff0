// SeparableConv2D: one layer of two convolutions; its counts, names, gradients, oracles; what it does not take.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <strata/show/summary.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/separable_conv2d.hpp>

#include "harness/check_network.hpp"
#include "harness/fixture.hpp"

using namespace strata;
using test::check_engine;
using test::check_gradients;

namespace {

struct Plain : Sequential<Input<7, 5, 4>, SeparableConv2D<6, 3, Same>> {};
static_assert(Plain::layer_count == 1);
static_assert(Plain::param_count == 3 * 3 * 4 + 4 * 6 + 6);
static_assert(Plain::mac_count == 7 * 5 * (3 * 3 * 4 + 4 * 6));
static_assert(Plain::output_shape == Shape{7, 5, 6});

/// Every option; fused in a network.
struct Stack : Sequential<Input<9, 8, 3>,
                          SeparableConv2D<5, Kernel{3, 2}, NoBias, activation<Tanh>, Strides{2}, DepthMultiplier{2}, Same>,
                          SeparableConv2D<17, 3, Same, NoBias>, BatchNorm, ReLU,
                          Residual<SeparableConv2D<17, 3, Same, activation<ReLU>>>,
                          SeparableConv2D<4, 2, Dilation{2}>> {};
static_assert(Stack::layer_count == 7);
static_assert(Stack::param_count == (3 * 2 * 3 * 2 + 6 * 5) + (9 * 5 + 5 * 17) + 4 * 17 + (9 * 17 + 17 * 17 + 17) +
                                        (4 * 17 + 17 * 4 + 4));
static_assert(Stack::output_shape == Shape{3, 2, 4});

/// Only described.
struct Chain
    : Sequential<Input<8, 9, 3>, SeparableConv2D<17, 3, activation<ReLU>>, SeparableConv2D<4, 3, Dilation{2}>> {};
static_assert(Chain::layer_count == 2);
static_assert(Chain::output_shape == Shape{2, 3, 4});

template <class... Layers>
constexpr Text problem() {
  return detail::sentence(detail::network<detail::Chain<Layers...>>.fault);
}

}  // namespace

TEST_CASE("the gradients of a SeparableConv2D") {
  check_gradients<Plain>();
  check_gradients<Stack>();
}

TEST_CASE("inference of a SeparableConv2D") {
  check_engine(Model<Plain>{Seed{1}}, 1e-5);
  check_engine(Model<Stack>{Seed{3}}, 1e-5);
}

TEST_CASE("SeparableConv2D against PyTorch and TensorFlow.js") {
  for (const std::string oracle : {"pytorch/", "tfjs/"}) {
    const test::Fixture fixture(oracle + "separable_conv2d");
    std::vector<float> parameters, expected;  // in the order of the arena
    for (const std::string name : {"depthwise_kernel", "pointwise_kernel", "bias"}) {
      std::ranges::copy(fixture.floats(name), std::back_inserter(parameters));
      std::ranges::copy(fixture.floats(name + "_gradient"), std::back_inserter(expected));
    }
    const std::vector<float> input = fixture.floats("input"), outputs = fixture.floats("output"),
                             output_gradient = fixture.floats("output_gradient");
    Executor<Plain, simd::Vector<float>> executor;
    const float* output = executor.forward_training(parameters.data(), input.data(), 2, Random{Seed{1}});
    for (std::size_t i = 0; i < outputs.size(); ++i) REQUIRE(output[i] == Approx(outputs[i]).margin(1e-5));
    std::ranges::copy(output_gradient, executor.output_gradient());
    std::vector<float> gradients(Plain::trainable_param_count);
    executor.backward(parameters.data(), gradients.data());
    for (std::size_t i = 0; i < expected.size(); ++i) REQUIRE(gradients[i] == Approx(expected[i]).margin(1e-4));
  }
}

TEST_CASE("a SeparableConv2D is one layer of a summary, with Keras' weight names") {
  const std::string table(summary<Chain>());
  INFO(table);  // Keras cuts long names
  CHECK(table.find("separable_conv2d (SeparableC (None, 6, 7, 17)          95 ") != std::string::npos);
  CHECK(table.find("separable_conv2d_1 (Separabl (None, 2, 3, 4)           225 ") != std::string::npos);
  CHECK(table.find("_2 (") == std::string::npos);
  CHECK(summary<Plain>(SummaryStyle::keras3).find("separable_conv2d (SeparableConv2D)") != std::string::npos);
  std::vector<std::string> names;
  for (const auto& node : Plain::network().nodes)
    for (const Parameter& parameter : node.parameters())
      names.push_back(std::string(std::string_view(Text(node.name) << '/' << parameter.name)));
  CHECK(names == std::vector<std::string>{"separable_conv2d/depthwise_kernel", "separable_conv2d/pointwise_kernel",
                                          "separable_conv2d/bias"});
}

TEST_CASE("what a SeparableConv2D does not take") {
  const auto says = [](const Text& sentence, const char* words) {
    INFO(std::string(std::string_view(sentence)));
    CHECK(std::string_view(sentence).find(words) != std::string_view::npos);
    CHECK(std::string_view(sentence).starts_with("layer 1 (separable_conv2d, SeparableConv2D<"));
  };
  says(problem<Input<30>, SeparableConv2D<4, 3>>(), "a convolution needs an image");
  says(problem<Input<9, 9, 2>, SeparableConv2D<0, 3>>(), "the number of filters is not positive");
  says(problem<Input<9, 9, 2>, SeparableConv2D<4, 3, DepthMultiplier{0}>>(), "the depth multiplier is not positive");
  says(problem<Input<9, 9, 2>, SeparableConv2D<4, 3, Groups{2}>>(), "unknown option");
  says(problem<Input<9, 9, 2>, SeparableConv2D<4, 3, Same, Valid>>(), "repeated option");
  says(problem<Input<9, 9, 2>, SeparableConv2D<4, 3, activation<ReLU>, activation<Tanh>>>(), "repeated option");
  says(problem<Input<2, 9, 2>, SeparableConv2D<4, 3>>(), "the kernel is larger than the input");
}
