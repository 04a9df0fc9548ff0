// Weights from and to files of Keras, NumPy and PyTorch. The files are made by tests/oracle/keras/weight_files.py and
// tests/oracle/pytorch_weights.py, which also say what the networks compute.
#include <strata/io/keras.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <strata/graph/frozen.hpp>
#include <strata/graph/graph.hpp>
#include <strata/import/keras_reader.hpp>
#include <strata/import/save_keras.hpp>
#include <strata/import/tensorflowjs.hpp>
#include <strata/runtime/engine.hpp>

#include "harness/damaged.hpp"
#include "harness/fixture.hpp"
#include "io/support.hpp"

using namespace strata;
using io_test::bits, io_test::file_error, io_test::missing, io_test::read_text, io_test::write_text;

namespace {

const std::filesystem::path keras_files = strata::test::tests_directory() / "oracle/keras/files";
const std::filesystem::path pytorch_files = strata::test::tests_directory() / "oracle/pytorch_weights";

struct Chain : Sequential<Input<6, 6, 2>, Normalization, Conv2D<3, 3>, BatchNorm, PReLU<SharedAxes{1, 2}>, Dropout<0.5>,
                          SeparableConv2D<4, 2>, DepthwiseConv2D<2, NoBias>, Flatten, Dense<3>> {};

/// Keras made the shortcut first, and the other branch is a model of its own there.
struct Branches : Sequential<Input<5, 5, 4>, Conv2D<4, 3, Same>,
                             Add<Sequential<Conv2D<4, 3, Same>, BatchNorm>, Conv2D<4, 3, Same>>, GlobalAveragePooling2D,
                             Dense<2>> {};

using Norm = BatchNormWith<Epsilon{1e-5}>;
using Block = Residual<Conv2D<4, 3, Same, NoBias>, Norm, ReLU, Conv2D<4, 3, Same, NoBias>, Norm,
                       Projection<Conv2D<4, 1, NoBias>, Norm>>;
struct Torch : Sequential<Input<6, 6, 2>, Conv2D<4, 3>, Norm, Block, Block, Conv2DTranspose<2, 2, Strides{2}>,
                          Conv2D<6, 3, Groups{2}>, Flatten, Norm, Dense<5, activation<ReLU>>, Dense<3>> {};
struct Generator : Sequential<Input<3>, Dense<24>, Norm, Reshape<3, 2, 4>, Conv2D<2, 2>> {};

/// The largest difference to what the other library computes from the same inputs.
template <class Net>
double error(const Model<Net>& model, const std::string& answer) {
  const strata::test::Fixture fixture(answer);
  const std::vector<float> x = fixture.floats("x"), expected = fixture.floats("y");
  std::vector<float> y(expected.size());
  const Engine<Net> engine{model};
  engine(x, y);
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    largest = std::max(largest, std::abs(double{expected[i]}));
    difference = std::max(difference, std::abs(double{y[i]} - double{expected[i]}));
  }
  REQUIRE(largest > 0.1);
  return difference / largest;
}

std::string lines_of(const WeightMap& map, std::string_view start) {
  std::string lines;
  for (const WeightSource& source : map)
    if (source.weight.starts_with(start)) lines += to_string({source});
  return lines;
}

}  // namespace

TEST_CASE("every format of Keras holds the same weights", "[io][keras]") {
  Model<Chain> first;
  const WeightMap map = load_weights(first, keras_files / "chain.keras");
  CHECK(error(first, "keras/files/chain") < 1e-6);
  CHECK(map.size() == 16);
  CHECK(lines_of(map, "conv2d/") ==
        "conv2d/kernel <- layers/conv2d/vars/0\nconv2d/bias <- layers/conv2d/vars/1\n");
  for (const char* file : {"chain.weights.h5", "shards.weights.json", "keras2.h5", "keras3.h5", "fortran.npz"}) {
    INFO(file);
    Model<Chain> model{Seed{2}};
    CHECK(load_weights(model, keras_files / file).size() == 16);
    CHECK(bits(model.parameters()) == bits(first.parameters()));
  }
}

