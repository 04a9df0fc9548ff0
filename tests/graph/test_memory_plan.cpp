#include <algorithm>
#include <array>
#include <vector>

#include <strata/core/random.hpp>
#include <strata/types.hpp>

#include "harness/catch.hpp"

using namespace strata;

namespace {

/// The least any plan can do: the largest sum of blocks alive at one step.
template <std::size_t N>
std::size_t lower_bound(const std::array<Lifetime, N>& blocks) {
  std::size_t bound = 0;
  for (const Lifetime& moment : blocks) {
    std::size_t sum = 0;
    for (const Lifetime& block : blocks)
      if (block.first <= moment.first && moment.first <= block.last) sum += block.size;
    bound = std::max(bound, sum);
  }
  return bound;
}

template <std::size_t N>
void require_valid(const std::array<Lifetime, N>& blocks, const MemoryPlan<N>& plan) {
  for (std::size_t a = 0; a < N; ++a) {
    REQUIRE(plan.offsets[a] + blocks[a].size <= plan.total);
    for (std::size_t b = 0; b < a; ++b) {
      const bool together = blocks[a].first <= blocks[b].last && blocks[b].first <= blocks[a].last;
      const bool apart = plan.offsets[a] + blocks[a].size <= plan.offsets[b] ||
                         plan.offsets[b] + blocks[b].size <= plan.offsets[a];
      CAPTURE(a, b);
      if (together && blocks[a].size > 0 && blocks[b].size > 0) REQUIRE(apart);
    }
  }
}

}  // namespace

TEST_CASE("a chain needs its two largest neighbours and no more", "[graph]") {
  const Random random{Seed{3}};
  for (std::uint64_t round = 0; round < 50; ++round) {
    std::array<Lifetime, 40> blocks;
    for (std::size_t i = 0; i < blocks.size(); ++i)
      blocks[i] = {16 * (1 + random.below(40 * round + i, 100)), static_cast<int>(i), static_cast<int>(i) + 1};
    const auto plan = plan_memory(blocks);
    require_valid(blocks, plan);
    REQUIRE(plan.total == lower_bound(blocks));
  }
}

TEST_CASE("blocks alive together never overlap, whatever the graph", "[graph]") {
  const Random random{Seed{4}};
  for (std::uint64_t round = 0; round < 200; ++round) {
    std::array<Lifetime, 30> blocks;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const Random draw = random.split(30 * round + i);
      const int first = static_cast<int>(draw.below(0, 40));
      blocks[i] = {draw.below(1, 5) == 0 ? 0 : 1 + draw.below(2, 1000), first,
                   first + static_cast<int>(draw.below(3, 10))};
    }
    const auto plan = plan_memory(blocks);
    require_valid(blocks, plan);
    REQUIRE(plan.total >= lower_bound(blocks));
  }
}

namespace {
struct Lesson : Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid, Conv2D<32, 3, Same>, BatchNorm,
                           Sigmoid, MaxPooling2D<>, Flatten, Dropout<0.5>, Dense<10>> {};

constexpr auto& plan = Lesson::inference_plan();
// Two fused convolutions, the pooling, Dense; Flatten and Dropout are no steps.
static_assert(plan.step_count == 4);
static_assert(plan.steps[0].head == 1 && plan.steps[0].affine == 2 && plan.steps[0].epilogue_count == 1);
static_assert(plan.steps[0].epilogue[0] == 3 && plan.steps[0].output == 3);
static_assert(plan.steps[3].head == 10 && plan.source[9] == 7 && plan.result[10] == 0);
static_assert(plan.offsets[3] != plan.offsets[6]);
// Between the convolutions lies an image with a cell of zeros around it; what a pooling reads has none.
static_assert(plan.borders[3] == Border{1, 1, 1, 1} && plan.borders[6] == Border{});
static_assert(Lesson::inference_arena_bytes<> == (34 * 34 + 32 * 32) * 32 * sizeof(float));
static_assert(Lesson::inference_arena_bytes<4> == 4 * Lesson::inference_arena_bytes<>);

// What comes between stops fusion: a pooling, or a normalisation of other channels than the filters.
struct Apart : Sequential<Input<4, 4, 2>, Conv2D<3, 1>, MaxPooling2D<>, BatchNorm, ReLU, Conv2D<3, 1>, Flatten,
                          BatchNorm, Sigmoid, LeakyReLU<0.1>> {};
constexpr auto& apart = Apart::inference_plan();
static_assert(apart.step_count == 5);
static_assert(apart.steps[2].head == 3 && apart.steps[2].affine == -1 && apart.steps[2].epilogue_count == 1);
static_assert(apart.steps[4].head == 7 && apart.steps[4].epilogue_count == 2);
}  // namespace

