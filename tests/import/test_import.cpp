// From a Keras configuration to a typed header. The headers are what a person would have written; tests/import_model
// compiles one, and scripts/test keras compares whole networks with Keras.
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <strata/import/check_proof.hpp>
#include <strata/import/keras_reader.hpp>
#include <strata/import/keras_semantics.hpp>
#include <strata/import/tensorflowjs.hpp>
#include <strata/import/typed_header.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"

using namespace strata;
using namespace strata::importing;

namespace {

using TensorShapes = std::map<std::string, std::vector<std::size_t>>;

/// A file with this configuration and tensors of zeros.
TensorFile file_of(const std::string& config, const TensorShapes& shapes = {}, Metadata metadata = {}) {
  metadata["model_config"] = config;
  std::vector<std::vector<float>> zeros;
  std::vector<TensorEntry> entries;
  for (const auto& [name, shape] : shapes) {
    std::size_t count = 1;
    for (const std::size_t extent : shape) count *= extent;
    zeros.emplace_back(count);
    entries.push_back({name, "F32", shape, std::as_bytes(std::span(zeros.back())), 0});
  }
  const std::string start = strata::detail::tensor_file_start(entries, metadata);
  std::vector<std::byte> bytes(start.size());
  std::memcpy(bytes.data(), start.data(), start.size());
  for (const TensorEntry& entry : entries) bytes.insert(bytes.end(), entry.data.begin(), entry.data.end());
  return TensorFile("net.keras", std::move(bytes));
}

std::string layer(const std::string& class_name, const std::string& name, const std::string& options,
                  const std::string& inbound = "") {
  return R"({"class_name": ")" + class_name + R"(", "name": ")" + name + R"(", "config": {"name": ")" + name + '"' +
         (options.empty() ? "" : ", " + options) + "}" + (inbound.empty() ? "" : R"(, "inbound_nodes": )" + inbound) +
         "}";
}
std::string sequential(const std::string& layers) {
  return R"({"class_name": "Sequential", "config": {"name": "net", "layers": [)" + layers + "]}}";
}
std::string functional(const std::string& layers, const std::string& inputs, const std::string& outputs) {
  return R"({"class_name": "Functional", "config": {"name": "net", "layers": [)" + layers + R"(], "input_layers": )" +
         inputs + R"(, "output_layers": )" + outputs + "}}";
}
/// What a call reads, as Keras 3 writes it.
std::string reads(std::vector<std::string> names, bool list = false) {
  std::string tensors;
  for (const std::string& name : names)
    tensors += (tensors.empty() ? "" : ", ") +
               (R"({"class_name": "__keras_tensor__", "config": {"keras_history": [")" + name + R"(", 0, 0]}})");
  return R"([{"args": [)" + (list ? "[" + tensors + "]" : tensors) + R"(], "kwargs": {}}])";
}
/// Two calls of a layer: of the input, and of what that gave.
std::string twice(const std::string& name) {
  const std::string first = reads({"input_layer"}), second = reads({name});
  return first.substr(0, first.size() - 1) + ", " + second.substr(1);
}
const std::string input = layer("InputLayer", "input_layer", R"("batch_shape": [null, 8, 8, 4])", "[]");

/// The type, without what is around it.
std::string type_of(const TensorFile& file, const ReadOptions& options = {}) {
  const std::string text = typed_header(read_network(file, options)).text;
  const std::string begin = "using namespace strata;\n\n";
  const std::size_t first = text.find(begin) + begin.size();
  return text.substr(first, text.find("\n}  // namespace") - first);
}

