// Engines of several threads: the bits of one, for one image as for many, whoever else computes meanwhile.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#if defined(__unix__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <strata/parallel/threads.hpp>
#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;

namespace {

/// Winograd by rows of tiles (24x21: the last overlap) and by blocks of channels (6x6), a pooling, few and many units.
struct Tiles : Sequential<Input<24, 21, 3>, Conv2D<40, 3, Same>, BatchNorm, Sigmoid, Conv2D<72, 3, Same>, ReLU,
                          MaxPooling2D<4>, Conv2D<200, 3, Same>, AveragePooling2D<>, Flatten, Dense<70>, Softmax> {};
/// Direct sums in rows of tiles and in one row, groups, strides, depthwise of rows and of vectors (K = 7), a residual,
/// a scale a channel.
using Inner = Sequential<DepthwiseConv2D<3, Same>, ReLU6, Conv2D<72, 1>, BatchNorm>;
using Excite = Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Dense<9, activation<SiLU>>,
                                                 Dense<72, activation<Sigmoid>>>>;
struct Mobile : Sequential<Input<31, 30, 8>, ZeroPadding2D<1>, Conv2D<72, 3, Strides{2}>, Residual<Inner>, Excite,
                           Conv2D<72, 5, Pad{2, 1}, Groups{3}>, DepthwiseConv2D<7, Same>, SiLU, GlobalAveragePooling2D,
                           Dense<5>> {};
/// Slices of a concatenation, a sum, maxima, and branches that need not wait for each other.
using Branch = Sequential<Conv2D<20, 1>, ReLU, Conv2D<40, 3, Same>>;
struct Branches : Sequential<Input<20, 20, 16>, Concatenate<Conv2D<33, 1>, Branch, MaxPooling2D<3, Strides{1}, Pad{1}>>,
                             Maximum<Conv2D<48, 1>, Conv2D<48, 3, Same>>, Add<Conv2D<16, 1>, Conv2D<16, 5, Same>>,
                             Flatten, Dense<7>> {};
/// Large images, made band by band: threads make rows around their own, too.
struct Bands : Sequential<Input<65, 68, 4>, Conv2D<32, 3, Same>, DepthwiseConv2D<3, Same>, ReLU6, ZeroPadding2D<1>,
                          DepthwiseConv2D<5, Strides{2}>, Conv2D<7, 1>, Flatten, Dense<5>> {};
static_assert(Bands::inference_plan().run_end[1] == 3);
/// A layer with several outputs.
struct Halves : Graph<Node<"x", Input<20, 20, 16>>, Node<"s", Split<2>, "x">, Node<"a", Conv2D<8, 3, Same>, "s:0">,
                      Node<"m", Multiply<>, "a", "s:1">, Node<"y", Sequential<Conv2D<16, 3>, ReLU>, "m">,
                      Outputs<"y">> {};

/// Threads<n> for any n: each network is compiled once.
struct Several : Threads<1> {
  static inline int wanted = 1;
  static int count() { return wanted; }
  static void start() { detail::ThreadPool::get().start(wanted); }
  template <class F>
  static bool run_together(int stages, F&& f) {
    return detail::ThreadPool::get().run(wanted, stages, f);
  }
};

template <class Net>
void check() {
  constexpr std::size_t in = Net::input_shape.size(), out = Net::output_shape.size();
  const auto images = test::noise<float>(7 * in, 5);
  const Model<Net> model = test::random_model<Net>();
  const Engine<Net> one{model};
  for (const int threads : {1, 2, 3, 5}) {
    Several::wanted = threads;
    const Engine<Net, Several> several{model};
    for (std::size_t batch = 0; batch <= 7; ++batch) {
      const std::span input(images.data(), batch * in);
      std::vector<float> expected(batch * out), output(batch * out, 99.0f);
      one(input, expected);
      for (int again = 0; again < 3; ++again) several(input, output);
      CAPTURE(threads, batch);
      REQUIRE(output == expected);
    }
  }
}

}  // namespace

TEST_CASE("an image's bits do not depend on the threads that share it", "[parallel]") {
  check<Tiles>();
  check<Mobile>();
  check<Branches>();
  check<Bands>();
  check<Halves>();
}

