// From a model of ONNX as plain values to a typed header: layouts, idioms, refusals. tests/import_model compares a
// network with ONNX Runtime, tests/oracle/onnx those of torchvision and timm.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/random.hpp>
#include <strata/import/export_onnx.hpp>
#include <strata/import/onnx_file.hpp>
#include <strata/import/onnx_reader.hpp>
#include <strata/import/typed_header.hpp>

#include "harness/catch.hpp"
#include "harness/damaged.hpp"
#include "harness/files.hpp"
#include "harness/keras_networks.hpp"
#include "harness/same_network.hpp"

using namespace strata;
using namespace strata::importing;

namespace {

OnnxNode node(std::string op, std::vector<std::string> inputs, std::string output,
              std::vector<OnnxAttribute> attributes = {}) {
  OnnxNode made;
  made.name = output;
  made.op_type = std::move(op), made.inputs = std::move(inputs), made.outputs = {std::move(output)};
  made.attributes = std::move(attributes);
  return made;
}
OnnxAttribute integers(std::string name, std::vector<std::int64_t> values) {
  OnnxAttribute made;
  made.name = std::move(name), made.type = OnnxAttributeType::integers, made.integers = std::move(values);
  return made;
}
OnnxAttribute integer(std::string name, std::int64_t value) {
  OnnxAttribute made;
  made.name = std::move(name), made.type = OnnxAttributeType::integer, made.integer = value;
  return made;
}
OnnxTensor numbers(std::string name, std::vector<float> values, OnnxDims dims = {}) {
  OnnxTensor made;
  made.name = std::move(name), made.floats = std::move(values), made.dims = std::move(dims);
  return made;
}

OnnxTensor extents(std::string name, std::vector<std::int64_t> values) {
  OnnxTensor made;
  made.name = std::move(name), made.type = OnnxType::int64;
  made.dims = {static_cast<std::int64_t>(values.size())}, made.ints = std::move(values);
  return made;
}

/// Reads `x` of these dims, gives the last node's output.
OnnxModel model_of(std::vector<std::int64_t> dims, std::vector<OnnxNode> nodes, std::vector<OnnxTensor> constants) {
  OnnxModel model;
  model.path = "net.onnx";
  model.opsets[""] = 17;
  OnnxValue x{"x", OnnxType::float32, true, {}};
  for (const std::int64_t extent : dims) x.shape.push_back({extent});
  model.graph.inputs = {x};
  model.graph.outputs = {OnnxValue{nodes.back().outputs[0], OnnxType::undefined, false, {}}};
  model.graph.nodes = std::move(nodes);
  model.graph.initializers = std::move(constants);
  return model;
}

/// The last layers of the type, from behind its input on.
std::string layers_of(const OnnxModel& model, const ReadOptions& options = {}) {
  const std::string text = typed_header(read_onnx_network(model, options).network).text;
  const std::size_t begin = text.find(">,\n", text.find("Input<")) + 3, end = text.find("> {};");
  std::string layers = text.substr(begin, end - begin);
  return layers.substr(layers.find_first_not_of(' '));
}
std::string refusal(const OnnxModel& model, const ReadOptions& options = {}) {
  try {
    read_onnx_network(model, options);
  } catch (const ImportError& error) {
    return error.what();
  }
  return "imported";
}

const OnnxNode pool = node("MaxPool", {"x"}, "p", {integers("kernel_shape", {2, 2}), integers("strides", {2, 2})});

/// As lines_of has a type.
test::NetworkLines lines_of(const Network& network) {
  test::NetworkLines made;
  const std::function<std::size_t(std::size_t)> visit = [&](std::size_t n) -> std::size_t {
    const auto found = std::find(made.nodes.begin(), made.nodes.end(), n);
    if (found != made.nodes.end()) return static_cast<std::size_t>(found - made.nodes.begin());
    std::string line = network.nodes[n].spelling;
    for (const std::size_t input : network.nodes[n].inputs) line += ' ' + std::to_string(visit(input));
    made.lines.push_back(line);
    made.nodes.push_back(n);
    return made.nodes.size() - 1;
  };
  for (const std::size_t n : network.outputs) made.lines.push_back("output " + std::to_string(visit(n)));
  return made;
}

/// What is other in a network that was exported and read again.
template <class Net>
std::string changed() {
  const Model<Net> model{Seed{1}};
  const Network back = read_onnx_network(onnx_model(model)).network;
  const test::NetworkLines before = test::lines_of<Net>(), after = lines_of(back);
  if (const std::string other = test::difference(before, after); !other.empty()) return other;
  for (std::size_t i = 0; i < after.nodes.size(); ++i) {
    const NodeInfo& info = Net::network().nodes[before.nodes[i]];
    const std::vector<Tensor>& weights = back.nodes[after.nodes[i]].weights;
    if (weights.size() != info.parameters().count) return before.lines[i] + ": another number of weights";
    for (std::size_t p = 0; p < weights.size(); ++p)
      if (!std::ranges::equal(weights[p].values,
                              model.parameters().subspan(info.offsets()[p], weights[p].values.size())))
        return before.lines[i] + ": other weights";
  }
  return {};
}

struct Various : Sequential<Input<9, 8, 3>, Rescaling<1 / 255.0, 0.1>, Normalization,
                            Conv2D<4, 3, Same, Strides{2}, L2{1e-4}>, BatchNormWith<NoScale, Momentum{0.9}>, SiLU,
                            Conv2D<6, 1, Same, NoBias>, DepthwiseConv2D<3, Pad{0, 1}>, Cropping2D<ZeroPad{1, 0, 0, 1}>,
                            Flatten, Dropout<0.25>, Dense<4, L2{0.3}>, Softmax> {};
struct OnePixel : Sequential<Input<6, 5, 4>,
                             Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Reshape<1, 1, 4>, Conv2D<2, 1>,
                                                               SiLU, Conv2D<4, 1>, Sigmoid>>,
                             Multiply<Sequential<>, Sequential<GlobalMaxPooling2DWith<KeepDims>, Conv2D<2, 1>, SiLU,
                                                               Conv2D<4, 1>, Sigmoid>>,
                             Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Dense<4>, Sigmoid>>,
                             AveragePooling2D<Kernel{6, 5}>, Conv2D<8, 1>, Reshape<8>, Dense<3>> {};

}  // namespace

