// Networks as ONNX, run by the plain code of its operators, which ONNX's own node tests hold to.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <type_traits>
#include <vector>

#include <strata/import/export_onnx.hpp>
#include <strata/strata.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"
#include "harness/onnx_graph.hpp"
#include "harness/onnx_networks.hpp"

using namespace strata;
using importing::OnnxTensor;

namespace {

/// A batch of two, its elements channels last, as the model takes it.
OnnxTensor as_input(const std::vector<float>& x, Shape shape, bool channels_last) {
  importing::OnnxDims dims{2};
  for (int axis = 0; axis < shape.rank; ++axis) dims.push_back(shape[axis]);
  OnnxTensor tensor = importing::semantics::tensor_of(dims);
  tensor.floats = x;
  if (channels_last) return tensor;
  importing::OnnxDims order{0, shape.rank};
  for (int axis = 1; axis < shape.rank; ++axis) order.push_back(axis);
  importing::OnnxDims steps, first;
  for (const auto axis : order) {
    first.push_back(dims[static_cast<std::size_t>(axis)]);
    steps.push_back(importing::semantics::steps_of(dims)[static_cast<std::size_t>(axis)]);
  }
  return importing::semantics::strided(tensor, first, 0, steps);
}

template <class Net>
void randomize(Model<Net>& model) {
  const Random random{Seed{3}};
  for (std::size_t i = 0; i < model.parameters().size(); ++i)
    model.parameters()[i] += 0.1f + 0.3f * static_cast<float>(random.uniform(i));  // variances stay positive
}

/// The largest difference of Strata and the file, in parts of the largest output; of layers side by side each by
/// itself.
template <class Net>
float difference(const OnnxOptions& options, const std::filesystem::path& path) {
  Model<Net> model{Seed{7}};
  randomize(model);
  std::vector<float> x(2 * Net::input_shape.size()), y(2 * Net::output_shape.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(4 * Random{Seed{5}}.uniform(i) - 2);
  Engine<Net>{model}(x, y);
  export_onnx(model, path, options);
  const OnnxTensor made =
      test::run_onnx(importing::read_onnx_model(path), {as_input(x, Net::input_shape, options.channels_last)}).at(0);
  const OnnxTensor wanted = as_input(y, Net::output_shape, options.channels_last);
  REQUIRE(made.dims == wanted.dims);
  const auto& network = Net::network();
  const std::size_t last = network.node_count - 1;
  std::vector<std::size_t> parts;
  if (network.nodes[last].rules->kind == Kind::concatenation)
    for (int o = 0; o < network.nodes[last].operand_count; ++o)
      parts.push_back(network.tensor(network.input_of(last, o)).shape.size());
  else
    parts.push_back(Net::output_shape.size());
  float worst = 0;
  for (std::size_t part = 0, begin = 0; part < parts.size(); begin += parts[part++]) {
    float largest = 0, farthest = 0;
    for (const std::size_t sample : {begin, begin + Net::output_shape.size()})
      for (std::size_t i = sample; i < sample + parts[part]; ++i) {
        largest = std::max(largest, std::abs(wanted.floats[i]));
        farthest = std::max(farthest, std::abs(wanted.floats[i] - made.floats[i]));
      }
    INFO("layer " << part);
    CHECK(farthest <= 1e-5f * largest);
    worst = std::max(worst, farthest / largest);
  }
  return worst;
}

std::vector<std::string> operators(const importing::OnnxModel& model) {
  std::vector<std::string> all;
  for (const auto& node : model.graph.nodes) all.push_back(node.op_type);
  return all;
}

struct Unknown : Elementwise<Unknown> {
  template <class V>
  static V apply(V x) {
    return x;
  }
  template <class V>
  static V derivative(V, V) {
    return V(1);
  }
};
/// A layer of a user, who says what it is in ONNX.
struct Shifted : Unknown {
  static void onnx(auto& out) { out("Add", {out.x(), out.number(0)}); }
};

}  // namespace

TEST_CASE("Every layer with a form in ONNX computes there what it does here") {
  const test::Directory directory;
  test::for_some_onnx_networks([&]<class Net>() {
    INFO(std::string_view(type_name<Net>()));
    CHECK(difference<Net>({}, directory / "net.onnx") <= 1e-5f);
    CHECK(difference<Net>({.batch = 2, .fold_normalization = true}, directory / "net.onnx") <= 1e-5f);
    CHECK(difference<Net>({.channels_last = true}, directory / "net.onnx") <= 1e-5f);
  });
}

TEST_CASE("Every layer has a form in ONNX, but for those that compute nothing or stand for two that have one") {
  std::string without;
  strata::detail::for_each_description([&]<class C>(std::type_identity<C>) {
    if (!detail::writes_onnx<C> && !detail::is_onnx_operator<C>) without += C::schema.spelling + std::string(" ");
  });
  CHECK(without ==
        "AlphaDropout<> GaussianDropout<> GaussianNoise<> RandomFlipLayer<> RandomRotation<> RandomTranslation<> "
        "SeparableConv1D<> SeparableConv2D<> SpatialDropout1D<> SpatialDropout2D<> ");
}

TEST_CASE("What is exported has the network's names and no more operators than it needs") {
  const Model<test::FlattenedImage> image{Seed{1}};
  CHECK(operators(onnx_model(image)) == std::vector<std::string>{"Conv", "Flatten", "Dropout", "Relu", "Gemm"});
  const Model<test::ChannelShuffleInPieces> shuffle{Seed{1}};
  CHECK(operators(onnx_model(shuffle)) == std::vector<std::string>{"Reshape", "Transpose", "Reshape", "Conv"});
  const Model<test::Folds> folds{Seed{1}};
  CHECK(operators(onnx_model(folds, {.fold_normalization = true})) ==
        std::vector<std::string>{"Conv", "Relu", "Conv", "ConvTranspose", "Conv", "Conv", "Flatten", "Gemm",
                                 "BatchNormalization"});
  const Model<test::Parts> parts{Seed{1}};
  CHECK(operators(onnx_model(parts)) == std::vector<std::string>{"Slice", "Slice", "Slice", "Slice", "Conv", "Concat"});
  const Model<test::TwoHeads> heads{Seed{1}};
  const importing::OnnxModel model = onnx_model(heads, {.batch = 3});
  REQUIRE(model.graph.inputs.size() == 2);
  CHECK(model.graph.inputs[0].name == "image");
  CHECK(model.graph.inputs[0].shape[0].value == 3);
  CHECK(model.graph.inputs[0].shape[1].value == 4);  // channels first
  REQUIRE(model.graph.outputs.size() == 3);
  CHECK(model.graph.outputs[0].name == "out");
  CHECK(model.graph.outputs[1].name == "dropped");
  CHECK(model.graph.outputs[2].name == "c");
  CHECK(model.graph.nodes[0].name == "c/Conv");
  CHECK(model.graph.initializers[0].name == "c/kernel");
  CHECK(model.graph.initializers[0].dims == importing::OnnxDims{3, 4, 3, 3});
}

TEST_CASE("A layer without a form in ONNX is named before anything is written; a user's own may have one") {
  const test::Directory directory;
  const Model<Sequential<Input<3>, Unknown, Dense<2>, Unknown>> model{Seed{1}};
  std::string sentence;
  try {
    export_onnx(model, directory / "net.onnx");
  } catch (const InvalidArgument& error) {
    sentence = error.what();
  }
  CHECK(test::missing(sentence, {"activation (", "activation_1 (", "Unknown)", "onnx(out)"}) == "");
  CHECK(directory.entries() == 0);
  CHECK(difference<Sequential<Input<3>, Shifted>>({}, directory / "net.onnx") <= 1e-5f);
}
