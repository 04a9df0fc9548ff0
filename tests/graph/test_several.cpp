// Graphs with several inputs and outputs: run, trained, deployed.
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using Catch::Matchers::ContainsSubstring;

namespace {

// A player that sees an image and knows a state, and says what to do and how well it stands. Two outputs are read by
// other nodes, one is a view of another, and both heads share `both`.
struct Player : Graph<Node<"image", Input<6, 5, 3>>,                                          //
                      Node<"state", Input<4>>,                                                //
                      Node<"seen", Sequential<Conv2D<4, 3, Same>, BatchNorm, ReLU>, "image">,  //
                      Node<"flat", Flatten, "seen">,                                          //
                      Node<"known", Dense<5, activation<Tanh>>, "state">,                     //
                      Node<"both", Concatenate<>, "flat", "known">,                           //
                      Node<"policy", Dense<3, activation<Softmax>>, "both">,                  //
                      Node<"value", Dense<1>, "known">,                                       //
                      Outputs<"policy", "value", "seen", "flat">> {};
static_assert(Player::input_count == 2 && Player::output_count == 4);
static_assert(Player::input_shapes == std::array{Shape{6, 5, 3}, Shape{4}});
static_assert(Player::output_shapes == std::array{Shape{3}, Shape{1}, Shape{6, 5, 4}, Shape{120}});
static_assert(Player::param_count == (3 * 9 * 4 + 4 + 16) + (4 * 5 + 5) + (125 * 3 + 3) + (5 + 1));

struct Sum : Graph<Node<"a", Input<2>>, Node<"b", Input<2>>, Node<"y", Add<>, "a", "b">,
                   Node<"twice", Rescaling<2>, "y">, Node<"copy", Reshape<2>, "a">, Outputs<"twice", "y", "copy">> {};

constexpr std::size_t batch = 5;

template <class Net, class T>
auto noises(std::uint64_t seed) {
  std::array<std::vector<T>, Net::input_count> values;
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = test::noise<T>(batch * Net::input_shapes[i].size(), seed + i);
  return values;
}

/// sum over all outputs of output * weights, and its gradient by the parameters.
struct Objective {
  test::Turns threads{};
  Executor<Player, simd::Vector<double>, test::Turns> executor{threads};
  std::array<std::vector<double>, 2> inputs = noises<Player, double>(2);

  static double weight(std::size_t k, std::size_t i) { return std::sin(static_cast<double>(7 * k + i)); }
  double value(const Model<Player, double>& model) {
    executor.forward_training(model.parameters().data(), {inputs[0].data(), inputs[1].data()}, batch, Random{Seed{1}});
    double sum = 0;
    for (std::size_t k = 0; k < Player::output_count; ++k)
      for (std::size_t i = 0; i < batch * Player::output_shapes[k].size(); ++i)
        sum += executor.value(executor.output(k))[i] * weight(k, i);
    return sum;
  }
  std::vector<double> gradient(const Model<Player, double>& model) {
    value(model);
    for (std::size_t k = 0; k < Player::output_count; ++k)
      for (std::size_t i = 0; i < batch * Player::output_shapes[k].size(); ++i)
        executor.output_gradient(executor.output(k))[i] = weight(k, i);
    std::vector<double> gradients(Player::trainable_param_count, 77.0);
    executor.backward(model.parameters().data(), gradients.data());
    return gradients;
  }
};

}  // namespace

TEST_CASE("Several outputs are read, viewed and returned", "[several]") {
  const Model<Sum> model;
  const Engine<Sum> engine{model};
  const std::vector<float> a{1, 2, 3, 4}, b{10, 20, 30, 40};
  std::vector<float> twice(4), y(4), copy(4);
  engine({a, b}, {twice, y, copy});
  CHECK(y == std::vector<float>{11, 22, 33, 44});
  CHECK(twice == std::vector<float>{22, 44, 66, 88});
  CHECK(copy == a);
  CHECK_THROWS_WITH(engine({a, std::span(b).first(3)}, {twice, y, copy}),
                    "Engine: expected an input of batch * 2 and an input of batch * 2 and an output of batch * 2 and an "
                    "output of batch * 2 and an output of batch * 2 elements, received 4 and 3 and 4 and 4 and 4; pass "
                    "whole samples and room for each result");
}

TEST_CASE("Inputs may be one buffer, outputs may not", "[several]") {
  const Model<Sum> model;
  const Engine<Sum> engine{model};
  std::vector<float> a{1, 2, 3, 4}, twice(4), y(4), copy(4), row(8, 99.0f);
  engine({a, a}, {twice, y, copy});
  CHECK(y == std::vector<float>{2, 4, 6, 8});
  const std::span left = std::span(row).first(4), right = std::span(row).last(4), middle = std::span(row).subspan(3, 4);
  engine({a, a}, {left, right, copy});
  CHECK(row == std::vector<float>{4, 8, 12, 16, 2, 4, 6, 8});
  CHECK_THROWS_AS(engine({a, a}, {left, middle, copy}), InvalidArgument);
  CHECK_THROWS_AS(engine({a, a}, {copy, left, middle}), InvalidArgument);
  CHECK_THROWS_AS(engine({a, a}, {copy, y, copy}), InvalidArgument);
  CHECK_THROWS_AS(engine({a, y}, {twice, y, copy}), InvalidArgument);
  CHECK(row == std::vector<float>{4, 8, 12, 16, 2, 4, 6, 8});
}

