// Layers as values: their spelling, and their configuration in Keras, against what real Keras writes
// (tests/oracle/keras/configs.py).
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <strata/import/keras_config.hpp>
#include <strata/types.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"
#include "harness/keras_networks.hpp"
#include "import/keras_page.hpp"

using namespace strata;
using test::Lesson, test::ResidualNet, test::TwoInputs, test::TwoOutputs;
using nlohmann::json;

namespace {

std::vector<json> fixture(const std::string& name) {
  std::istringstream lines(test::read_text(test::tests_directory() / "oracle/keras/fixtures" / name));
  std::vector<json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  REQUIRE(!all.empty());
  return all;
}

/// What Keras says of a layer with this spelling; an empty object where configs.py has it not.
const json& of_keras(const std::string& spelling) {
  static const std::map<std::string, json> all = [] {
    std::map<std::string, json> layers;
    for (const json& layer : fixture("layer_configs.txt")) layers[layer["spelling"]] = layer;
    return layers;
  }();
  static const json none = json::object();
  const auto found = all.find(spelling);
  return found == all.end() ? none : found->second;
}

/// Where `ours` says something that `theirs` does not; empty: nowhere. Order of layers is no difference.
std::string difference(json ours, json theirs, const std::string& path = "") {
  const std::string here = path + ": " + ours.dump() + " is " + theirs.dump() + '\n';
  if (ours.type() != theirs.type() && !(ours.is_number() && theirs.is_number())) return here;
  if (ours.is_object()) {
    std::string text;
    for (const auto& [key, value] : ours.items())
      text += theirs.contains(key) ? difference(value, theirs[key], path + '/' + key) : path + '/' + key + ": none\n";
    return text;
  }
  if (!ours.is_array()) return ours == theirs ? "" : here;
  if (ours.size() != theirs.size()) return here;
  const auto by_name = [](const json& a, const json& b) { return a["config"]["name"] < b["config"]["name"]; };
  if (path.ends_with("/layers"))
    std::sort(ours.begin(), ours.end(), by_name), std::sort(theirs.begin(), theirs.end(), by_name);
  std::string text;
  for (std::size_t i = 0; i < ours.size(); ++i)
    text += difference(ours[i], theirs[i], path + '/' + std::to_string(i));
  return text;
}

/// The weights of a layer, of what Keras calls it.
template <class L>
void check_weights(const json& keras) {
  std::vector<std::string> weights;
  for (const Parameter& parameter : rules<L>::parameters(Shape{8, 8, 8})) weights.emplace_back(parameter.name);
  if constexpr (!requires { typename L::leaves; }) CHECK(weight_names_from_keras(keras) == weights);
}

/// Of layers that Keras has not: type -> value -> spelling; type -> options as Keras would write them -> type.
std::set<std::string> own;
template <class L>
void check_own(const std::string& text) {
  INFO(text);
  constexpr auto config = detail::description_of<L>();
  CHECK(spelling(config) == text);
  const json layer{{"class_name", config.schema.keras}, {"config", detail::members_to_keras(config)}};
  CHECK(spelling_from_keras(layer) == text);
  check_weights<L>(layer);
  own.insert(text.substr(0, text.find('<')));
}
#define CHECK_OWN(...) check_own<__VA_ARGS__>(#__VA_ARGS__)

int seen = 0;

/// type -> value -> spelling, which `text`, the source of the type, must be; type -> Keras; Keras -> type.
template <class L>
void check_layer(const std::string& text) {
  INFO(text);
  constexpr auto config = detail::description_of<L>();
  CHECK(spelling(config) == text);
  const json& keras = of_keras(text);
  REQUIRE(!keras.empty());
  CHECK(keras["class_name"] == config.schema.keras);
  CHECK(keras["module"] == config.schema.module);
  CHECK(difference(detail::members_to_keras(config), keras["config"]) == "");
  CHECK(spelling_from_keras(keras) == text);
  check_weights<L>(keras);
  ++seen;
}
#define CHECK_LAYER(...) check_layer<__VA_ARGS__>(#__VA_ARGS__)

/// The error of a layer's options, else its spelling.
std::string answer(const std::string& class_name, const json& options) {
  try {
    return spelling_from_keras({{"class_name", class_name}, {"config", options}});
  } catch (const InvalidArgument& error) {
    return error.what();
  }
}

template <class Net>
std::string network_difference(const std::string& name) {
  for (const json& keras : fixture("network_configs.txt"))
    if (keras["name"] == name) {
      const json ours = keras_config<Net>(keras["config"]["name"]);
      return difference({{"class_name", ours["class_name"]}, {"config", ours["config"]}}, keras);
    }
  return "no network " + name;
}

struct Scaled : Rescaling<0.5> {
  static constexpr const char* class_name = "Scaled";
};

}  // namespace

