// Training steps of several threads, which share the samples of a batch and the work on one sample.
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include <strata/parallel/threads.hpp>
#include <strata/strata.hpp>

#include "harness/check_network.hpp"
#include "harness/sanitized.hpp"
#include "train/support.hpp"

using namespace strata;

namespace {

/// Winograd by rows of tiles and by blocks of channels, an input without a border, a stride that leaves cells out
/// (1x1, stride 2), groups, depthwise of small and large kernels, poolings that overlap or not, a sum whose operand has
/// two readers, random masks, dense layers of more features than units and the other way round.
using Inner = Sequential<Conv2D<40, 3, Same>, ReLU, Conv2D<40, 1>>;
struct Plain : Sequential<Input<33, 30, 5>, Conv2D<24, 3, Same>, ReLU, DepthwiseConv2D<3, Same>, Conv2D<40, 3>, SiLU,
                          Residual<Inner>, Dropout<0.3>, MaxPooling2D<2>, DepthwiseConv2D<7, Same>,
                          Conv2D<80, 1, Strides{2}>, Tanh, AveragePooling2D<3, Strides{2}, Same>,
                          Conv2D<80, 3, Same, Groups{2}>, Conv2D<136, 3, Same>, ReLU, Flatten, Dense<300>, ReLU,
                          Dense<5>> {};
/// The same kinds with normalisations, whose statistics are of the whole batch, and some of them frozen. Smooth:
/// statistics differ in their last bits, and no function turns these into more.
using Normal = Sequential<Conv2D<24, 3, Same, NoBias>, BatchNorm, SiLU>;
struct Normalised
    : Sequential<Input<31, 32, 16>, Normal, Residual<Conv2D<24, 3, Same>, BatchNorm>, Frozen<Conv2D<32, 3, Same>>,
                 Frozen<BatchNorm>, SiLU, Concatenate<Conv2D<16, 1>, Sequential<DepthwiseConv2D<5, Same>, BatchNorm>>,
                 AveragePooling2D<3, Strides{2}>, GlobalAveragePooling2D, Dense<5>> {};
/// Two inputs, two outputs, an operand that is broadcast.
struct Forked
    : Graph<Node<"x", Input<24, 28, 20>>, Node<"z", Input<24, 28, 20>>, Node<"a", Conv2D<20, 3, Same>, "x">,
            Node<"b", Conv2D<20, 5, Same>, "z">, Node<"m", Multiply<>, "a", "b">, Node<"s", Maximum<>, "m", "x">,
            Node<"g", Sequential<GlobalAveragePooling2D, Dense<20, activation<Sigmoid>>>, "s">,
            Node<"scaled", Multiply<>, "s", "g">, Node<"p", Sequential<Conv2D<2, 1>, Flatten, Dense<3>>, "scaled">,
            Node<"q", Sequential<BatchNorm, Flatten, Dense<4>>, "b">, Outputs<"p", "q">> {};

// More samples than threads, fewer, and some left over, which groups of threads share.
#ifdef STRATA_SANITIZED
constexpr std::array batches{1u, 3u, 5u};
constexpr std::array team_sizes{4u, 7u};
#else
constexpr std::array batches{1u, 2u, 3u, 5u};
constexpr std::array team_sizes{2u, 3u, 4u, 7u};
#endif

/// So many threads; or as many calls one after another, the last first: what one does must not need another's.
struct Several {
  std::size_t count;
  bool in_turn = false;