TEST_CASE("training keeps every value that backward reads, or makes it once more", "[graph]") {
  constexpr auto& network = Lesson::network();
  constexpr auto& training = Lesson::training_plan();
  REQUIRE_FALSE(training.has_gradient[0]);
  REQUIRE(training.has_gradient[1]);
  REQUIRE(training.values[8].offset == training.values[7].offset);  // Flatten is a view,
  REQUIRE(training.gradients[8].offset == training.gradients[7].offset);
  REQUIRE(training.values[9].offset != training.values[8].offset);  // Dropout is none
  // A sigmoid works in place on what a normalisation made; its gradient, too.
  REQUIRE(training.values[3].offset == training.values[2].offset);
  REQUIRE(training.gradients[3].offset == training.gradients[2].offset);
  // For the whole batch: what normalisations and Dense read. For one sample: sigmoids of what normalisations read, once
  // more for backward, and the gradient that only the convolution before a normalisation reads.
  const std::vector<std::size_t> kept{1, 4, 9, 10};
  for (const std::size_t tensor : kept) {
    REQUIRE(training.values[tensor].whole);
    REQUIRE(training.values_again[tensor].offset == training.values[tensor].offset);
  }
  for (const std::size_t tensor : {2u, 3u, 5u, 6u}) {
    REQUIRE(training.repeats[tensor]);
    REQUIRE_FALSE((training.values[tensor].whole || training.values_again[tensor].whole));
  }
  REQUIRE(training.gradients[2].whole);
  REQUIRE_FALSE(training.gradients[1].whole);
  for (const std::size_t a : kept)
    for (const std::size_t b : kept)
      if (a != b && a != 10 && b != 10) {
        const std::size_t size = network.tensors[a].shape.size();
        REQUIRE((training.values[a].offset + size <= training.values[b].offset ||
                 training.values[b].offset < training.values[a].offset));
      }
}

TEST_CASE("a batch waits where a layer must know all of it, and only there", "[graph]") {
  constexpr auto& training = Lesson::training_plan();
  const auto actions = [&](int stage) {
    return training.stages[static_cast<std::size_t>(stage)].end -
           training.stages[static_cast<std::size_t>(stage)].begin;
  };
  // conv, gather | normalise, sigmoid, conv, gather | normalise, sigmoid, pool, dropout | dense | loss |
  REQUIRE(training.forward_stages == 4);
  CHECK(actions(0) == 2);
  CHECK(actions(1) == 4);
  CHECK(actions(2) == 4);
  CHECK((actions(3) == 1 && training.stages[3].batched));
  // dense | dropout, (normalise, sigmoid again,) pool, sigmoid, gather |
  // normalise, (normalise, sigmoid again,) conv, sigmoid, gather | normalise, conv
  REQUIRE(training.stage_count == 9);
  CHECK((actions(5) == 1 && training.stages[5].batched));
  CHECK(actions(6) == 6);
  CHECK(actions(7) == 6);
  CHECK(actions(8) == 2);
}