std::string refusal(const TensorFile& file, const ReadOptions& options = {}) {
  try {
    read_network(file, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "imported";
}

const std::string conv = R"("filters": 4, "kernel_size": [3, 3], "padding": "same", "use_bias": false)";

/// input -> name_conv, name_bn, + -> name_relu, in Keras 3.
std::string block(const std::string& name, const std::string& from) {
  return layer("Conv2D", name + "_conv", conv, reads({from})) + ", " +
         layer("BatchNormalization", name + "_bn", R"("axis": 3)", reads({name + "_conv"})) + ", " +
         layer("Add", name + "_add", "", reads({from, name + "_bn"}, true)) + ", " +
         layer("Activation", name + "_relu", R"("activation": "relu")", reads({name + "_add"}));
}
TensorShapes block_weights(const std::vector<std::string>& numbers) {
  TensorShapes shapes;
  for (const std::string& number : numbers) {
    shapes["layers/conv2d" + number + "/vars/0"] = {3, 3, 4, 4};
    for (const char* part : {"0", "1", "2", "3"}) shapes["layers/batch_normalization" + number + "/vars/" + part] = {4};
  }
  return shapes;
}
const std::string residual_net = functional(
    input + ", " + block("block1", "input_layer") + ", " + block("block2", "block1_relu") + ", " +
        block("block3", "block2_relu") + ", " + layer("GlobalAveragePooling2D", "pool", "", reads({"block3_relu"})) +
        ", " + layer("Dense", "dense_7", R"("units": 3, "activation": "softmax")", reads({"pool"})),
    R"([["input_layer", 0, 0]])", R"([["dense_7", 0, 0]])");
TensorShapes residual_weights() {
  TensorShapes shapes = block_weights({"", "_1", "_2"});
  shapes["layers/dense/vars/0"] = {4, 3}, shapes["layers/dense/vars/1"] = {3};
  return shapes;
}

}  // namespace

TEST_CASE("a chain is a Sequential; names that Keras gave by counting are left out") {
  const std::string net = sequential(
      layer("Conv2D", "conv2d_4", R"("batch_input_shape": [null, 28, 28, 1], "filters": 8, "kernel_size": [3, 3],
            "activation": "relu", "groups": 1)") +
      ", " + layer("Dropout", "dropout_1", R"("rate": 0.5, "noise_shape": null)") + ", " +
      layer("Flatten", "flatten_9", "") + ", " + layer("Dense", "logits", R"("units": 10, "activation": "linear")"));
  // Keras 2: by lists of names.
  const Metadata names{{"model_weights/conv2d_4@weight_names", R"(["conv2d_4/kernel:0", "conv2d_4/bias:0"])"},
                       {"model_weights/logits@weight_names", R"(["logits/kernel:0", "logits/bias:0"])"},
                       {"model_weights/flatten_9@weight_names", "[]"}};
  const TensorShapes shapes{{"model_weights/conv2d_4/conv2d_4/kernel:0", {3, 3, 1, 8}},
                            {"model_weights/conv2d_4/conv2d_4/bias:0", {8}},
                            {"model_weights/logits/logits/kernel:0", {5408, 10}},
                            {"model_weights/logits/logits/bias:0", {10}},
                            {"optimizer_weights/Adam/m:0", {8}}};
  CHECK(type_of(file_of(net, shapes, names)) == R"(struct Net : Sequential<
    Input<28, 28, 1>,
    Conv2D<8, 3, activation<ReLU>>, Dropout<0.5>, Flatten, Named<"logits", Dense<10>>> {};

static_assert(Net::param_count == 54'170);
static_assert(Net::input_shape == Shape{28, 28, 1});
static_assert(Net::output_shape == Shape{10});
)");
}

TEST_CASE("blocks are found, named after their layers and written once") {
  const Network network = read_network(file_of(residual_net, residual_weights()));
  const TypedHeader header = typed_header(network, {.name = "ResNet"});
  const std::string expected = R"(template <FixedString Name>
using Block = Sequential<
    Residual<Named<Name + "_conv", Conv2D<4, 3, Same, NoBias>>, Named<Name + "_bn", BatchNorm>>, ReLU>;

struct ResNet : Sequential<
    Input<8, 8, 4>,
    Block<"block1">, Block<"block2">, Block<"block3">, GlobalAveragePooling2D, Dense<3, activation<Softmax>>> {};

static_assert(ResNet::param_count == 495);
)";
  INFO(header.text);
  CHECK(header.text.find(expected) != std::string::npos);
  CHECK(header.names.at(header.order.back()) == "dense");
  CHECK(network.nodes[header.order[1]].name == "block1_conv");
  CHECK(header.names.at(header.order[1]) == "block1_conv");
}

TEST_CASE("what does not nest is a Graph; a merge of branches over one layer nests in it") {
  const std::string net = functional(
      input + ", " + layer("Conv2D", "a", conv, R"([[["input_layer", 0, 0, {}]]])") + ", " +
          layer("Conv2D", "b", conv, R"([[["a", 0, 0, {}]]])") + ", " +
          layer("Conv2D", "c", conv, R"([[["a", 0, 0, {}]]])") + ", " +
          layer("Concatenate", "both", R"("axis": 3)", R"([[["b", 0, 0, {}], ["c", 0, 0, {}]]])") + ", " +
          layer("ReLU", "r", R"("max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0)", R"([[["both", 0, 0]]])"),
      R"([["input_layer", 0, 0]])", R"([["a", 0, 0], ["r", 0, 0]])");
  const TensorShapes shapes{{"a/kernel", {3, 3, 4, 4}}, {"b/kernel", {3, 3, 4, 4}}, {"c/kernel", {3, 3, 4, 4}}};
  CHECK(type_of(file_of(net, shapes)) == R"(struct Net : Graph<
    Node<"input_layer", Input<8, 8, 4>>,
    Node<"a", Conv2D<4, 3, Same, NoBias>, "input_layer">,
    Node<
        "r",
        Sequential<Concatenate<Named<"b", Conv2D<4, 3, Same, NoBias>>, Named<"c", Conv2D<4, 3, Same, NoBias>>>, ReLU6>,
        "a">,
    Outputs<"a", "r">> {};

static_assert(Net::param_count == 432);
static_assert(Net::input_shape == Shape{8, 8, 4});
static_assert(Net::output_shapes[0] == Shape{8, 8, 4});
static_assert(Net::output_shapes[1] == Shape{8, 8, 8});
)");
  // Ended before: one output, and no word of what comes behind.
  CHECK(type_of(file_of(net, shapes), {.inputs = {{16, 8, 4}}, .outputs = {"b"}}) == R"(struct Net : Sequential<
    Input<16, 8, 4>,
    Named<"a", Conv2D<4, 3, Same, NoBias>>, Named<"b", Conv2D<4, 3, Same, NoBias>>> {};

static_assert(Net::param_count == 288);
static_assert(Net::input_shape == Shape{16, 8, 4});
static_assert(Net::output_shape == Shape{16, 8, 4});
)");
}

TEST_CASE("models in models, and arithmetic between layers") {
  const std::string inner = R"({"class_name": "Sequential", "name": "body", "inbound_nodes": )" +
                            reads({"input_layer"}) + R"(, "config": {"name": "body", "layers": [)" +
                            layer("InputLayer", "input_layer_1", R"("batch_shape": [null, 8, 8, 4])") + ", " +
                            layer("Conv2D", "stem", conv) + "]}}";
  const auto operation = [](const std::string& name, const std::string& from, const std::string& number) {
    return R"({"class_name": ")" + name + R"(", "config": {"name": ")" + name +
           R"("}, "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": [")" +
           from + R"(", 0, 0]}}, )" + number + R"(], "kwargs": {}}]})";
  };
  const std::string net = functional(
      input + ", " + inner + ", " + operation("Add", "body", "3.0") + ", " + operation("TrueDivide", "Add", "4") + ", " +
          operation("Power", "TrueDivide", "2") +
          R"(, {"module": "keras.src.ops.numpy", "class_name": "Mean", "name": "mean", "config": {"name": "mean", )"
          R"("axis": -2, "keepdims": true}, "inbound_nodes": )" +
          reads({"Power"}) + '}',
      R"(["input_layer", 0, 0])", R"(["mean", 0, 0])");
  const std::string type = type_of(file_of(net, {{"layers/sequential/layers/conv2d/vars/0", {3, 3, 4, 4}}}));
  CAPTURE(type);
  CHECK(type.find(R"(Named<"stem", Conv2D<4, 3, Same, NoBias>>, Rescaling<1, 3>, Rescaling<0.25>, Power<2>, )"
                  "ReduceMean<2, KeepDims>> {};") != std::string::npos);
}