TEST_CASE("activations in pieces are known by what they compute") {
  const OnnxModel gelu =
      model_of({1, 3, 4, 4},
               {pool, node("Div", {"p", "root"}, "a"), node("Erf", {"a"}, "b"), node("Add", {"b", "one"}, "c"),
                node("Mul", {"p", "c"}, "d"), node("Mul", {"d", "half"}, "y")},
               {numbers("root", {1.41421356f}), numbers("one", {1}), numbers("half", {0.5f})});
  CHECK(layers_of(gelu) == "MaxPooling2D<>, GELU");
  const OnnxModel swish = model_of({1, 3, 4, 4},
                                   {pool, node("Add", {"p", "three"}, "a"), node("Clip", {"a", "zero", "six"}, "b"),
                                    node("Mul", {"p", "b"}, "c"), node("Div", {"c", "six"}, "y")},
                                   {numbers("three", {3}), numbers("zero", {0}), numbers("six", {6})});
  CHECK(layers_of(swish) == "MaxPooling2D<>, HardSwish");
  const OnnxModel scale = model_of({1, 3, 4, 4}, {pool, node("Sub", {"p", "a"}, "b"), node("Mul", {"b", "c"}, "y")},
                                   {numbers("a", {0.5f}), numbers("c", {0.25f})});
  CHECK(layers_of(scale) == "MaxPooling2D<>, Rescaling<0.25, -0.125>");
}

TEST_CASE("a file that turns channels last to first gives the same layers") {
  const OnnxModel model =
      model_of({1, 4, 4, 3},
               {node("Transpose", {"x"}, "t", {integers("perm", {0, 3, 1, 2})}),
                node("MaxPool", {"t"}, "p", {integers("kernel_shape", {2, 2}), integers("strides", {2, 2})}),
                node("Transpose", {"p"}, "y", {integers("perm", {0, 2, 3, 1})})},
               {});
  const Network network = read_onnx_network(model).network;
  CHECK(network.nodes[network.inputs[0]].spelling == "Input<4, 4, 3>");
  CHECK(layers_of(model) == "MaxPooling2D<>");
}