TEST_CASE("layers as values: spelled as they were written, and as real Keras configures them") {
  CHECK_LAYER(Conv2D<8, 3>);
  CHECK_LAYER(Conv2D<8, Kernel{3, 5}, Same, Strides{2}, NoBias>);
  CHECK_LAYER(Conv2D<8, 3, Strides{2, 1}>);
  CHECK_LAYER(Conv2D<8, 3, Dilation{2}, Groups{4}, L2{0.5}>);
  CHECK_LAYER(Conv2DTranspose<8, 3>);
  CHECK_LAYER(Conv2DTranspose<8, Kernel{4, 2}, Same, Strides{2}, NoBias, L2{0.25}>);
  CHECK_LAYER(Conv2DTranspose<8, 3, Dilation{2}>);
  CHECK_LAYER(Conv2DTranspose<8, 3, Same, Strides{2}, OutputPadding{1}>);
  CHECK_LAYER(DepthwiseConv2D<3>);
  CHECK_LAYER(DepthwiseConv2D<5, Same, Strides{2}, DepthMultiplier{2}, NoBias, L2{0.5}>);
  CHECK_LAYER(SeparableConv2D<8, 3>);
  CHECK_LAYER(Dense<10>);
  CHECK_LAYER(MaxPooling2D<>);
  CHECK_LAYER(MaxPooling2D<3>);
  CHECK_LAYER(MaxPooling2D<2, Strides{1}>);
  CHECK_LAYER(MaxPooling2D<Kernel{3, 2}, Same, Strides{2}>);
  CHECK_LAYER(AveragePooling2D<>);
  CHECK_LAYER(AveragePooling2D<3, Same>);
  CHECK_LAYER(GlobalAveragePooling2D);
  CHECK_LAYER(GlobalMaxPooling2D);
  CHECK_LAYER(GlobalAveragePooling2DWith<KeepDims>);
  CHECK_LAYER(GlobalMaxPooling2DWith<KeepDims>);
  CHECK_LAYER(BatchNorm);
  CHECK_LAYER(BatchNormWith<Momentum{0.9}, Epsilon{0.5}, NoScale>);
  CHECK_LAYER(BatchNormWith<NoCenter>);
  CHECK_LAYER(LayerNormalization);
  CHECK_LAYER(LayerNormalizationWith<Epsilon{0.25}>);
  CHECK_LAYER(LayerNormalizationWith<NoCenter, NoScale>);
  CHECK_LAYER(GroupNormalization<>);
  CHECK_LAYER(GroupNormalization<8>);
  CHECK_LAYER(GroupNormalization<32, Epsilon{0.25}>);
  CHECK_LAYER(GroupNormalization<-1, NoCenter, NoScale>);
  CHECK_LAYER(RMSNormalization);
  CHECK_LAYER(RMSNormalizationWith<Epsilon{0.25}>);
  CHECK_LAYER(UnitNormalization);
  CHECK_LAYER(Normalization);
  CHECK_LAYER(Rescaling<0.5>);
  CHECK_LAYER(Rescaling<0.5, -1>);
  CHECK_LAYER(ChannelRescaling<PerChannel{4, 2, 1}>);
  CHECK_LAYER(ChannelRescaling<PerChannel{0.5, 0.25}, PerChannel{-1, 2}>);
  CHECK_LAYER(ReLU);
  CHECK_LAYER(ReLU6);
  CHECK_LAYER(ReLUWith<MaxValue{4}>);
  CHECK_LAYER(ReLUWith<MaxValue{4}, NegativeSlope{0.25}, Threshold{1}>);
  CHECK_LAYER(LeakyReLU<>);
  CHECK_LAYER(LeakyReLU<0.1>);
  CHECK_LAYER(ELU<>);
  CHECK_LAYER(ELU<0.5>);
  CHECK_LAYER(PReLU<>);
  CHECK_LAYER(PReLU<SharedAxes{1, 2}>);
  CHECK_LAYER(Softmax);
  CHECK_LAYER(Sigmoid);
  CHECK_LAYER(Tanh);
  CHECK_LAYER(SELU);
  CHECK_LAYER(GELU);
  CHECK_LAYER(SiLU);
  CHECK_LAYER(Softplus);
  CHECK_LAYER(HardSigmoid);
  CHECK_LAYER(HardSwish);
  CHECK_LAYER(CELU);
  CHECK_LAYER(Exponential);
  CHECK_LAYER(HardShrink);
  CHECK_LAYER(HardTanh);
  CHECK_LAYER(LogSigmoid);
  CHECK_LAYER(LogSoftmax);
  CHECK_LAYER(Mish);
  CHECK_LAYER(SoftShrink);
  CHECK_LAYER(Softsign);
  CHECK_LAYER(SparsePlus);
  CHECK_LAYER(SparseSigmoid);
  CHECK_LAYER(Squareplus);
  CHECK_LAYER(TanhShrink);
  CHECK_LAYER(Linear);
  CHECK_LAYER(Dropout<0.5>);
  CHECK_LAYER(SpatialDropout2D<0.25>);
  CHECK_LAYER(GaussianNoise<0.5>);
  CHECK_LAYER(GaussianDropout<0.5>);
  CHECK_LAYER(AlphaDropout<0.25>);
  CHECK_LAYER(ZeroPadding2D<>);
  CHECK_LAYER(ZeroPadding2D<ZeroPad{1, 2}>);
  CHECK_LAYER(ZeroPadding2D<ZeroPad{0, 1, 2, 3}>);
  CHECK_LAYER(Cropping2D<>);
  CHECK_LAYER(Cropping2D<ZeroPad{1, 2, 0, 3}>);
  CHECK_LAYER(CenterCrop<3, 4>);
  CHECK_LAYER(UpSampling2D<>);
  CHECK_LAYER(UpSampling2D<Kernel{2, 3}, Bilinear>);
  CHECK_LAYER(Flatten);
  CHECK_LAYER(Reshape<4, -1>);
  CHECK_LAYER(Permute<2, 1, 3>);
  CHECK_LAYER(RepeatVector<3>);
  CHECK_LAYER(IdentityLayer);
  CHECK_LAYER(RandomFlipLayer<>);
  CHECK_LAYER(RandomFlipLayer<Horizontal>);
  CHECK_LAYER(RandomRotation<0.25>);
  CHECK_LAYER(RandomRotation<Factor{0, 0.5}, FillMode::nearest>);
  CHECK_LAYER(RandomTranslation<0.25, Factor{-0.5, 0.25}, FillMode::constant>);
  CHECK_LAYER(Conv1D<8, 3>);
  CHECK_LAYER(Conv1D<8, 3, Causal, Dilation{2}, Groups{2}, NoBias>);
  CHECK_LAYER(Conv1D<8, 5, Same, Strides{2}, L2{0.5}>);
  CHECK_LAYER(Conv1DTranspose<8, 3>);
  CHECK_LAYER(Conv1DTranspose<8, 3, Same, Strides{2}, OutputPadding{1}>);
  CHECK_LAYER(DepthwiseConv1D<3>);
  CHECK_LAYER(DepthwiseConv1D<5, Same, Strides{2}, DepthMultiplier{2}>);
  CHECK_LAYER(SeparableConv1D<8, 3>);
  CHECK_LAYER(MaxPooling1D<>);
  CHECK_LAYER(MaxPooling1D<3, Same, Strides{2}>);
  CHECK_LAYER(AveragePooling1D<>);
  CHECK_LAYER(AveragePooling1D<3, Same>);
  CHECK_LAYER(GlobalAveragePooling1D);
  CHECK_LAYER(GlobalAveragePooling1DWith<KeepDims>);
  CHECK_LAYER(GlobalMaxPooling1D);
  CHECK_LAYER(GlobalMaxPooling1DWith<KeepDims>);
  CHECK_LAYER(ZeroPadding1D<>);
  CHECK_LAYER(ZeroPadding1D<Ends{1, 2}>);
  CHECK_LAYER(Cropping1D<>);
  CHECK_LAYER(Cropping1D<Ends{1, 2}>);
  CHECK_LAYER(UpSampling1D<>);
  CHECK_LAYER(UpSampling1D<3>);
  CHECK_LAYER(SpatialDropout1D<0.25>);
  CHECK_LAYER(Resizing<3, 4>);
  CHECK_LAYER(Resizing<3, 4, Nearest>);
  CHECK_LAYER(Add<>);
  CHECK_LAYER(Subtract<>);
  CHECK_LAYER(Average<>);
  CHECK_LAYER(Maximum<>);
  CHECK_LAYER(Minimum<>);
  CHECK_LAYER(Multiply<>);
  CHECK_LAYER(Concatenate<>);
  CHECK_LAYER(Concatenate<Along<1>>);
  CHECK_LAYER(GLU);
  CHECK_LAYER(LayerScale<4>);
  CHECK_LAYER(Absolute);
  CHECK_LAYER(Log);
  CHECK_LAYER(Negative);
  CHECK_LAYER(Reciprocal);
  CHECK_LAYER(Sqrt);
  CHECK_LAYER(Square);
  CHECK_LAYER(Clip<-0.5, 6>);
  CHECK_LAYER(ThresholdLayer<0.5, -1>);
  CHECK_LAYER(ReduceMean<-1, KeepDims>);
  CHECK_LAYER(ReduceSum<2>);
  CHECK_LAYER(ReduceMax<1>);
  CHECK_LAYER(ReduceMin<-1>);

  // With an activation a layer stands for two, and its options for one.
  int activated = 0;
  for (const json& keras : fixture("layer_configs.txt"))
    if (const std::string text = keras["spelling"]; text.find("activation<") != text.npos) {
      CHECK(spelling_from_keras(keras) == text);
      ++activated;
    }
  CHECK(static_cast<std::size_t>(seen + activated) == fixture("layer_configs.txt").size());
}