// Keras counts the making of a functional model as its first call: Keras 3 in output_layers, Keras 2 everywhere.
TEST_CASE("a functional model in a model is called once, however its calls are counted; shared weights are refused") {
  const auto inner = [&](const std::string& calls) {
    return R"({"class_name": "Functional", "name": "body", "inbound_nodes": )" + calls +
           R"(, "config": {"name": "body", "layers": [)" + input + ", " +
           layer("Conv2D", "stem", conv, reads({"input_layer"})) +
           R"(], "input_layers": [["input_layer", 0, 0]], "output_layers": [["stem", 0, 0]]}})";
  };
  const auto net = [&](const std::string& calls, const std::string& head, const std::string& output) {
    return functional(input + ", " + inner(calls) + head, R"([["input_layer", 0, 0]])", output);
  };
  const TensorShapes shapes{{"layers/functional/layers/conv2d/vars/0", {3, 3, 4, 4}}};
  const std::string stem = R"(Named<"stem", Conv2D<4, 3, Same, NoBias>>)";
  CHECK(type_of(file_of(net(reads({"input_layer"}), "", R"([["body", 1, 0]])"), shapes)).find(stem + "> {};") !=
        std::string::npos);
  const std::string relu = ", " + layer("Activation", "r", R"("activation": "relu")", R"([[["body", 1, 0, {}]]])");
  const std::string keras2 = net(R"([[["input_layer", 0, 0, {}]]])", relu, R"([["r", 0, 0]])");
  CHECK(type_of(file_of(keras2, shapes, {{"keras_version", "2.15.0"}})).find(stem + ", ReLU> {};") !=
        std::string::npos);

  CHECK(refusal(file_of(net(twice("body"), "", R"([["body", 2, 0]])"), shapes))
            .find("body: expected a model that is called once, received a second call") != std::string::npos);
  const std::string layer_twice =
      functional(input + ", " + layer("Conv2D", "a", conv, twice("a")),
                 R"([["input_layer", 0, 0]])", R"([["a", 1, 0]])");
  CHECK(refusal(file_of(layer_twice, {{"layers/conv2d/vars/0", {3, 3, 4, 4}}}))
            .find("a_call1 (Conv2D): expected a layer that is called once") != std::string::npos);
}