TEST_CASE("Flatten in the file's order is an order of Dense's rows") {
  // (1, 2, 1, 2): channel and column; rows of the file (c, w), of Strata (w, c).
  const OnnxModel model = model_of({1, 2, 2, 4}, {pool, node("Flatten", {"p"}, "f"), node("MatMul", {"f", "w"}, "y")},
                                   {numbers("w", {1, 2, 3, 4}, {4, 1})});
  const Network network = read_onnx_network(model).network;
  CHECK(layers_of(model) == R"(MaxPooling2D<>, Flatten, Dense<1, NoBias>)");
  CHECK(network.nodes.back().weights[0].values == std::vector<float>{1, 3, 2, 4});
}

TEST_CASE("what moves channels is a layer that does just that; scale and shift are one") {
  const OnnxModel shuffle = model_of(
      {1, 6, 4, 4},
      {pool, node("Reshape", {"p", "split"}, "a"), node("Transpose", {"a"}, "b", {integers("perm", {0, 2, 1, 3, 4})}),
       node("Reshape", {"b", "joined"}, "c"), node("Slice", {"c", "two", "four", "axis"}, "d"),
       node("Mul", {"d", "scale"}, "e"), node("Add", {"e", "shift"}, "y")},
      {extents("split", {1, 2, 3, 2, 2}), extents("joined", {1, 6, 2, 2}), extents("two", {2}), extents("four", {4}),
       extents("axis", {1}), numbers("scale", {2, 3}, {2, 1, 1}), numbers("shift", {4, 5}, {1, 2, 1, 1})});
  CHECK(layers_of(shuffle) == "MaxPooling2D<>, ChannelShuffle<2>, Slice<-1, 2, 4>, Affine");
  const Network network = read_onnx_network(shuffle).network;
  CHECK(network.nodes.back().weights[0].values == std::vector<float>{2, 3});
  CHECK(network.nodes.back().weights[1].values == std::vector<float>{4, 5});
}

TEST_CASE("channels in groups that are multiplied each by its own number are taken apart") {
  const OnnxModel groups = model_of(
      {1, 8, 4, 4},
      {pool, node("GlobalMaxPool", {"p"}, "a"), node("Reshape", {"p", "split"}, "g"),
       node("Reshape", {"a", "single"}, "b"), node("ReduceSum", {"b", "last"}, "c"), node("Mul", {"g", "c"}, "m"),
       node("ReduceSum", {"m", "first"}, "y")},
      {extents("split", {1, 2, 4, 2, 2}), extents("single", {1, 2, 4, 1, 1}), extents("last", {2}),
       extents("first", {1})});
  // 1x1x2x1, the sum of a group, times 2x2x2x4: rows, columns, groups, channels.
  CHECK(test::missing(layers_of(groups), {"Multiply<", "Reshape<2, 2, 2, 4>", "ReduceSum<"}) == "");
}

TEST_CASE("blocks that become channels tell nothing about the layout; what stands twice in the file stays so") {
  const OnnxModel blocks = model_of(
      {1, 3, 4, 6},
      {node("Reshape", {"x", "split"}, "a"), node("Transpose", {"a"}, "b", {integers("perm", {0, 3, 5, 1, 2, 4})}),
       node("Reshape", {"b", "joined"}, "c"), node("Relu", {"c"}, "d"), node("Relu", {"c"}, "e"),
       node("Concat", {"d", "e"}, "f", {integer("axis", 1)}), node("GlobalAveragePool", {"f"}, "y")},
      {extents("split", {1, 3, 2, 2, 3, 2}), extents("joined", {1, 12, 2, 3})});
  CHECK(test::missing(layers_of(blocks), {"Concatenate<Sequential<ReLU, SpaceToDepth<2>>,",
                                          "Sequential<ReLU, SpaceToDepth<2>>>,", "GlobalAveragePooling2D"}) == "");
}