TEST_CASE("layers of a file are found in Keras' order, whatever they are called", "[io][keras]") {
  Model<Branches> model;
  const WeightMap map = load_weights(model, keras_files / "branches.keras");
  CHECK(error(model, "keras/files/branches") < 1e-6);
  CHECK(lines_of(map, "conv2d_1/") == "conv2d_1/kernel <- layers/sequential/layers/conv2d/vars/0\n"
                                      "conv2d_1/bias <- layers/sequential/layers/conv2d/vars/1\n");
  CHECK(lines_of(map, "conv2d_2/kernel") == "conv2d_2/kernel <- layers/conv2d_1/vars/0\n");
}

// Sorted by name, bn1 of the network could as well follow layer1, whose blocks would then start with their own.
TEST_CASE("a state dict of PyTorch is found by structure and brought into Keras' order", "[io][keras]") {
  Model<Torch> model;
  const WeightMap map = load_weights(model, pytorch_files / "net.safetensors");
  CHECK(error(model, "pytorch_weights/net_answer") < 1e-6);
  CHECK(lines_of(map, "dense/") == "dense/kernel <- classifier.2.weight as (5, 6, 6, 6), axes (2, 3, 1, 0)\n"
                                   "dense/bias <- classifier.2.bias\n");
  CHECK(lines_of(map, "conv2d_3/") ==
        "conv2d_3/kernel <- layer1.0.downsample.0.weight as (4, 4, 1, 1), axes (2, 3, 1, 0)\n");

  Model<Generator> generator;
  load_weights(generator, pytorch_files / "generator.safetensors");
  CHECK(error(generator, "pytorch_weights/generator_answer") < 1e-6);

  Model<Torch> again{Seed{3}};
  load_weights(again, pytorch_files / "net.safetensors", map);
  CHECK(bits(again.parameters()) == bits(model.parameters()));
  CHECK(missing(file_error([&] { load_weights(again, pytorch_files / "generator.safetensors", map); }),
                {"generator.safetensors", "missing conv1.weight (3, 3, 2, 4)", "missing classifier.4.bias (3,)"}) ==
        "");
}

TEST_CASE("what was saved for Keras and NumPy comes back to the bit", "[io][keras]") {
  const io_test::Directory directory;
  Model<Chain> saved{Seed{7}};
  for (const char* file : {"net.weights.h5", "net.npz", "net.keras"}) {
    INFO(file);
    const auto save = [&] {
      if (std::string_view(file).ends_with(".keras")) save_keras(saved, directory / file);
      else save_weights(saved, directory / file);
      return read_text(directory / file);
    };
    const std::string bytes = save();
    CHECK(save() == bytes);
    Model<Chain> loaded{Seed{8}};
    load_weights(loaded, directory / file);
    CHECK(bits(loaded.parameters()) == bits(saved.parameters()));
  }
  CHECK(directory.entries() == 3);
  CHECK(missing(file_error([&] { save_weights(saved, directory / "a.keras"); }), {"a.keras", "save_keras"}) == "");
}

namespace {

struct Body : Sequential<Conv2D<3, 3>, BatchNorm, PReLU<SharedAxes{1, 2}>> {};
struct Transfer : Sequential<Input<6, 6, 2>, Normalization, Frozen<Body>, GlobalAveragePooling2D, Dense<7>> {};
struct Named : Graph<Node<"x", Input<6, 6, 2>>, Node<"norm", Normalization, "x">, Node<"stem", Conv2D<3, 3>, "norm">,
                     Node<"pooled", GlobalAveragePooling2D, "stem">, Node<"dense", Dense<7>, "pooled">,
                     Outputs<"dense">> {};
struct Wider : Sequential<Input<6, 6, 2>, Normalization, Conv2D<5, 3>, BatchNorm, PReLU<SharedAxes{1, 2}>,
                          SeparableConv2D<4, 2>, DepthwiseConv2D<2, NoBias>, Flatten, Dense<4>> {};
struct Classifier : Sequential<Input<6, 6, 6>, Flatten, Norm, Dense<5, activation<ReLU>>, Dense<7>> {};
struct Twins : Sequential<Input<4, 4, 2>, Add<Conv2D<2, 1>, Conv2D<2, 1>>> {};

}  // namespace

