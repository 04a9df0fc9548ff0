// Engine against the layer-by-layer executor, and its promises: no allocation, many threads, clear errors.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <strata/strata.hpp>

#include "harness/allocations.hpp"
#include "harness/check_network.hpp"

using namespace strata;
using test::random_model;

namespace {

template <class Net, class Precision = Fast>
void require_agreement(double tolerance) {
  test::check_engine<Net, Precision>(random_model<Net>(), tolerance);
}

struct Lesson : Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid, Conv2D<32, 3, Same>, BatchNorm,
                           Sigmoid> {};

/// Every kind of step, odd sizes: fused and unfused normalisations, views, pools, last a layer without parameters.
struct Mixed
    : Sequential<Input<9, 7, 5>, Rescaling<0.5, 0.1>, Conv2D<11, Kernel{3, 2}, Same, Strides{2}, activation<GELU>>,
                 BatchNorm, MaxPooling2D<2, Strides{1}>, ZeroPadding2D<1>, Conv2D<6, 3, NoBias, Dilation{2}>, BatchNorm,
                 LeakyReLU<0.2>, Sigmoid, AveragePooling2D<2, Same>, Dropout<0.3>, Flatten,
                 Dense<17, activation<Tanh>>, BatchNorm, Dense<5>, Softmax> {};
struct FlattenOnly : Sequential<Input<2, 3, 4>, Flatten> {};
struct Grouped : Sequential<Input<6, 6, 6>, Conv2D<9, 3, Groups{3}>, ReLU6, GlobalMaxPooling2D, Dense<3, NoBias>,
                            BatchNorm> {};

}  // namespace

TEST_CASE("the engine agrees with the layers one by one", "[runtime]") {
  require_agreement<Lesson>(2e-6);
  require_agreement<Mixed>(5e-6);
  require_agreement<Grouped>(5e-6);
  require_agreement<FlattenOnly>(0);
  require_agreement<Lesson, Exact>(2e-6);
  require_agreement<Lesson, Compact>(2e-6);
}

namespace {

/// The largest difference from the layers one by one in double.
template <class Net, class Precision>
double largest_error() {
  constexpr std::size_t batch = 4;
  const Model<Net> model = random_model<Net>();
  Model<Net, double> exact;
  std::copy(model.parameters().begin(), model.parameters().end(), exact.parameters().begin());
  const auto input = test::noise<float>(batch * Net::input_shape.size(), 7);
  const std::vector<double> same(input.begin(), input.end());
  std::vector<float> output(batch * Net::output_shape.size());
  const Engine<Net, Precision> engine{model};
  engine(input, output);
  Executor<Net, simd::Vector<double>> executor;
  const double* expected = executor.forward(exact.parameters().data(), same.data(), batch);
  double worst = 0;
  for (std::size_t i = 0; i < output.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(output[i]) - expected[i]));
  return worst;
}

}  // namespace

TEST_CASE("outputs of order one are off by 2e-6 at most, Exact ones by 8e-7", "[runtime]") {
  CHECK(largest_error<Lesson, Fast>() <= 2e-6);
  CHECK(largest_error<Lesson, Exact>() <= 8e-7);
}

TEST_CASE("an engine call allocates nothing, whatever the batch", "[runtime]") {
  const Model<Mixed> model = random_model<Mixed>();
  const Engine<Mixed> engine{model};
  const auto input = test::noise<float>(20 * Mixed::input_shape.size(), 1);
  std::vector<float> output(20 * Mixed::output_shape.size());
  const std::size_t before = test::allocations();
  engine(std::span(input).first(Mixed::input_shape.size()), std::span(output).first(Mixed::output_shape.size()));
  engine(input, output);
  REQUIRE(test::allocations() == before);
}

TEST_CASE("many threads share one engine, each with its workspace", "[runtime]") {
  const Model<Mixed> model = random_model<Mixed>();
  const Engine<Mixed> engine{model};
  const std::size_t batch = 50;
  const auto input = test::noise<float>(batch * Mixed::input_shape.size(), 2);
  std::vector<float> expected(batch * Mixed::output_shape.size());
  engine(input, expected);
  std::vector<std::vector<float>> outputs(4, std::vector<float>(expected.size()));
  std::vector<std::thread> threads;
  for (auto& output : outputs)
    threads.emplace_back([&] {
      Engine<Mixed>::Workspace workspace;
      engine(input, output, workspace);
    });
  for (auto& thread : threads) thread.join();
  for (const auto& output : outputs) REQUIRE(output == expected);
}

TEST_CASE("an engine is a value: copies run alone and survive their model", "[runtime]") {
  const auto input = test::noise<float>(Grouped::input_shape.size(), 3);
  std::vector<float> expected(3), output(3);
  std::unique_ptr<Engine<Grouped>> copy;
  {
    const Model<Grouped> model = random_model<Grouped>();
    const Engine<Grouped> engine{model};
    engine(input, expected);
    copy = std::make_unique<Engine<Grouped>>(engine);
  }
  (*copy)(input, output);
  REQUIRE(output == expected);
}

TEST_CASE("spans of the wrong size are refused before anything is written", "[runtime]") {
  const Engine<Grouped> engine{Model<Grouped>{}};
  const std::size_t in = Grouped::input_shape.size(), out = Grouped::output_shape.size();
  const auto refused = [&](std::size_t input_size, std::size_t output_size) {
    const std::vector<float> input(input_size, 1.0f);
    std::vector<float> output(output_size, 99.0f);
    try {
      engine(input, output);
      FAIL("no exception");
    } catch (const InvalidArgument& error) {
      const std::string sentence = error.what();
      CAPTURE(sentence);
      REQUIRE(sentence.find("batch * " + std::to_string(in)) != std::string::npos);
      REQUIRE(sentence.find("received " + std::to_string(input_size) + " and " + std::to_string(output_size)) !=
              std::string::npos);
    }
    for (const float value : output) REQUIRE(value == 99.0f);
  };
  refused(in - 1, out);
  refused(in + 1, out);
  refused(in, out - 1);
  refused(in, 2 * out);
  refused(2 * in, out);
  std::vector<float> none;
  REQUIRE_NOTHROW(engine(none, none));  // an empty batch
}

TEST_CASE("an output may lie beside an input, not over it", "[runtime]") {
  const Engine<Grouped> engine{random_model<Grouped>()};
  constexpr std::size_t batch = 2, in = batch * Grouped::input_shape.size(), out = batch * Grouped::output_shape.size();
  const std::vector<float> input = test::noise<float>(in, 4);
  std::vector<float> expected(out);
  engine(input, expected);
  Engine<Grouped>::Workspace workspace;
  for (std::size_t place = 0; place <= in + out; ++place) {
    std::vector<float> memory(out + in + out, 99.0f);
    std::copy(input.begin(), input.end(), memory.begin() + out);
    const std::vector<float> before = memory;
    const std::span all(memory), output = all.subspan(place, out);
    const std::span<const float> images = all.subspan(out, in);
    CAPTURE(place);
    if (place == 0 || place == in + out) {
      engine(images, output);
      REQUIRE(std::equal(output.begin(), output.end(), expected.begin()));
    } else {
      REQUIRE_THROWS_AS(engine(images, output), InvalidArgument);
      REQUIRE_THROWS_AS(engine(images, output, workspace), InvalidArgument);
      REQUIRE(memory == before);
    }
  }
}