TEST_CASE("operators that count channels behind the batch say that images of the file have channels first") {
  const OnnxNode lrn = node("LRN", {"x"}, "y", {integer("size", 3)});
  const OnnxNode space = node("DepthToSpace", {"x"}, "y", {integer("blocksize", 2)});
  for (const OnnxNode& first : {lrn, space}) {
    INFO(first.op_type);
    const Network network = read_onnx_network(model_of({1, 8, 5, 6}, {first}, {})).network;
    CHECK(network.nodes[network.inputs[0]].spelling == "Input<5, 6, 8>");
  }
  CHECK(layers_of(model_of({1, 8, 5, 6}, {lrn}, {})) == "LocalResponseNormalization<3>");
}

TEST_CASE("poolings over a whole image and convolutions of one pixel stay what they are") {
  const auto over = [](const char* op) {
    return node(op, {"x"}, "p", {integers("kernel_shape", {4, 4}), integers("strides", {4, 4})});
  };
  const OnnxNode flat = node("Flatten", {"p"}, "y");
  CHECK(layers_of(model_of({1, 3, 4, 4}, {over("AveragePool"), flat}, {})) == "AveragePooling2D<4>, Flatten");
  CHECK(layers_of(model_of({1, 3, 4, 4}, {over("MaxPool"), flat}, {})) == "MaxPooling2D<4>, Flatten");
  // Squeeze and excitation, as PyTorch writes it.
  const OnnxNode mean = node("GlobalAveragePool", {"x"}, "p");
  const std::vector<OnnxTensor> weights{numbers("v", std::vector<float>(6), {2, 3, 1, 1}),
                                        numbers("w", std::vector<float>(6), {3, 2, 1, 1})};
  CHECK(layers_of(model_of({1, 3, 4, 4},
                           {mean, node("Conv", {"p", "v"}, "a"), node("Relu", {"a"}, "b"),
                            node("Conv", {"b", "w"}, "c"), node("Sigmoid", {"c"}, "d"), node("Mul", {"x", "d"}, "y")},
                           weights))
            .find("GlobalAveragePooling2DWith<KeepDims>, Conv2D<2, 1, NoBias>, ReLU, Conv2D<3, 1, NoBias>, Sigmoid") !=
        std::string::npos);
  // Without the axes of positions where the file drops them.
  CHECK(layers_of(model_of({1, 3, 4, 4}, {mean, flat}, {})) == "GlobalAveragePooling2D");
  CHECK(layers_of(model_of({1, 3, 4, 4}, {mean, node("Squeeze", {"p", "both"}, "y")}, {extents("both", {2, 3})})) ==
        "GlobalAveragePooling2D");
  CHECK(layers_of(model_of({1, 3, 4, 4}, {mean}, {})) == "GlobalAveragePooling2DWith<KeepDims>");
  CHECK(layers_of(model_of({1, 3, 4, 4},
                           {pool, node("Transpose", {"p"}, "t", {integers("perm", {0, 2, 3, 1})}),
                            node("Reshape", {"t", "all"}, "y")},
                           {extents("all", {1, 12})})) == "MaxPooling2D<>, Reshape<12>");
}

TEST_CASE("scale and shift of one module are one layer, of two two; numbers stand in full where the file has them") {
  OnnxModel model = model_of({1, 3, 4, 4}, {pool, node("Mul", {"p", "c"}, "a"), node("Mul", {"a", "c"}, "y")},
                             {numbers("c", {static_cast<float>(1 / 255.0)})});
  model.graph.nodes[1].name = "/first/Mul", model.graph.nodes[2].name = "/second/Mul";
  CHECK(layers_of(model) == "MaxPooling2D<>, Rescaling<0.003921569>, Rescaling<0.003921569>");
  model.graph.initializers[0].doc = "0.00392156862745098";
  CHECK(layers_of(model) == "MaxPooling2D<>, Rescaling<0.00392156862745098>, Rescaling<0.00392156862745098>");
  for (const char* other : {"0.0039", "0.00392156862745098, 1", "pixels to [0, 1]", "0.00392156862745098 of a byte"}) {
    model.graph.initializers[0].doc = other;
    CHECK(layers_of(model) == "MaxPooling2D<>, Rescaling<0.003921569>, Rescaling<0.003921569>");
  }
  model.graph.nodes[2].name = "/first/Mul_1", model.graph.initializers[0] = numbers("c", {0.5f});
  CHECK(layers_of(model) == "MaxPooling2D<>, Rescaling<0.25>");
}