  std::size_t threads() const { return count; }
  template <class F>
  void run(F&& f) const {
    detail::ThreadPool& pool = detail::ThreadPool::get();
    pool.start(static_cast<int>(count));
    if (in_turn || !pool.run(static_cast<int>(count), 1, [&](int, int t) { f(static_cast<std::size_t>(t)); }))
      for (std::size_t t = count; t-- > 0;) f(t);
  }
};

/// Parameters, moving averages included, and gradients after some steps.
struct Trained {
  std::vector<double> parameters, gradients;
  friend bool operator==(const Trained&, const Trained&) = default;
};

template <class Net, class Loss, class Parallel, class Step>
Trained train(const Loss& loss, Parallel parallel, Step step) {
  Model<Net, double> model{Seed{3}};
  Trainer trainer{model, loss, SGD{.learning_rate = 0.01f, .momentum = 0.9f}, Seed{5}, parallel};
  for (int i = 0; i < 2; ++i) step(trainer);
  return {{model.parameters().begin(), model.parameters().end()},
          {trainer.gradients().begin(), trainer.gradients().end()}};
}

/// As one thread within rounding, or to the bit; the same bits again, and where threads come in turn.
template <class Train>
void check(std::size_t batch, bool same_bits, Train train) {
  const Trained one = train(Several{1});
  for (const std::size_t threads : team_sizes) {
    CAPTURE(batch, threads);
    const Trained several = train(Several{threads});
    REQUIRE(train_test::difference(several.gradients, one.gradients) < 1e-12);
    REQUIRE(train_test::difference(several.parameters, one.parameters) < 1e-12);
    if (same_bits) REQUIRE(several == one);
    REQUIRE(several == train(Several{threads}));
    REQUIRE(several == train(Several{threads, true}));
  }
}

template <class Net, class Parallel>
Trained train_classifier(std::size_t batch, Parallel parallel) {
  const std::vector<double> images = train_test::normal<double>(batch * Net::input_shape.size(), 7);
  const std::vector<int> labels = train_test::labels(batch, 5, 9);
  return train<Net>(SparseCategoricalCrossentropy{.from_logits = true}, parallel,
                    [&](auto& trainer) { trainer.step(images, labels); });
}

template <class Net>
void check_classifier(bool normalised) {
  for (const std::size_t batch : batches)
    check(batch, batch == 1 && !normalised, [&](Several threads) { return train_classifier<Net>(batch, threads); });
}

}  // namespace

TEST_CASE("threads that share a sample find the gradients of one", "[parallel]") {
  check_classifier<Plain>(false);
  CHECK(train_classifier<Plain>(2, Several{1}) == train_classifier<Plain>(2, Serial{}));
}

TEST_CASE("threads that share a sample normalise it by the whole batch", "[parallel]") {
  check_classifier<Normalised>(true);
}

TEST_CASE("threads share a sample of a network with several inputs and outputs", "[parallel]") {
  for (const std::size_t batch : {1u, 2u, 3u}) {
    const auto x = train_test::normal<double>(batch * 24 * 28 * 20, 7), z = train_test::normal<double>(x.size(), 8),
               p = train_test::normal<double>(batch * 3, 9), q = train_test::normal<double>(batch * 4, 10);
    check(batch, false, [&](Several threads) {
      return train<Forked>(Losses{MeanSquaredError{}, MeanSquaredError{}}, threads, [&](auto& trainer) {
        trainer.step({std::span(x), std::span(z)}, std::array<Targets<double>, 2>{std::span(p), std::span(q)});
      });
    });
  }
}

// Only of three samples on two threads a Dense is computed by two and one, in another order of sums than by three.
TEST_CASE("a forward pass that threads share has the bits of one", "[parallel]") {
  const Model<Normalised> model = test::random_model<Normalised>();
  const auto images = test::noise<float>(3 * Normalised::input_shape.size(), 5);
  using V = simd::Vector<float>;
  Executor<Normalised, V> one;
  for (const std::size_t threads : {2u, 6u})
    for (const std::size_t batch : {1u, 3u}) {
      Executor<Normalised, V, Several> several{Several{threads}};
      const float* const expected = one.forward(model.parameters().data(), images.data(), batch);
      const float* const output = several.forward(model.parameters().data(), images.data(), batch);
      CAPTURE(threads, batch);
      for (std::size_t i = 0; i < batch * 5; ++i) REQUIRE(output[i] == Approx(expected[i]).epsilon(1e-6).margin(1e-6));
      if (batch < threads) REQUIRE(std::equal(output, output + batch * 5, expected));
    }
}
