// Threads by OpenMP: the results of one thread, exceptions, and the same bits for the same number of threads.
#include <atomic>
#include <stdexcept>
#include <vector>

#include <strata/parallel/openmp.hpp>
#include <strata/strata.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {

struct Net : Sequential<Input<12, 12, 3>, Conv2D<16, 3, Same>, BatchNorm, Sigmoid,
                        Residual<Conv2D<16, 3, Same>, BatchNorm>, ReLU, MaxPooling2D<>, Flatten, Dropout<0.5>,
                        Dense<10>> {};

std::vector<float> images(std::size_t count) {
  std::vector<float> values(count * Net::input_shape.size());
  const Random random{Seed{1}};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.uniform(i));
  return values;
}

template <class Parallel>
std::vector<float> trained(Parallel parallel) {
  Model<Net> model{Seed{2}};
  Trainer trainer{model, SparseCategoricalCrossentropy{.from_logits = true}, SGD{.learning_rate = 0.1f}, Seed{3},
                  parallel};
  const auto inputs = images(10);
  const std::vector<int> labels{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (int step = 0; step < 3; ++step) trainer.step(inputs, labels);
  return {model.parameters().begin(), model.parameters().end()};
}

}  // namespace

TEST_CASE("OpenMP runs each share once and hands on exceptions", "[parallel]") {
  std::vector<std::atomic<int>> calls(5);
  OpenMP{5}.run([&](std::size_t t) { ++calls[t]; });
  for (const auto& count : calls) CHECK(count == 1);
  CHECK_THROWS_AS(
      OpenMP{3}.run([](std::size_t t) { if (t == 1) throw std::runtime_error("thread 1"); }), std::runtime_error);
  CHECK_THROWS_AS(OpenMP{0}, InvalidArgument);
  CHECK(OpenMP{}.threads() >= 1);
}

TEST_CASE("inference in threads gives the results of one thread", "[parallel]") {
  const Model<Net> model{Seed{2}};
  const Engine<Net> one{model};
  for (const int threads : {1, 2, 3}) {
    ParallelEngine several{model, OpenMP{threads}};
    for (const std::size_t batch : {1, 2, 7}) {
      const auto input = images(batch);
      std::vector<float> expected(batch * Net::output_shape.size()), output(expected.size());
      one(input, expected);
      several(input, output);
      CHECK(output == expected);
    }
    std::vector<float> output(9);
    CHECK_THROWS_AS(several(images(1), output), InvalidArgument);
  }
}

TEST_CASE("training in threads: the same bits for as many threads, nearly the same for others", "[parallel]") {
  const auto one = trained(Serial{}), two = trained(OpenMP{2}), three = trained(OpenMP{3});
  CHECK(trained(OpenMP{1}) == one);
  CHECK(trained(OpenMP{2}) == two);
  CHECK(trained(OpenMP{3}) == three);
  for (std::size_t i = 0; i < one.size(); ++i) {
    CAPTURE(i);
    REQUIRE(two[i] == Approx(one[i]).margin(1e-4));
    REQUIRE(three[i] == Approx(one[i]).margin(1e-4));
  }
}