TEST_CASE("a transposed convolution's pads are options; Same where Keras cuts off as much") {
  // (1, 3, 2, 2) becomes (2 - 1) * 2 + kernel + added - pads.
  const auto layer = [](std::int64_t kernel, std::int64_t before, std::int64_t after, std::int64_t added) {
    const std::vector<float> weights(static_cast<std::size_t>(3 * 2 * kernel * kernel), 0.5f);
    return layers_of(model_of({1, 3, 4, 4},
                              {pool, node("ConvTranspose", {"p", "w"}, "y",
                                          {integers("strides", {2, 2}), integers("output_padding", {added, added}),
                                           integers("pads", {before, before, after, after})})},
                              {numbers("w", weights, {3, 2, kernel, kernel})}));
  };
  CHECK(layer(4, 1, 1, 0) == "MaxPooling2D<>, Conv2DTranspose<2, 4, Same, Strides{2}, NoBias>");
  CHECK(layer(3, 1, 1, 1) == "MaxPooling2D<>, Conv2DTranspose<2, 3, Strides{2}, Pad{1}, OutputPadding{1}, NoBias>");
  CHECK(layer(4, 1, 0, 0) == "MaxPooling2D<>, Conv2DTranspose<2, 4, Strides{2}, Pad{1, 0, 1, 0}, NoBias>");
  CHECK(layer(2, 0, 0, 0) == "MaxPooling2D<>, Conv2DTranspose<2, 2, Strides{2}, NoBias>");
}

TEST_CASE("a Pad with minus infinity is the pooling's; a negative one cuts off") {
  const OnnxNode pad = node("Pad", {"p", "pads", "least"}, "q");
  OnnxNode small = pool;
  small.inputs = {"q"}, small.outputs = {"y"};
  const OnnxTensor least = numbers("least", {-std::numeric_limits<float>::infinity()});
  CHECK(layers_of(model_of({1, 3, 8, 8}, {pool, pad, small}, {extents("pads", {0, 0, 1, 1, 0, 0, 1, 1}), least})) ==
        "MaxPooling2D<>, MaxPooling2D<2, Pad{1}>");
  CHECK(layers_of(model_of({1, 3, 8, 8}, {pool, pad},
                           {extents("pads", {0, 0, -1, -1, 0, 0, 1, 1}), numbers("least", {0})})) ==
        "MaxPooling2D<>, Cropping2D<ZeroPad{1, 0, 1, 0}>, ZeroPadding2D<ZeroPad{0, 1, 0, 1}>");
  CHECK(refusal(model_of({1, 3, 8, 8}, {pool, pad}, {extents("pads", {0, 0, 1, 1, 0, 0, 1, 1}), least}))
            .find("q (Pad): expected padding with zeros, received -inf") != std::string::npos);
}

TEST_CASE("an Expand is left to what reads it, and a norm over positions is taken apart") {
  const std::vector<OnnxNode> norm{pool, node("ReduceL2", {"p"}, "n", {integers("axes", {2, 3})}),
                                   node("Expand", {"n", "all"}, "e"), node("Div", {"p", "e"}, "y")};
  const OnnxModel model = model_of({1, 3, 4, 4}, norm, {extents("all", {1, 3, 2, 2})});
  const std::string layers = layers_of(model);
  CHECK(layers.find("Square, ReduceSum<1, KeepDims>, ReduceSum<2, KeepDims>, Sqrt") != layers.npos);
  CHECK(layers.find("Divide") != layers.npos);
  OnnxModel alone = model;
  alone.graph.nodes.pop_back();
  alone.graph.outputs[0].name = "e";
  CHECK(refusal(alone).find("e (Expand): expected readers that compute with a tensor of the extents [1, 3, 2, 2]") !=
        std::string::npos);
}

