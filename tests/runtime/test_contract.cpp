// The contract with the user: the program on the first page of the design, as it stands there, and every name and
// spelling that is promised beside it.
#include <cmath>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "harness/catch.hpp"

#include <strata/io/safetensors.hpp>
#include <strata/strata.hpp>

using namespace strata;

namespace {

struct Net : Sequential<
    Input<32, 32, 3>,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid,
    Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};

static_assert(Net::param_count == 10'400);
static_assert(Net::trainable_param_count == 10'272);
static_assert(Net::non_trainable_param_count == 128);
static_assert(Net::output_shape == Shape{32, 32, 32});

static_assert(Net::input_shape == Shape{32, 32, 3} && Net::input_shape.size() == 3'072);
static_assert(std::same_as<decltype(Net::param_count), const std::size_t>);
static_assert(Net::layer_count == 6);
static_assert(Net::mac_count == 32 * 32 * 9 * 32 * (3 + 32));
static_assert(Net::inference_arena_bytes<> <= 256 * 1024);
static_assert(Net::inference_arena_bytes<4> == 4 * Net::inference_arena_bytes<1>);

/// The same network by `using`.
using Alias =
    Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid, Conv2D<32, 3, Same>, BatchNorm, Sigmoid>;
static_assert(Alias::param_count == Net::param_count && Alias::output_shape == Net::output_shape);

/// Images with a class for each pixel, as the network's 32x32 outputs of 32 classes ask for: where the pixel is bright.
Dataset images(std::size_t count, Seed seed) {
  const Random random(seed);
  Samples samples{.shape = {32, 32, 3}};
  for (std::size_t pixel = 0; pixel < count * 32 * 32; ++pixel) {
    const int label = static_cast<int>(random.below(pixel, 2)) * 7;
    samples.labels.push_back(label);
    samples.inputs.insert(samples.inputs.end(), 3, static_cast<float>(label) / 7);
  }
  return Dataset(std::move(samples));
}

/// A new directory that is the current one as long as this lives.
class WorkingDirectory {
 public:
  WorkingDirectory()
      : before_(std::filesystem::current_path()), own_(std::filesystem::temp_directory_path() / "strata_contract") {
    std::filesystem::create_directories(own_);
    std::filesystem::current_path(own_);
  }
  ~WorkingDirectory() {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(own_);
  }

 private:
  std::filesystem::path before_, own_;
};

/// Standard output, as text, as long as this lives.
class Captured {
 public:
  Captured() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  ~Captured() { std::cout.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

}  // namespace

TEST_CASE("contract: the program of the design runs as written", "[runtime]") {
  const WorkingDirectory here;
  const Dataset train = images(8, Seed{1}), test = images(4, Seed{2});
  std::vector<float> input(2 * Net::input_shape.size(), 0.25f), output(2 * Net::output_shape.size());
  std::string printed;
  {
    const Captured out;
    std::cout << summary<Net>();
    printed = out.text();
  }
  CHECK(printed.find("Total params: 10,400\nTrainable params: 10,272\nNon-trainable params: 128\n") != printed.npos);

  Model<Net> model{Seed{42}};
  auto history = fit(model, train, Adam{.learning_rate = 1e-3f}, SparseCategoricalCrossentropy{},
                     {.epochs = 5, .batch_size = 64, .validation = &test});
  save_weights(model, "net.safetensors");
  Engine<Net> engine{model};
  engine(input, output);

  CHECK(history.loss.size() == 5);
  CHECK(history.val_loss.size() == 5);
  CHECK(history.loss.back() < history.loss.front());

  Model<Net> other{Seed{1}};
  load_weights(other, "net.safetensors");
  CHECK(std::equal(model.parameters().begin(), model.parameters().end(), other.parameters().begin()));
  const std::vector<float> expected = predict(other, input);
  for (std::size_t i = 0; i < output.size(); ++i) REQUIRE(std::abs(output[i] - expected[i]) < 1e-5f);
}

TEST_CASE("contract: a step of a Trainer, from labels or from targets", "[runtime]") {
  using Small = Sequential<Input<4, 4, 1>, Conv2D<4, 3, Same, activation<ReLU>>, Flatten, Dense<3>>;
  Model<Small> model{Seed{42}};
  CHECK(model.parameters().size() == Small::param_count);
  CHECK(model.get<"conv2d/kernel">().shape == Shape{3, 3, 1, 4});

  const std::vector<float> inputs(2 * Small::input_shape.size(), 0.5f);
  const std::vector<int> labels{0, 2};
  Trainer<Small, SparseCategoricalCrossentropy, SGD> sparse{
      model, SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = 0.05f, .momentum = 0.9f}};
  const float first = sparse.step(std::span<const float>(inputs), std::span<const int>(labels));
  const float second = sparse.step(inputs, labels);
  CHECK(second < first);

  const std::vector<float> targets{1, 0, 0, 0, 0, 1};
  Trainer dense{model, CategoricalCrossentropy{.from_logits = true}, Adam{}};
  CHECK(dense.step(inputs, targets) < second);
  CHECK_THROWS_AS(dense.step(std::span(inputs).first(5), targets), Error);
}

TEST_CASE("contract: every spelling of a definition", "[runtime]") {
  using Spelled = Sequential<
      Input<32, 32, 4>,
      Conv2D<64, Kernel{3, 5}, Same, Strides{2}, Groups{4}, NoBias>, LeakyReLU<0.3>,
      Conv2D<32, 3, Dilation{2}, activation<ReLU>>, ELU<1.0>, Dropout<0.5>,
      BatchNormWith<Momentum{0.9}, Epsilon{1e-5}>, Sigmoid, MaxPooling2D<>, ZeroPadding2D<1>,
      Conv2D<16, 3, Same>, Tanh, MaxPooling2D<3, Strides{2}, Same>,
      Conv2D<16, 1>, GELU, Conv2D<16, 1>, SiLU, Conv2D<16, 1>, Softplus, Conv2D<16, 1>, HardSigmoid,
      GlobalAveragePooling2D, Dense<10, activation<Softmax>>>;
  CHECK(Spelled::output_shape == Shape{10});
  CHECK(Model<Spelled>{}.parameters().size() == Spelled::param_count);
}