TEST_CASE("layers that Keras has not, as values") {
  CHECK_OWN(Affine);
  CHECK_OWN(AffineWith<NoCenter>);
  CHECK_OWN(AffineWith<NoScale, PerElement>);
  CHECK_OWN(ChannelShuffle<2>);
  CHECK_OWN(DepthToSpace<2>);
  CHECK_OWN(DepthToSpace<2, CRD>);
  CHECK_OWN(Divide<>);
  CHECK_OWN(InstanceNormalization);
  CHECK_OWN(InstanceNormalizationWith<Epsilon{0.25}, NoCenter>);
  CHECK_OWN(LocalResponseNormalization<5>);
  CHECK_OWN(LocalResponseNormalization<5, 1e-04, 0.75, 2>);
  CHECK_OWN(Power<2.5>);
  CHECK_OWN(ReflectionPadding2D<>);
  CHECK_OWN(ReplicationPadding2D<ZeroPad{0, 1, 2, 3}>);
  CHECK(spelling_from_keras({{"class_name", "Resizing"},
                             {"config", {{"height", 3}, {"width", 4}, {"interpolation", "nearest"},
                                         {"coordinates", "asymmetric"}, {"nearest_mode", "floor"}}}}) ==
        "Resizing<3, 4, Nearest, Asymmetric, Floor>");
  CHECK_THROWS_AS((keras_config<Sequential<Input<4, 4, 8>, Resizing<3, 4, AlignCorners>>>()), InvalidArgument);
  CHECK_OWN(Slice<-1, 0, 8>);
  CHECK_OWN(Slice<1, 2, -1, 2>);
  CHECK_OWN(SpaceToDepth<2>);
  CHECK_THROWS_AS((keras_config<Sequential<Input<4, 4, 8>, ChannelShuffle<2>>>()), InvalidArgument);
  using Half = Graph<Node<"x", Input<8>>, Node<"s", Split<2>, "x">, Outputs<"s:1">>;
  CHECK_THROWS_WITH(keras_config<Half>(),
                    Catch::Matchers::ContainsSubstring("expected layers that Keras has, received s:1 (Split<2"));

  // Every described layer is compared with Keras, or no layer of it.
  std::set<std::string> compared = own;
  for (const json& keras : fixture("layer_configs.txt")) {
    const std::string text = keras["spelling"];
    compared.insert(text.substr(0, text.find('<')));
  }
  strata::detail::for_each_description([&]<class C>(std::type_identity<C>) {
    const std::string_view text = C::schema.spelling;
    INFO(text);
    CHECK(compared.count(std::string(text.substr(0, text.find('<')))) == 1);
    CHECK((own.count(std::string(text.substr(0, text.find('<')))) == 1) == (*C::schema.module == 0));
  });
}

