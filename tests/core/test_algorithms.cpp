// Exact in training and evaluation: direct sums, so that an output depends on what it sees, to the bit, however large
// the rest is.
#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;

namespace {

/// Convolutions that Fast computes by Winograd's algorithm. Of the first one's outputs only the first sees the first
/// pixel, and of the network's gradients only that one's sees the first.
struct Net : Sequential<Input<12, 12, 16>, Conv2D<16, 3, NoBias>, Conv2DTranspose<16, 3, NoBias>> {};
constexpr std::size_t size = Net::output_shape.size(), pixel = 16, row = 12 * pixel;
static_assert(Net::input_shape == Net::output_shape);

/// Elements of an image that no window of 3x3 in its first corner has.
bool far(std::size_t i) { return i / row > 2 || i % row / pixel > 2; }
constexpr float huge = 1e9f;

}  // namespace

TEST_CASE("predict<Exact> keeps a huge pixel from what does not see it") {
  const Model<Net> model{Seed{1}};
  std::vector<float> input = test::noise<float>(size, 2);
  const std::vector<float> before = predict<Exact>(model, input);
  input[0] = huge;
  const std::vector<float> after = predict<Exact>(model, input);
  std::size_t changed = 0, far_ones = 0;
  for (std::size_t i = 0; i < size; ++i) {
    changed += before[i] != after[i];
    far_ones += far(i) && before[i] != after[i];
  }
  CHECK(changed > 0);
  CHECK(far_ones == 0);
}

TEST_CASE("so do the gradients of Exact") {
  const Model<Net> model{Seed{1}};
  Executor<Net, simd::Vector<float>, Serial, Exact> executor;
  const auto gradient_of_first = [&](float first_input, float first_gradient) {
    std::vector<float> input = test::noise<float>(size, 2), gradients(Net::trainable_param_count);
    for (std::size_t i = 0; i < size; ++i)
      if (!far(i)) input[i] = 0;
    input[0] = first_input;
    executor.forward_training(model.parameters().data(), input.data(), 1, Random{Seed{1}});
    std::ranges::copy(test::noise<float>(size, 3), executor.output_gradient());
    executor.output_gradient()[0] = first_gradient;
    executor.backward(model.parameters().data(), gradients.data());
    gradients.resize(9 * 16 * 16);  // the first kernel's
    return gradients;
  };
  const std::vector<float> plain = gradient_of_first(0, 0);
  CHECK(gradient_of_first(0, huge) == plain);  // it meets zeros only
  std::vector<float> hot = gradient_of_first(huge, 0);
  CHECK(hot != plain);
  std::copy_n(plain.begin(), 16, hot.begin());  // the tap and the channel that see it
  CHECK(hot == plain);
}

TEST_CASE("evaluate, fit and Trainer take Exact") {
  const auto inputs = test::noise<float>(4 * size, 2);
  Model<Net> model{Seed{1}}, stepped{Seed{1}};
  // No difference to the bit, so no loss.
  const Dataset same({.shape = Net::input_shape, .inputs = inputs, .targets = predict<Exact>(model, inputs)});
  CHECK(evaluate<Exact>(model, same, MeanSquaredError{}).loss == 0);

  const auto targets = test::noise<float>(4 * size, 3);
  const Dataset other({.shape = Net::input_shape, .inputs = inputs, .targets = targets});
  fit<Exact>(model, other, SGD{}, MeanSquaredError{}, {.batch_size = 4, .shuffle = false, .verbose = 0});
  Trainer trainer{stepped, MeanSquaredError{}, SGD{}, Seed{}, Exact{}};
  trainer.step(inputs, targets);
  CHECK(std::ranges::equal(model.parameters(), stepped.parameters()));
  Trainer threads{stepped, MeanSquaredError{}, SGD{}, Seed{}, Serial{}, Exact{}};
  static_assert(std::is_same_v<decltype(threads), decltype(trainer)>);
}
