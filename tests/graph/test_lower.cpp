// Lowering: names, shapes, counts and offsets of a network as values.

#include <cstddef>
#include <string_view>
#include <vector>

#include <strata/graph/named.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/layers/activations.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/global_average_pooling2d.hpp>
#include <strata/layers/max_pooling2d.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/softmax.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {

struct Lesson : Sequential<Input<32, 32, 3>,                       //
                           Conv2D<32, 3, Same>, BatchNorm, Sigmoid,  //
                           Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};

static_assert(Lesson::input_shape == Shape{32, 32, 3});
static_assert(Lesson::output_shape == Shape{32, 32, 32});
static_assert(Lesson::param_count == 10'400);
static_assert(Lesson::trainable_param_count == 10'272);
static_assert(Lesson::non_trainable_param_count == 128);
static_assert(Lesson::layer_count == 6);
static_assert(Lesson::mac_count == 10'321'920);

// A `using` is the same network; a block is the layers in it, however deep; an empty one is nothing.
using Block = Sequential<Conv2D<32, 3, Same>, BatchNorm, Sigmoid>;
using Alias = Sequential<Input<32, 32, 3>, Block, Block>;
struct NamedBlock : Sequential<Sequential<>, Sequential<Sequential<Conv2D<32, 3, Same>>, BatchNorm>, Sigmoid> {};
struct Nested : Sequential<Input<32, 32, 3>, Sequential<NamedBlock, NamedBlock>> {};

template <class A, class B>
constexpr bool same_network() {
  const auto& a = A::network();
  const auto& b = B::network();
  if (a.node_count != b.node_count || a.mac_count != b.mac_count || a.layer_count != b.layer_count) return false;
  if (a.trainable_count != b.trainable_count || a.state_count != b.state_count) return false;
  for (std::size_t n = 0; n < a.node_count; ++n)
    if (a.nodes[n].rules != b.nodes[n].rules || a.nodes[n].layer != b.nodes[n].layer ||
        a.nodes[n].offsets() != b.nodes[n].offsets() ||
        Text(a.nodes[n].name) != std::string_view(Text(b.nodes[n].name)) ||
        a.tensors[n].shape != b.tensors[n].shape)
      return false;
  return true;
}
static_assert(same_network<Lesson, Alias>());
static_assert(same_network<Lesson, Nested>());
static_assert(!same_network<Lesson, Sequential<Input<32, 32, 3>, Block>>());

// activation<…>: a node of its own that counts to its layer.
struct Classifier : Sequential<Input<28, 28, 1>,                   //
                               Conv2D<8, 3, activation<ReLU>>, ReLU, MaxPooling2D<>,
                               Conv2D<16, 3, activation<LeakyReLU<0.1>>, NoBias>, ReLU, GlobalAveragePooling2D,
                               Dense<10, activation<Softmax>>> {};
static_assert(Classifier::layer_count == 7);
static_assert(Classifier::network().node_count == 11);
static_assert(Classifier::param_count == (9 + 1) * 8 + 9 * 8 * 16 + 17 * 10);
static_assert(Classifier::mac_count == 26 * 26 * 8 * 9 + 11 * 11 * 16 * 9 * 8 + 16 * 10);
static_assert(Classifier::output_shape == Shape{10});

// Whatever the options and their order, the layer inside is the plain one: both share their code.
static_assert(&layer_rules<Conv2D<16, 3, NoBias>> == Classifier::network().nodes[5].rules);

struct Vector : Sequential<Input<784>, Dense<100>, Sigmoid, Dense<10>> {};
static_assert(Vector::input_shape == Shape{784});
static_assert(Vector::param_count == 785 * 100 + 101 * 10);
static_assert(Vector::mac_count == 784 * 100 + 100 * 10);

// Names of one's own, put together in a template; what has none is numbered as if it stood alone.
template <FixedString Block>
using NamedResidual = Residual<Named<Block + "_conv", Conv2D<4, 3, Same>>, Named<Block + "_bn", BatchNorm>, ReLU>;
struct WithNames : Sequential<Input<8, 8, 4>, Conv2D<4, 1>, Named<"stem", Conv2D<4, 3, activation<ReLU>>>, ReLU,
                              NamedResidual<"a">, Conv2D<4, 1>, NamedResidual<"b">,
                              Named<"two", Sequential<Conv2D<4, 1>, Conv2D<4, 1>>>, Conv2D<4, 1>> {};

template <class Net>
std::vector<std::string_view> names() {
  static std::vector<Text> texts;
  texts.clear();
  for (std::size_t n = 0; n < Net::network().node_count; ++n) texts.push_back(Net::network().nodes[n].name);
  return {texts.begin(), texts.end()};
}

/// Every element of the arena belongs to one parameter, in order, the trainable ones first.
template <class Net>
void check_offsets() {
  const auto& network = Net::network();
  std::size_t next = 0;
  for (const bool trainable : {true, false}) {
    for (std::size_t n = 0; n < network.node_count; ++n) {
      std::size_t p = 0;
      for (const Parameter& parameter : network.nodes[n].parameters()) {
        const std::size_t offset = network.nodes[n].offsets()[p++];
        if (parameter.trainable != trainable) continue;
        CHECK(offset == next);
        next += parameter.shape.size();
      }
    }
    CHECK(next == (trainable ? Net::trainable_param_count : Net::param_count));
  }
}

}  // namespace

TEST_CASE("names are Keras'") {
  CHECK(names<Lesson>() == std::vector<std::string_view>{"input_layer", "conv2d", "batch_normalization", "activation",
                                                         "conv2d_1", "batch_normalization_1", "activation_1"});
  CHECK(names<Classifier>() ==
        std::vector<std::string_view>{"input_layer", "conv2d", "conv2d", "re_lu", "max_pooling2d", "conv2d_1",
                                      "conv2d_1", "re_lu_1", "global_average_pooling2d", "dense", "dense"});
  CHECK(names<WithNames>() ==
        std::vector<std::string_view>{"input_layer", "conv2d", "stem", "stem", "re_lu", "a_conv", "a_bn", "re_lu_1",
                                      "add", "conv2d_1", "b_conv", "b_bn", "re_lu_2", "add_1", "two_conv2d",
                                      "two_conv2d_1", "conv2d_2"});
  CHECK(snake_case("LeakyReLU") == "leaky_re_lu");
  CHECK(snake_case("PReLU") == "p_re_lu");
  CHECK(snake_case("ELU") == "elu");
  CHECK(snake_case("DepthwiseConv2D") == "depthwise_conv2d");
  CHECK(snake_case("Conv2DTranspose") == "conv2d_transpose");
  CHECK(snake_case("ZeroPadding2D") == "zero_padding2d");
  CHECK(snake_case("UpSampling2D") == "up_sampling2d");
}

TEST_CASE("parameters fill the arena, the trainable ones first") {
  check_offsets<Lesson>();
  check_offsets<Classifier>();
  check_offsets<Vector>();
  check_offsets<WithNames>();
}

TEST_CASE("a chain reads what it wrote last") {
  const auto& network = Classifier::network();
  for (std::size_t n = 0; n < network.node_count; ++n) {
    CHECK(network.nodes[n].output == static_cast<int>(n));
    CHECK(network.tensors[n].producer == static_cast<int>(n));
    CHECK(network.tensors[n].consumers == (n + 1 < network.node_count ? 1 : 0));
    CHECK(network.nodes[n].operand_count == (n > 0 ? 1 : 0));
    if (n > 0) CHECK(network.input_of(n) == static_cast<int>(n) - 1);
  }
  CHECK(network.input_shape_of(0) == Shape{});
  CHECK(network.input_shape_of(9) == Shape{16});
}

TEST_CASE("hidden nodes are those of activation<…>") {
  const auto& network = Classifier::network();
  std::vector<int> layers;
  for (std::size_t n = 0; n < network.node_count; ++n) layers.push_back(network.nodes[n].layer);
  CHECK(layers == std::vector<int>{0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7});
  CHECK(!network.nodes[2].rules->visible);
  CHECK(network.nodes[2].rules->type() == "ReLU");
  CHECK(network.nodes[3].rules->visible);
}

TEST_CASE("a fault is a sentence") {
  using Faulty = detail::Chain<Input<4, 4, 3>, Conv2D<8, 3>, Conv2D<16, 5, Strides{2}>>;
  constexpr auto lowered = detail::lower<Faulty>();
  CHECK(lowered.fault.layer == 2);
  CHECK(lowered.node_count == 2);
#ifdef __clang__  // does not spell the types of options
  const std::string_view option = "{2}";
#else
  const std::string_view option = "Strides{2}";
#endif
  CHECK(detail::sentence(lowered.fault) ==
        std::string_view(Text("layer 2 (conv2d_1, Conv2D<16, 5, ")
                         << option << ">): the kernel is larger than the input: expected an input of at least 5x5, "
                         << "received 2x2x8; use Same padding or a smaller kernel"));
  CHECK(detail::sentence(Lesson::network().fault).empty());
}