TEST_CASE("options in any order are spelled in one, defaults not at all") {
  CHECK(spelling(Conv2D<8, 3, NoBias, Strides{2}, Same>::config) == "Conv2D<8, 3, Same, Strides{2}, NoBias>");
  CHECK(spelling(Conv2D<8, Kernel{3, 3}, Valid, Strides{1, 1}, Bias::on>::config) == "Conv2D<8, 3>");
  CHECK(spelling(MaxPooling2D<3, Strides{3}>::config) == "MaxPooling2D<3>");
  CHECK(spelling(MaxPooling2D<Kernel{2, 2}>::config) == "MaxPooling2D<>");
  CHECK(spelling(BatchNormWith<Epsilon{1e-3}>::config) == "BatchNorm");
  CHECK(spelling(Rescaling<1 / 255.0>::config) == "Rescaling<0.00392156862745098>");  // reads back as the same double
}

TEST_CASE("networks as real Keras configures them") {
  CHECK(network_difference<Lesson>("lesson") == "");
  CHECK(network_difference<ResidualNet>("residual") == "");
  CHECK(network_difference<TwoInputs>("two_inputs") == "");
  CHECK(network_difference<TwoOutputs>("two_outputs") == "");
  CHECK(network_difference<Lesson>("residual") != "");  // the comparison sees differences
}