TEST_CASE("an overflow in some channels is mended alike by any number of threads", "[parallel]") {
  auto images = test::noise<float>(Tiles::input_shape.size(), 5);
  images[100] = std::numeric_limits<float>::quiet_NaN();
  images[400] = 1e37f;
  const Model<Tiles> model = test::random_model<Tiles>();
  std::vector<float> one(Tiles::output_shape.size()), two = one;
  Engine<Tiles>{model}(images, one);
  Several::wanted = 2;
  Engine<Tiles, Several>{model}(images, two);
  REQUIRE(std::equal(one.begin(), one.end(), two.begin(),
                     [](float a, float b) { return a == b || (a != a && b != b); }));
}

TEST_CASE("engines at the same time share the process's threads", "[parallel]") {
  const Model<Branches> model = test::random_model<Branches>();
  Several::wanted = 2;
  const Engine<Branches, Several> engine{model};
  const auto images = test::noise<float>(Branches::input_shape.size(), 5);
  std::vector<float> expected(Branches::output_shape.size());
  Engine<Branches>{model}(images, expected);
  std::atomic<int> wrong{0};
  const auto call = [&] {
    Engine<Branches, Several>::Workspace workspace;
    std::vector<float> output(expected.size());
    for (int i = 0; i < 50; ++i) {
      engine(images, output, workspace);
      wrong += output != expected;
    }
  };
  std::thread other(call);
  call();
  other.join();
  REQUIRE(wrong == 0);
}

TEST_CASE("each part of a stage is done once, and before the next stage", "[parallel]") {
  detail::ThreadPool& pool = detail::ThreadPool::get();
  pool.start(5);
  for (const int threads : {2, 5, 3, 4, 5}) {
    constexpr int stages = 200;
    std::array<std::atomic<int>, stages> done{};
    std::atomic<int> wrong{0};
    REQUIRE(pool.run(threads, stages, [&](int stage, int part) {
      const auto nth = static_cast<std::size_t>(stage);
      wrong += stage > 0 && done[nth - 1] != threads;
      if ((stage + part) % 37 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));  // others are early
      ++done[nth];
    }));
    for (const auto& parts : done) REQUIRE(parts == threads);
    REQUIRE(wrong == 0);
  }
}

#if defined(__unix__)
TEST_CASE("threads that never come are not waited for: a forked process has none", "[parallel]") {
  const Model<Branches> model = test::random_model<Branches>();
  Several::wanted = 3;
  const Engine<Branches, Several> engine{model};
  const auto images = test::noise<float>(Branches::input_shape.size(), 5);
  std::vector<float> expected(Branches::output_shape.size()), output(expected.size());
  engine(images, expected);
  const pid_t child = fork();
  if (child == 0) {
    engine(images, output);
    _exit(output == expected ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}
#endif

TEST_CASE("denormal numbers are zeros to an engine, and the caller's mode stays", "[parallel]") {
  using Twice = Sequential<Input<4>, Rescaling<2.0>>;
  std::array<float, 4> input{1e-39f, -1e-40f, 1.0f, 1e-37f}, output{};
  volatile float tiny = 1e-39f;
  const Model<Twice> model;
  for (const bool threads : {false, true}) {
    if (threads) Engine<Twice, Threads<2, Exact>>{model}(input, output);
    else Engine<Twice>{model}(input, output);
#if defined(__SSE__) || defined(__aarch64__)
    REQUIRE(output == std::array{0.0f, 0.0f, 2.0f, 2e-37f});
#endif
    REQUIRE(tiny * 2 > 0);
  }
}

TEST_CASE("threads as the policy of a trainer: all run, and the first exception comes to the caller", "[parallel]") {
  const Threads<3> threads;
  std::array<std::atomic<int>, 3> calls{};
  const auto count = [&](std::size_t t) { ++calls.at(t); };
  threads.run(count);
  for (const auto& n : calls) REQUIRE(n == 1);
  using Net = Sequential<Input<4>, Dense<2>>;
  Model<Net> model;
  const Trainer trainer{model, MeanSquaredError{}, SGD{}, Seed{1}, threads};
  static_assert(std::same_as<decltype(trainer), const Trainer<Net, MeanSquaredError, SGD, simd::Vector<float>, Threads<3>>>);
  REQUIRE_THROWS_AS(threads.run([](std::size_t t) {
    if (t == 2) throw std::out_of_range("a label");
  }),
                    std::out_of_range);
  threads.run([&](std::size_t) { threads.run(count); });  // one inside of another
  for (const auto& n : calls) REQUIRE(n == 4);
}
