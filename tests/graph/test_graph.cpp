// Named nodes: order, names, and what flows between them.
#include <string>
#include <string_view>
#include <vector>

#include <strata/types.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::output;

namespace {

struct Doubled : Rescaling<2> {};

// y = (x + 2 x) + 2 (x + 2 x)
struct Sums : Graph<Node<"y", Add<>, "s", "t">,  //
                    Node<"t", Doubled, "s">,     //
                    Node<"s", Add<>, "x", "d">,  //
                    Node<"d", Doubled, "x">,     //
                    Node<"x", Input<3>>,         //
                    Outputs<"y">> {};

struct Chain : Graph<Node<"x", Input<2>>, Outputs<"x">> {};

struct Twice : Graph<Node<"x", Input<2>>, Node<"y", Multiply<>, "x", "x">, Outputs<"y">> {};

// Not series-parallel: b reads a and x, c reads a and b.
struct Crossed : Graph<Node<"x", Input<6, 5, 3>>,                                       //
                       Node<"c", Concatenate<>, "b", "a">,                              //
                       Node<"a", Conv2D<4, 3, Same, activation<Tanh>>, "x">,            //
                       Node<"ax", Concatenate<>, "a", "x">,                             //
                       Node<"b", Sequential<Conv2D<5, 3, Same>, BatchNorm, Sigmoid>, "ax">,  //
                       Node<"block", Residual<Conv2D<9, 1>, Tanh, Conv2D<9, 3, Same>>, "c">,  //
                       Node<"y", Sequential<Flatten, Dense<3>>, "block">,               //
                       Outputs<"y">> {};

// The same as blocks, but for b's second reading of a.
struct Blocks : Sequential<Input<6, 5, 3>, Concatenate<Conv2D<4, 3, Same>, Sequential<>>, Conv2D<5, 3, Same>> {};
struct ByName : Graph<Node<"conv2d_1", Conv2D<5, 3, Same>, "concatenate">,
                     Node<"concatenate", Concatenate<>, "conv2d", "input_layer">,
                     Node<"conv2d", Conv2D<4, 3, Same>, "input_layer">, Node<"input_layer", Input<6, 5, 3>>,
                     Outputs<"conv2d_1">> {};

/// A ladder of 400 rungs, from the last to the first: deep, and every name has to be found.
template <std::size_t I>
constexpr auto rung_name() {
  Text text("n");
  text << I / 100 % 10 << I / 10 % 10 << I % 10;
  return FixedString<4>{std::string_view(text)};
}
template <class>
struct ladder;
template <std::size_t... I>
struct ladder<std::index_sequence<I...>> {
  static constexpr std::size_t last = sizeof...(I);
  using type = Graph<Node<rung_name<last - I>(), ReLU, rung_name<last - I - 1>()>..., Node<"n000", Input<4>>,
                     Outputs<rung_name<last>()>>;
};
struct Ladder : ladder<std::make_index_sequence<400>>::type {};

}  // namespace

TEST_CASE("A graph's nodes run after those they read, whatever their order", "[graph]") {
  CHECK(output<Sums>({1, 2, -3}) == std::vector<float>{9, 18, -27});
  CHECK(output<Twice>({3, -2}) == std::vector<float>{9, 4});
  static_assert(Sums::layer_count == 4 && Chain::layer_count == 0 && Ladder::layer_count == 400);
}

TEST_CASE("A graph's nodes give their names to layers", "[graph]") {
  std::vector<std::string> names;
  Model<Crossed> model;
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float>) {
    names.push_back(std::string(std::string_view(Text(node.name))) + "/" + std::string(parameter.name));
  });
  CHECK(names == std::vector<std::string>{"a/kernel", "a/bias", "b_conv2d/kernel", "b_conv2d/bias",
                                          "b_batch_normalization/gamma", "b_batch_normalization/beta",
                                          "b_batch_normalization/moving_mean", "b_batch_normalization/moving_variance",
                                          "block_conv2d/kernel", "block_conv2d/bias", "block_conv2d_1/kernel",
                                          "block_conv2d_1/bias", "y_dense/kernel", "y_dense/bias"});
  CHECK(model.get<"block_conv2d_1/bias">().shape == Shape{9});
}

TEST_CASE("A graph is the network of blocks with the same layers", "[graph]") {
  static_assert(ByName::param_count == Blocks::param_count && ByName::output_shape == Blocks::output_shape);
  const Model<ByName> named{Seed{3}};
  const Model<Blocks> blocks{Seed{3}};
  CHECK(std::equal(named.parameters().begin(), named.parameters().end(), blocks.parameters().begin()));
  const auto input = test::noise<float>(ByName::input_shape.size(), 1);
  std::vector<float> from_named(ByName::output_shape.size()), from_blocks(from_named.size());
  Engine<ByName>{named}(input, from_named);
  Engine<Blocks>{blocks}(input, from_blocks);
  CHECK(from_named == from_blocks);
}

TEST_CASE("A graph trains and deploys", "[graph]") {
  test::check_gradients<Crossed>();
  test::check_engine<Crossed>(Model<Crossed>{Seed{1}}, 1e-5);
}