TEST_CASE("activations inside layers, in networks") {
  using Net = Sequential<Input<6, 6, 2>, Conv2D<4, 3, activation<ReLU>>,
                         SeparableConv2D<4, 3, activation<LeakyReLU<0.5>>>, Flatten, Dense<3, activation<Softmax>>>;
  const json layers = keras_config<Net>()["config"]["layers"];
  REQUIRE(layers.size() == 5);
  CHECK(layers[1]["config"]["activation"] == "relu");
  CHECK(layers[2]["config"]["activation"]["class_name"] == "LeakyReLU");
  CHECK(layers[2]["config"]["activation"]["config"]["negative_slope"] == 0.5);
  CHECK(layers[4]["config"]["activation"] == "softmax");
  CHECK(spelling_from_keras(layers[2]) == "SeparableConv2D<4, 3, activation<LeakyReLU<0.5>>>");
  // Functions with numbers of their own: Keras' leaky_relu(x, negative_slope=0.2), elu(x, alpha=1.0).
  CHECK(answer("Activation", {{"activation", "leaky_relu"}}) == "LeakyReLU<0.2>");
  CHECK(answer("Dense", {{"units", 3}, {"activation", "elu"}}) == "Dense<3, activation<ELU<>>>");
}

// tests/oracle/keras/keras_files.cpp has real Keras load such a network.
TEST_CASE("a convolution's explicit padding is a layer in Keras; that of others is refused") {
  using Chain = Sequential<Input<6, 5, 2>, Conv2D<4, 3, Pad{1, 2, 0, 3}, activation<ReLU>>>;
  using Shortcut = Sequential<Input<9, 4>, Residual<SeparableConv1D<4, 3, Pad{2, 0}>>>;
  using Others = Sequential<Input<20, 20, 2>, MaxPooling2D<3, Pad{1}>, MaxPooling2D<>,
                            AveragePooling2D<2, CountPadding>, Conv2DTranspose<4, 3, Pad{1}>>;
  const json layers = keras_config<Chain>()["config"]["layers"];
  REQUIRE(layers.size() == 3);
  CHECK(layers[1]["class_name"] == "ZeroPadding2D");
  CHECK(layers[1]["config"] == json{{"name", "conv2d_pad"}, {"padding", {{1, 2}, {0, 3}}}});
  CHECK(layers[2]["config"]["padding"] == "valid");
  CHECK(!layers[2]["config"].contains("pad"));
  const json padding = keras_config<Shortcut>()["config"]["layers"][1];
  CHECK(padding["class_name"] == "ZeroPadding1D");
  CHECK(padding["config"]["padding"] == json{2, 0});
  try {
    keras_config<Others>();
    FAIL("no error");
  } catch (const InvalidArgument& error) {
    CHECK(test::missing(error.what(), {"received max_pooling2d (MaxPooling2D<3, ", "), average_pooling2d (",
                                       "), conv2d_transpose ("}).empty());
  }
}