TEST_CASE("all that cannot be expressed is told at once, before anything is written") {
  const std::string net =
      sequential(layer("InputLayer", "input_layer", R"("batch_shape": [null, null, null, 3])") + ", " +
                 layer("LSTM", "memory", R"("units": 4)") + ", " +
                 layer("Conv2D", "stem", R"("filters": 4, "kernel_size": [3, 3], "padding": "reflect")") + ", " +
                 layer("Dense", "logits", R"("units": 4)"));
  const std::string told = refusal(file_of(net, {{"layers/dense/vars/0", {4, 4}}}));
  INFO(told);
  CHECK(test::missing(told, {"net.keras cannot be imported:", "--input 1x224x224x3"}).empty());
  const std::string all =
      refusal(file_of(net, {{"layers/dense/vars/0", {4, 4}}}), {.inputs = {{8, 8, 3}}, .outputs = {}});
  INFO(all);
  CHECK(test::missing(all, {"memory (LSTM): expected a layer that Strata has", "--outputs",
                            "stem (Conv2D): Conv2D: padding: expected valid or same or causal, received \"reflect\"",
                            "logits (Dense): expected the weights kernel, bias, received 1 tensors"})
            .empty());
  CHECK(refusal(file_of(residual_net, residual_weights()), {.inputs = {}, .outputs = {"nobody"}})
            .find("--outputs: expected names of layers, received \"nobody\"") != std::string::npos);
  TensorShapes more = residual_weights();
  more["layers/dense_1/vars/0"] = {4};
  CHECK(refusal(file_of(residual_net, more)).find("layers/dense_1/vars/0: expected weights of layers of the model") !=
        std::string::npos);
}