TEST_CASE("a convolution with more weights than data waits for the batch", "[graph]") {
  using Small = Sequential<Input<6, 6, 96>, Conv2D<96, 3, Same>, BatchNorm, ReLU, Conv2D<8, 1>>;
  constexpr auto& training = Small::training_plan();
  // conv | gather | normalise, relu, conv | loss | conv, relu, gather | normalise | conv
  REQUIRE(training.forward_stages == 3);
  REQUIRE(training.stage_count == 7);
  for (const int stage : {0, 6}) CHECK(training.stages[static_cast<std::size_t>(stage)].batched);
  for (const int stage : {1, 2, 4, 5}) CHECK_FALSE(training.stages[static_cast<std::size_t>(stage)].batched);
  CHECK(training.gradients[1].whole);
}

namespace {
/// Sums with a tensor that only the branch reads (x), or another behind it (y); of an output (w); of one twice (v).
struct Sums
    : Graph<Node<"in", Input<4, 4, 3>>, Node<"x", Conv2D<6, 3, Same>, "in">, Node<"a", Conv2D<6, 3, Same>, "x">,
            Node<"y", Add<>, "a", "x">, Node<"b", Conv2D<6, 3, Same>, "y">, Node<"z", Conv2D<6, 1>, "y">,
            Node<"w", Add<>, "b", "y">, Node<"c", Conv2D<6, 1>, "w">, Node<"v", Add<>, "w", "c">,
            Node<"u", Add<>, "v", "z">, Node<"t", Add<>, "u", "u">, Outputs<"t", "w">> {};
}  // namespace

TEST_CASE("the gradient of a sum is that of its operands, in one place, as long as nobody adds to it", "[graph]") {
  constexpr auto& training = Sums::training_plan();
  constexpr std::size_t x = 1, a = 2, y = 3, b = 4, z = 5, w = 6, c = 7, v = 8, u = 9, t = 10;
  const auto share = [&](std::size_t one, std::size_t other) {
    return training.gradients[one].offset == training.gradients[other].offset &&
           training.gradients[one].whole == training.gradients[other].whole;
  };
  CHECK((share(y, a) && share(y, x)));
  CHECK((share(w, y) && !share(w, b)));    // z adds to what b would read
  CHECK((!share(v, w) && !share(v, c)));   // a loss opens w's
  CHECK((share(u, v) && share(u, z)));
  CHECK_FALSE(share(t, u));                // twice
}

namespace {
using Normal = Sequential<Conv2D<6, 3, Same>, BatchNorm>;
/// Of the normalisations (2, 6, 10, 14, 16, 18, 22) one is read by a convolution that waits for the batch (12), one in
/// several stages (15, 17), one by a layer that backward needs nothing for (20), and one by the last node.
struct Repeated
    : Sequential<Input<6, 6, 3>, Normal, SiLU, ZeroPadding2D<1>, Normal, Tanh, DepthwiseConv2D<3, Same>, Conv2D<96, 1>,
                 BatchNorm, ReLU, Conv2D<96, 3, Same>, Normal, Concatenate<Normal, Sequential<Normal, Tanh>>, Normal,
                 SiLU> {};
}  // namespace

TEST_CASE("backward makes normalisations and activations once more where it reads them in one stage", "[graph]") {
  constexpr auto& training = Repeated::training_plan();
  for (std::size_t t = 1; t < training.values.size(); ++t) {
    CAPTURE(t);
    const detail::Place value = training.values[t], again = training.values_again[t];
    const bool expected = t == 2 || t == 3 || t == 6 || t == 7 || t == 18 || t == 19;
    CHECK(training.repeats[t] == expected);
    if (expected) CHECK((!value.whole && !again.whole));
    else if (t != 4) CHECK((value.offset == again.offset && value.whole == again.whole));  // a border around 3
  }
  for (const std::size_t t : {10u, 14u, 22u, 23u}) CHECK(training.values[t].whole);
}