TEST_CASE("Gradients of several outputs are summed", "[several]") {
  Model<Player, double> model{Seed{4}};
  Objective one{test::Turns{1}}, three;
  const auto gradients = one.gradient(model);
  test::check_gradients(model.trainable(), [&] { return one.value(model); }, gradients, three.gradient(model));
}

TEST_CASE("The engine returns several outputs as the layers do, in threads, too", "[several]") {
  const Model<Player> model{Seed{1}};
  const auto inputs = noises<Player, float>(5);
  std::array<std::vector<float>, 4> outputs;
  for (std::size_t k = 0; k < 4; ++k) outputs[k].resize(batch * Player::output_shapes[k].size());
  auto shared = outputs;
  Engine<Player>{model}({inputs[0], inputs[1]}, {outputs[0], outputs[1], outputs[2], outputs[3]});
  ParallelEngine<Player, test::Turns>{model}({inputs[0], inputs[1]}, {shared[0], shared[1], shared[2], shared[3]});
  CHECK(shared == outputs);
  Executor<Player, simd::Vector<float>> executor;
  executor.forward(model.parameters().data(), {inputs[0].data(), inputs[1].data()}, batch);
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t i = 0; i < outputs[k].size(); ++i) {
      CAPTURE(k, i);
      REQUIRE(outputs[k][i] == Approx(executor.value(executor.output(k))[i]).margin(1e-5));
    }
}

namespace {

struct TwoHeads : Graph<Node<"image", Input<6, 5, 3>>, Node<"state", Input<4>>,
                        Node<"seen", Sequential<Conv2D<4, 3, Same>, BatchNorm, ReLU, Flatten>, "image">,
                        Node<"both", Concatenate<>, "seen", "state">,
                        Node<"policy", Dense<3, activation<Softmax>>, "both">, Node<"value", Dense<1>, "both">,
                        Outputs<"policy", "value">> {};
// The same heads alone.
struct PolicyHead : Graph<Node<"image", Input<6, 5, 3>>, Node<"state", Input<4>>,
                          Node<"seen", Sequential<Conv2D<4, 3, Same>, BatchNorm, ReLU, Flatten>, "image">,
                          Node<"both", Concatenate<>, "seen", "state">,
                          Node<"policy", Dense<3, activation<Softmax>>, "both">, Outputs<"policy">> {};

}  // namespace

TEST_CASE("Losses are summed by their weights", "[several]") {
  const auto inputs = noises<TwoHeads, float>(5);
  const std::vector<int> labels{0, 1, 2, 1, 0};
  const std::vector<float> values{0.5f, -1, 2, 0, 1};
  // With weight 0 for the second head, everything but that head trains as if there were no second head.
  Model<TwoHeads> both{Seed{3}};
  Model<PolicyHead> alone{Seed{3}};
  std::ranges::copy(both.get<"policy/kernel">().elements, alone.get<"policy/kernel">().elements.begin());
  Trainer trainer{both, Losses{{1, 0}, SparseCategoricalCrossentropy{}, MeanSquaredError{}}, SGD{.learning_rate = 0.1f}};
  Trainer single{alone, SparseCategoricalCrossentropy{}, SGD{.learning_rate = 0.1f}};
  for (int step = 0; step < 3; ++step) {
    const float expected = single.step({inputs[0], inputs[1]}, labels);
    CHECK(trainer.step({inputs[0], inputs[1]}, {labels, values}) == Approx(expected));
  }
  CHECK(both.get<"policy/kernel">()(7, 1) == Approx(alone.get<"policy/kernel">()(7, 1)));
  CHECK(both.get<"seen_conv2d/kernel">()(1, 1, 1, 1) == Approx(alone.get<"seen_conv2d/kernel">()(1, 1, 1, 1)));
}

TEST_CASE("Two heads learn", "[several]") {
  const auto inputs = noises<TwoHeads, float>(5);
  const std::vector<int> labels{0, 1, 2, 1, 0};
  const std::vector<float> values{0.5f, -1, 2, 0, 1};
  Model<TwoHeads> model{Seed{3}};
  Trainer trainer{model, Losses{{1, 0.5}, SparseCategoricalCrossentropy{}, MeanSquaredError{}}, Adam{}};
  const float first = trainer.step({inputs[0], inputs[1]}, {labels, values});
  float last = first;
  for (int step = 0; step < 200; ++step) last = trainer.step({inputs[0], inputs[1]}, {labels, values});
  CHECK(last < 0.1f * first);
  CHECK_THROWS_WITH(trainer.step({inputs[0], inputs[1]}, {values, values}),
                    ContainsSubstring("targets 1: expected labels (int), received values"));
  CHECK_THROWS_WITH(trainer.step({inputs[0], inputs[0]}, {labels, values}),
                    ContainsSubstring("inputs 2: expected a batch of 4 samples"));
}

TEST_CASE("A graph with several inputs says what is connected to what", "[several]") {
  const std::string text = summary<Player>();
  CHECK_THAT(text, ContainsSubstring("image (InputLayer)"));
  CHECK_THAT(text, ContainsSubstring("[(None, 4)]"));
  CHECK_THAT(explain<Player>(), ContainsSubstring("caller's output 2"));
}