TEST_CASE("a damaged configuration is an error with a sentence") {
  const TensorShapes shapes = residual_weights();
  const json whole = json::parse(residual_net);
  std::vector<json::json_pointer> places;
  const json flat = whole.flatten();
  for (const auto& [path, value] : flat.items())
    for (json::json_pointer place(path); !place.empty(); place.pop_back()) places.push_back(place);
  std::size_t refused = 0;
  for (const json& damage : {json{}, json(-1), json("input_layer"), json::array(), json::object(), json({{"a", 1}})}) {
    for (std::size_t p = 0; p < places.size(); p += 7) {
      json damaged = whole;
      damaged[places[p]] = damage;
      refused += refusal(file_of(damaged.dump(), shapes)) != "imported";
    }
  }
  CHECK(refused > 100);
  // A cycle; nesting without end; a list of names without end.
  std::string cycle = residual_net;
  cycle.replace(cycle.find(R"("keras_history": ["input_layer")"), 31, R"("keras_history": ["block3_relu")");
  CHECK(refusal(file_of(cycle, shapes)).find("a cycle") != std::string::npos);
  std::string deep = layer("Flatten", "f", "");
  for (int i = 0; i < 60; ++i) deep = sequential(deep);
  CHECK(refusal(file_of(deep)).find("deep") != std::string::npos);
}

TEST_CASE("TensorFlow.js: weights in shards, quantised") {
  const test::Directory folder;
  using namespace std::string_view_literals;
  test::write_text(folder / "group1-shard1of2.bin", "\0\xff\x80"sv);
  test::write_text(folder / "group1-shard2of2.bin", "\x40\0\x3c\0\xc0"sv);  // the fourth uint8; float16: 1, -2
  const std::string layers = layer("Dense", "dense", R"("units": 2, "batch_input_shape": [null, 2])");
  test::write_text(folder / "model.json",
                   R"({"format": "layers-model", "modelTopology": {"keras_version": "2.4.0", "model_config": )" +
                       sequential(layers) +
                       R"(}, "weightsManifest": [{"paths": ["group1-shard1of2.bin", "group1-shard2of2.bin"],
    "weights": [{"name": "dense/kernel", "shape": [2, 2], "dtype": "float32",
                 "quantization": {"min": -1, "scale": 0.5, "dtype": "uint8"}},
                {"name": "dense/bias", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}}]}]})");
  const TensorFile file = read_tensorflowjs(folder / "model.json");
  const Network network = read_network(file);
  CHECK(network.nodes[1].spelling == "Dense<2>");
  CHECK(network.nodes[1].weights[0].values == std::vector<float>{-1, 126.5f, 63, 31});
  CHECK(network.nodes[1].weights[1].values == std::vector<float>{1, -2});
}

TEST_CASE("why a layer differs") {
  const Shape shape{4, 4, 2};
  std::vector<float> theirs(shape.size());
  for (std::size_t e = 0; e < theirs.size(); ++e) theirs[e] = std::sin(static_cast<float>(e * e));
  std::vector<float> edge = theirs, scaled = theirs, exchanged = theirs, shifted(theirs.size()),
                     other(theirs.size(), 7);
  edge[0] += 1, edge[5] -= 1;
  for (std::size_t e = 0; e < theirs.size(); ++e) {
    scaled[e] *= e % 2 == 0 ? 1.01f : 0.98f;
    exchanged[e] = theirs[e ^ 1];
    shifted[e] = e + 2 < theirs.size() && e % 8 < 6 ? theirs[e + 2] : 0.5f;
  }
  CHECK(likely_reason(edge, theirs, shape).find("the edge: padding") != std::string::npos);
  CHECK(likely_reason(scaled, theirs, shape).find("epsilon") != std::string::npos);
  CHECK(likely_reason(exchanged, theirs, shape).find("order of channels") != std::string::npos);
  CHECK(likely_reason(shifted, theirs, shape).find("shifted by a pixel: padding") != std::string::npos);
  CHECK(likely_reason(other, theirs, shape).find("another option") != std::string::npos);
}