TEST_CASE("options beyond Keras', as readers of other formats write them") {
  const auto with = [&](const std::string& class_name, const char* size, json more) {
    more[size] = 3;
    if (size == std::string_view("kernel_size")) more["filters"] = 8;
    return answer(class_name, more);
  };
  CHECK(with("Conv2D", "kernel_size", {{"strides", 2}, {"pad", {1, 1, 1, 1}}}) == "Conv2D<8, 3, Strides{2}, Pad{1}>");
  CHECK(with("Conv2D", "kernel_size", {{"pad", {0, 1, 2, 1}}}) == "Conv2D<8, 3, Pad{0, 1, 2, 1}>");
  CHECK(with("Conv1D", "kernel_size", {{"pad", {2, 0}}}) == "Conv1D<8, 3, Pad{2, 0}>");
  CHECK(with("MaxPooling2D", "pool_size", {{"pad", {1, 1, 0, 0}}, {"ceil_mode", true}}) ==
        "MaxPooling2D<3, Pad{1, 0}, CeilMode>");
  CHECK(with("AveragePooling2D", "pool_size", {{"pad", 1}, {"count_padding", true}}) ==
        "AveragePooling2D<3, Pad{1}, CountPadding>");
  CHECK(with("MaxPooling2D", "pool_size", {{"count_padding", true}}) ==
        "MaxPooling2D: count_padding: expected null, received true");
  CHECK(with("Conv2D", "kernel_size", {{"pad", {1, 2, 3}}}) ==
        "Conv2D: pad: expected 2 numbers, received [1,2,3]");
}

TEST_CASE("frozen layers are not trainable in Keras, either") {
  using Net = Sequential<Input<6, 6, 2>, Frozen<Conv2D<4, 3>, BatchNorm>, Flatten, Dense<3>>;
  const json layers = keras_config<Net>()["config"]["layers"];
  CHECK(layers[1]["config"]["trainable"] == false);
  CHECK(layers[2]["config"]["trainable"] == false);
  CHECK(!layers[4]["config"].contains("trainable"));
}

TEST_CASE("layers that Keras has not are named, all at once") {
  using Net = Sequential<Input<6, 6, 2>, Scaled, Conv2D<4, 3>, Scaled>;
  try {
    keras_config<Net>();
    FAIL("no error");
  } catch (const InvalidArgument& error) {
    CHECK(test::missing(error.what(), {"expected layers that Keras has", "scaled (", "scaled_1 ("}).empty());
  }
}

TEST_CASE("options that Strata has not are named, all at once") {
  CHECK(answer("BatchNormalization", {{"center", "no"}, {"axis", 1}}) ==
        "BatchNormalization: center: expected false or true, received \"no\"; axis: expected -1, received 1");
  CHECK(answer("Dense", {{"units", "ten"}, {"bias_regularizer", {{"class_name", "L2"}}}}) ==
        "Dense: units: expected a number, received \"ten\"; "
        "bias_regularizer: expected null, received {\"class_name\":\"L2\"}");
  CHECK(answer("Dense", json::object()) == "Dense: units: expected a value, received none");
  CHECK(answer("Conv2D", {{"filters", 8}, {"kernel_size", {3, 3, 3}}, {"padding", "full"}}) ==
        "Conv2D: kernel_size: expected 2 numbers, received [3,3,3]; "
        "padding: expected valid or same or causal, received \"full\"");
  CHECK(answer("Conv2D", {{"filters", 8.5}, {"kernel_size", 3}}) ==
        "Conv2D: filters: expected an integer, received 8.5");
  CHECK(answer("Conv2D", {{"filters", 8}, {"kernel_size", 3}, {"data_format", "channels_first"}}) ==
        "Conv2D: data_format: expected \"channels_last\", received \"channels_first\"");
  CHECK(answer("ReLU", {{"max_value", "four"}}) == "ReLU: max_value: expected a number, received \"four\"");
  CHECK(answer("Activation", {{"activation", "sparsemax"}}) ==
        "expected a layer that Strata has, received Activation \"sparsemax\"");
  CHECK(answer("LSTM", {{"units", 4}}) == "expected a layer that Strata has, received LSTM");
  CHECK_THROWS_AS(spelling_from_keras({{"class_name", "Dense"}}), InvalidArgument);
  CHECK_THROWS_AS(spelling_from_keras(json::array()), InvalidArgument);
}

// STRATA_WRITE_PAGES=1 writes it.
TEST_CASE("docs/keras-layers.md says what the registry says") {
  const auto path = test::tests_directory().parent_path() / "docs/keras-layers.md";
  const std::string page = test::keras_page(fixture("all_layers.txt"));
  if (std::getenv("STRATA_WRITE_PAGES") != nullptr) test::write_text(path, page);
  if (test::read_text(path) != page)
    FAIL("docs/keras-layers.md is old: run this test with STRATA_WRITE_PAGES=1, look at what changed and commit it");
}