TEST_CASE("a part of a file is loaded where that is asked for", "[io][keras]") {
  Model<Chain> whole;
  load_weights(whole, keras_files / "chain.keras");
  Model<Transfer> model{Seed{1}};
  const std::string head = bits(model.get<"dense/kernel">().elements);
  CHECK(load_weights(model, keras_files / "chain.keras", Partial{}).size() == 3 + 2 + 4 + 1);
  CHECK(bits(model.get<"conv2d/kernel">().elements) == bits(whole.get<"conv2d/kernel">().elements));
  CHECK(bits(model.get<"p_re_lu/alpha">().elements) == bits(whole.get<"p_re_lu/alpha">().elements));
  CHECK(bits(model.get<"dense/kernel">().elements) == head);

  Model<Named> named{Seed{1}};
  const auto load_named = [&](const Partial& partial) {
    return to_string(load_weights(named, keras_files / "keras2.h5", partial));
  };
  CHECK(load_named({.names = {{"norm", "normalization"}}}).ends_with("count:0\n"));
  CHECK(missing(file_error([&] { load_named({.names = {{"dense", "dense"}, {"stem", "stems"}, {"y", "stem"}}}); }),
                {"dense/kernel expected F32 (3, 7), received F32 (16, 3)", "no layer of the file: stems",
                 "no layer of the network: y"}) == "");
  Model<Classifier> classifier;
  const Partial part{.prefix = "classifier."};
  CHECK(missing(to_string(load_weights(classifier, pytorch_files / "net.safetensors", part)),
                {"batch_normalization/gamma <- classifier.1.weight as (6, 6, 6), axes (1, 2, 0)",
                 "dense/kernel <- classifier.2.weight"}) == "");
}

TEST_CASE("a file that does not fit is one error with all that is wrong", "[io][keras]") {
  const io_test::Directory directory;
  Model<Wider> model{Seed{4}};
  const std::string before = bits(model.parameters());
  const std::string text = file_error([&] { load_weights(model, keras_files / "keras3.h5"); });
  CHECK(missing(text, {"keras3.h5: expected the network's 16 weights, received 16 tensors",
                       "conv2d/kernel expected F32 (3, 3, 2, 5), received F32 (3, 3, 2, 3)",
                       "batch_normalization/moving_variance expected F32 (5,), received F32 (3,)",
                       "dense/bias expected F32 (4,), received F32 (3,)"}) == "");
  CHECK(missing(text, {"normalization/mean "}) != "");

  // Nothing says which of two equal layers is which.
  const std::vector<float> kernel{1, 2, 3, 4}, bias{5, 6};
  std::vector<TensorEntry> entries;
  for (const char* name : {"left", "right"}) {
    entries.push_back({std::string(name) + "/kernel", "F32", {1, 1, 2, 2}, std::as_bytes(std::span(kernel)), 0});
    entries.push_back({std::string(name) + "/bias", "F32", {2}, std::as_bytes(std::span(bias)), 0});
  }
  write_tensors(directory / "twins", entries);
  Model<Twins> twins;
  CHECK(missing(file_error([&] { load_weights(twins, directory / "twins"); }),
                {"two ways", "conv2d: left or right", "conv2d_1: right or left", "Partial{.names"}) == "");
  CHECK(load_weights(twins, directory / "twins", Partial{.names = {{"conv2d", "right"}, {"conv2d_1", "left"}}})
            .size() == 4);

  const auto reader = std::exchange(detail::hdf5_format.read, nullptr);
  CHECK(missing(file_error([&] { load_weights(model, keras_files / "keras3.h5"); }),
                {"received an HDF5 file", "include <strata/io/hdf5.hpp> (CMake: strata::hdf5)"}) == "");
  detail::hdf5_format.read = reader;
  CHECK(bits(model.parameters()) == before);
}

TEST_CASE("what happens to the reader of a file stays in its process", "[io][keras]") {
  const io_test::Directory directory;
  write_text(directory / "x", "");
  const auto sentence = [&](auto read) { return file_error([&] { detail::read_isolated(directory / "x", 0, read); }); };
  const auto hang = [](auto&) {
    for (volatile bool forever = true; forever;) {}
  };
  CHECK(missing(sentence([](auto&) { std::raise(SIGTERM); }), {"byte 0", "3 s and 64 MiB", "'Terminated'"}) == "");
  CHECK(missing(sentence(hang), {"can be read in 3 s", "the file is damaged"}) == "");
  CHECK(missing(sentence([](auto&) { std::vector<char>(std::size_t{1} << 33, 'x'); }), {"x: byte 0", "damaged"}) == "");
  CHECK(missing(sentence([](auto& found) { found.add("bomb", "F32", {1, 2}); }),
                {"contents of at most 100 times the file's size", "\"bomb\", which claims more"}) == "");

  const std::string start = detail::npy_start({std::size_t{1} << 40, 1000});
  detail::ZipWriter archive(directory / "bomb.npz");
  archive.add("conv2d/kernel.npy", std::as_bytes(std::span(start)));
  write_file_atomically(directory / "bomb.npz", {archive.bytes()});
  CHECK(missing(file_error([&] { read_npz(directory / "bomb.npz"); }), {"conv2d/kernel", "which claims more"}) == "");
}