TEST_CASE("everything that cannot be expressed is listed at once; what reaches no output is not") {
  const OnnxModel model = model_of(
      {1, 3, 4, 4}, {pool, node("NonZero", {"p"}, "lost"), node("LRN2", {"p"}, "a"), node("Einsum", {"a"}, "y")}, {});
  const std::string text = refusal(model);
  CHECK(text.find("a (LRN2): expected an operator that Strata has") != text.npos);
  CHECK(text.find("y (Einsum)") != text.npos);
  CHECK(text.find("NonZero") == text.npos);
  CHECK(refusal(model, {{}, {"p"}}) == "imported");
  CHECK(refusal(model, {{}, {"nobody"}}).find("--outputs: expected names of values") != std::string::npos);
  const auto groups = [&](std::initializer_list<std::int64_t> split) {
    return refusal(model_of({1, 8, 4, 4}, {pool, node("Reshape", {"p", "split"}, "g"),
                                           node("ReduceSum", {"g", "first"}, "y")},
                            {extents("split", split), extents("first", {1})}));
  };
  CHECK(groups({1, 2, 2, 2, 2, 2}) == "imported");
  CHECK(groups({1, 2, 2, 2, 1, 2, 2}).find("y (ReduceSum): expected a tensor of at most five axes behind the batch, "
                                           "received [2, 2, 1, 2, 2, 2]; end the network before it with --outputs") !=
        std::string::npos);
  const OnnxNode strided = node("Conv", {"x", "k"}, "y", {integers("strides", {2, 2}), integers("dilations", {2, 2})});
  CHECK(refusal(model_of({1, 1, 8, 8}, {strided}, {numbers("k", std::vector<float>(9), {1, 1, 3, 3})}))
            .find("y (Conv): expected strides or dilations of 1, received strides [2, 2], dilations [2, 2]") !=
        std::string::npos);
  const OnnxModel open = model_of({-1, 3, -1, -1}, {pool}, {});
  CHECK(refusal(open).find("--input 1x3x224x224") != std::string::npos);
  CHECK(refusal(open, {{{3, 4, 4}}, {}}) == "imported");
}

TEST_CASE("what was exported comes back as the same layers, options and weights") {
  CHECK(changed<test::ResidualNet>() == "");
  CHECK(changed<test::TwoInputs>() == "");
  CHECK(changed<Various>() == "");
  CHECK(changed<OnePixel>() == "");
}

// STRATA_DAMAGED_FILES=5000: so many instead of a few; `scripts/test asan` has the sanitizers for it.
TEST_CASE("a damaged file gives an Error that names it, or a type, soon and in little memory", "[fuzz]") {
  const char* const wanted = std::getenv("STRATA_DAMAGED_FILES");
  const std::uint64_t count = wanted != nullptr ? std::stoul(wanted) : 20;
  const test::Directory directory;
  std::size_t refused = 0, imported = 0;
  for (std::uint64_t round = 0; round < count; ++round) {
    const char* const name = round % 2 == 0 ? "import_model/small_legacy.onnx" : "import_model/small_dynamo.onnx";
    INFO("round " << round);
    test::write_text(directory / "net.onnx",
                     test::damaged(test::read_text(test::tests_directory() / name), Random(Seed{15}).split(round)));
    const test::Taken before;
    try {
      const OnnxModel model = read_onnx_model(directory / "net.onnx");
      typed_header(read_onnx_network(model, {{{3, 13, 13}}, {}}).network);
      ++imported;
    } catch (const Error& error) {
      ++refused;
      if (std::string_view(error.what()).find("net.onnx") == std::string_view::npos)
        FAIL("an error without the file's name: " << error.what());
    }
    REQUIRE(test::excess(before) == "");
  }
  if (wanted != nullptr) WARN(count << " damaged files: " << refused << " refused, " << imported << " imported");
  CHECK(refused > 0);
  CHECK(imported > 0);
}
