// Split, and other layers with several outputs: what they make, that they train, and that they are deployed.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <boost/mp11/list.hpp>

#include <strata/strata.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"

using namespace strata;
using boost::mp11::mp_list;
using strata::detail::SplitPart;

namespace {

/// Two towers, the second of which has all that a layer can have: weights, state, a block, an activation.
struct Towers {
  using branches = mp_list<mp_list<Dense<3, activation<Tanh>>>,
                           mp_list<Dense<5>, BatchNorm, Residual<ReLU, Dense<5>>, Dense<2>>>;
};
struct Heads : Graph<Node<"x", Input<6>>, Node<"t", Towers, "x">, Outputs<"t:1", "t:0">> {};
struct Joined : Graph<Node<"y", Concatenate<>, "t:1", "t:0", "t:1">, Node<"t", Towers, "h">,
                      Node<"h", Dense<4, activation<Tanh>>, "x">, Node<"x", Input<6>>, Outputs<"y">> {};
struct OneHead : Graph<Node<"x", Input<6>>, Node<"t", Towers, "x">, Outputs<"t:0">> {};
static_assert(Heads::output_shapes == std::array{Shape{2}, Shape{3}});
static_assert(Heads::param_count == (6 * 3 + 3) + (6 * 5 + 5) + 4 * 5 + (5 * 5 + 5) + (5 * 2 + 2));
static_assert(OneHead::param_count == 6 * 3 + 3 && OneHead::network().node_count == 3);  // the rest is not there

/// Halves of channels and thirds of rows behind a convolution, all read, one twice; what reads a part is fused.
struct Halves : Graph<Node<"x", Input<6, 5, 3>>, Node<"c", Conv2D<8, 3, Same, activation<SiLU>>, "x">,
                      Node<"s", Split<2>, "c">, Node<"a", Conv2D<4, 3, Same>, "s:0">,
                      Node<"m", Multiply<>, "a", "s:1">, Node<"sum", Add<>, "m", "s:0">, Node<"r", Split<3, 1>, "sum">,
                      Node<"d", Sequential<Conv2D<4, 1>, BatchNorm, ReLU>, "r:2">,
                      Node<"y", Concatenate<>, "r:0", "d", "r:1">, Outputs<"y">> {};
static_assert(Halves::output_shape == Shape{2, 5, 12});

}  // namespace

TEST_CASE("the parts of a Split") {
  test::check_layer<SplitPart<1, 3, -1>, Shape{2, 3, 6}>({.output = {2, 3, 2}});
  test::check_layer<SplitPart<1, 2, 1>, Shape{4, 3, 5}>({.output = {2, 3, 5}});
  test::check_layer<SplitPart<0, 3, 2>, Shape{2, 6, 3}>({.output = {2, 2, 3}});
  test::check_layer<SplitPart<1, 2, 1>, Shape{6, 2}>({.output = {3, 2}});
  test::check_layer<SplitPart<2, 3, -1>, Shape{6}>({.output = {2}});
}

TEST_CASE("outputs of a Split are read by number, in any order") {
  struct Swapped : Graph<Node<"x", Input<6>>, Node<"s", Split<3>, "x">, Node<"y", Concatenate<>, "s:2", "s:0">,
                         Outputs<"y">> {};
  static_assert(Swapped::network().node_count == 4);  // s:1 is not there
  CHECK(test::output<Swapped>({1, 2, 3, 4, 5, 6}) == std::vector<float>{5, 6, 1, 2});
  struct Rows : Graph<Node<"x", Input<2, 2>>, Node<"s", Split<2, 1>, "x">, Node<"y", Subtract<>, "s:1", "s:0">,
                      Outputs<"y">> {};
  CHECK(test::output<Rows>({1, 2, 10, 20}) == std::vector<float>{9, 18});
  struct Whole : Graph<Node<"x", Input<3>>, Node<"s", Split<1>, "x">, Outputs<"s:0">> {};
  CHECK(test::output<Whole>({1, 2, 3}) == std::vector<float>{1, 2, 3});
  // A node whose own name looks like an output's is found, too.
  struct Numbered : Graph<Node<"x", Input<2>>, Node<"s:0", Rescaling<2>, "x">, Node<"y", Add<>, "s:0", "x">,
                          Outputs<"y">> {};
  CHECK(test::output<Numbered>({1, 2}) == std::vector<float>{3, 6});
}

TEST_CASE("an output's layers are called by its name") {
  std::vector<std::string> names;
  Model<Joined> model;
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float>) {
    if (parameter.trainable) names.push_back(std::string(std::string_view(Text(node.name))) + "/" +
                                             std::string(parameter.name));
  });
  CHECK(names == std::vector<std::string>{"h/kernel", "h/bias", "t:1_dense/kernel", "t:1_dense/bias",
                                          "t:1_batch_normalization/gamma", "t:1_batch_normalization/beta",
                                          "t:1_dense_1/kernel", "t:1_dense_1/bias", "t:1_dense_2/kernel",
                                          "t:1_dense_2/bias", "t:0/kernel", "t:0/bias"});
}

TEST_CASE("layers with several outputs have the gradients that finite differences find") {
  test::check_gradients<Halves>();
  test::check_gradients<Joined>();
}

TEST_CASE("layers with several outputs are deployed") {
  test::check_engine<Halves>(test::random_model<Halves>(), 1e-5);
  test::check_engine<Joined>(test::random_model<Joined>(), 1e-5);
}

TEST_CASE("outputs of a user's layer are those of its chains alone, and both learn") {
  struct Second : Sequential<Input<6>, Dense<5>, BatchNorm, Residual<ReLU, Dense<5>>, Dense<2>> {};
  Model<Heads> model = test::random_model<Heads>();
  Model<Second> second;
  Model<OneHead> first;
  const auto weights = model.parameters();  // of t:0, then those of t:1
  std::copy_n(weights.begin(), OneHead::param_count, first.parameters().begin());
  std::copy_n(weights.begin() + OneHead::param_count, Second::param_count, second.parameters().begin());
  static_assert(OneHead::param_count + Second::param_count == Heads::param_count);
  const auto input = test::noise<float>(5 * 6, 3);
  std::vector<float> y0(5 * 3), y1(5 * 2), alone0(y0.size()), alone1(y1.size());
  Engine<Heads>{model}({input}, {y1, y0});
  Engine<OneHead>{first}(input, alone0);
  Engine<Second>{second}(input, alone1);
  test::require_close(y0, alone0, 1e-5);
  test::require_close(y1, alone1, 1e-5);

  const auto targets1 = test::noise<float>(y1.size(), 4), targets0 = test::noise<float>(y0.size(), 5);
  Trainer trainer{model, Losses{MeanSquaredError{}, Huber{}}, Lion{.learning_rate = 0.003}};
  const float before = trainer.step({input}, {targets1, targets0});
  float after = before;
  for (int step = 0; step < 300; ++step) after = trainer.step({input}, {targets1, targets0});
  CHECK(after < 0.05f * before);
}
