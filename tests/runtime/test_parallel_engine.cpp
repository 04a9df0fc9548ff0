// Inference of batches by several threads: the bits of one.
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;

namespace {

/// So many threads, one after the other: how a batch is shared out matters, not who is first.
struct InTurn {
  std::size_t count;
  std::size_t threads() const { return count; }
  template <class F>
  void run(F&& f) const {
    for (std::size_t t = 0; t < count; ++t) f(t);
  }
};

/// Weights that are read once for eight samples: of a convolution that single samples want packed in another way, where
/// vectors are long, and of a Dense whose tiles have one to eight samples.
struct Sweeping : Sequential<Input<8, 8, 64>, Conv2D<64, 3, Same>, ReLU, AveragePooling2D<>, Conv2D<128, 3, Same>, ReLU,
                             Flatten, Dense<70>, Tanh, Dense<10>> {};
constexpr const auto& plan = Sweeping::inference_plan();
static_assert(plan.sweeps[0] == 8 && plan.sweeps[1] == 1 && plan.sweeps[2] == 8 && plan.sweeps[3] == 8);

}  // namespace

TEST_CASE("a sample's bits do not depend on the threads that share its batch", "[runtime]") {
  const Model<Sweeping> model = test::random_model<Sweeping>();
  const Engine<Sweeping> one{model};
  constexpr std::size_t most = 19, in = Sweeping::input_shape.size(), out = Sweeping::output_shape.size();
  const auto images = test::noise<float>(most * in, 5);
  for (std::size_t batch = 0; batch <= most; ++batch) {
    const std::span input(images.data(), batch * in);
    std::vector<float> expected(batch * out);
    one(input, expected);
    for (const std::size_t threads : {1u, 2u, 3u, 4u, 7u, 16u}) {
      ParallelEngine<Sweeping, InTurn> several{model, InTurn{threads}};
      std::vector<float> output(batch * out, 99.0f);
      several(input, output);
      CAPTURE(batch, threads);
      REQUIRE(output == expected);
    }
  }
}

TEST_CASE("spans that overlap are refused by threads, too", "[runtime]") {
  ParallelEngine<Sweeping, InTurn> engine{Model<Sweeping>{}, InTurn{2}};
  std::vector<float> both(3 * Sweeping::input_shape.size());
  REQUIRE_THROWS_AS(engine(both, std::span(both).first(3 * Sweeping::output_shape.size())), InvalidArgument);
}