namespace {

/// The model of a file, for TensorFlow.js: model.json, weights.bin.
void write_tensorflowjs(const std::filesystem::path& from, const io_test::Directory& directory) {
  const TensorFile file = read_keras(from);
  nlohmann::json weights = nlohmann::json::array();
  std::string data;
  for (const importing::Node& node : importing::read_network(file).nodes)
    for (const importing::Tensor& weight : node.weights) {
      weights.push_back({{"name", node.name + '/' + weight.name}, {"shape", weight.shape}, {"dtype", "float32"}});
      data += bits(weight.values);
    }
  const nlohmann::json model{
      {"modelTopology", {{"model_config", nlohmann::json::parse(file.metadata().at("model_config"))}}},
      {"weightsManifest", {{{"paths", {"weights.bin"}}, {"weights", weights}}}}};
  write_text(directory / "model.json", model.dump());
  write_text(directory / "weights.bin", data);
}

}  // namespace

// STRATA_DAMAGED_FILES=5000: so many instead of a few; `scripts/test asan` has the sanitizers for it.
TEST_CASE("a damaged file of any format gives an Error or a whole model, soon and in little memory", "[io][fuzz]") {
  const char* const wanted = std::getenv("STRATA_DAMAGED_FILES");
  const std::uint64_t count = wanted != nullptr ? std::stoul(wanted) : 100;
  const io_test::Directory directory;
  std::vector<std::string> names{"chain.keras", "chain.weights.h5", "keras2.h5", "keras3.h5", "fortran.npz",
                                 "shards.weights.json", "shards_00000.weights.h5", "shards_00001.weights.h5"};
  for (const std::string& name : names) write_text(directory / name, read_text(keras_files / name));
  write_tensorflowjs(keras_files / "chain.keras", directory);
  Model<Chain> model{Seed{2}};
  save_weights(model, directory / "net.safetensors");
  names.insert(names.end(), {"model.json", "weights.bin", "net.safetensors"});
  const std::string before = bits(model.parameters());

  // What is read where `name` is damaged.
  const auto read = [&](const std::string& name) {
    if (name == "model.json" || name == "weights.bin")
      return void(importing::read_network(importing::read_tensorflowjs(directory / "model.json")));
    load_weights(model, directory / (name.starts_with("shards") ? "shards.weights.json" : name));
    std::ranges::copy(Model<Chain>{Seed{2}}.parameters(), model.parameters().begin());
    if (name == "chain.keras") importing::read_network(read_keras(directory / name));
    if (name == "keras2.h5" || name == "keras3.h5") importing::read_network(read_hdf5(directory / name));
  };
  std::size_t refused = 0, loaded = 0;
  for (std::uint64_t round = 0; round < count; ++round) {
    const std::string& name = names[round % names.size()];
    INFO(name << " round " << round);
    const std::string whole = read_text(directory / name);
    write_text(directory / name, test::damaged(whole, Random(Seed{99}).split(round)));
    const test::Taken before_it;
    try {
      read(name);
      ++loaded;
    } catch (const Error& error) {
      ++refused;
      INFO(error.what());
      if (std::string_view(error.what()).find(directory.path.string()) == std::string_view::npos &&
          dynamic_cast<const importing::ImportError*>(&error) == nullptr)
        FAIL("an error without the file's name");
      if (bits(model.parameters()) != before) FAIL("half loaded");
    }
    REQUIRE(test::excess(before_it) == "");
    write_text(directory / name, whole);
  }
  WARN(count << " damaged files: " << refused << " refused, " << loaded << " loaded");
  CHECK(refused > count / 4);
  CHECK(loaded > count / 10);
}
