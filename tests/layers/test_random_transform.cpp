// RandomFlipLayer, RandomTranslation, RandomRotation: each image its own way, the same in backward.
#include <string_view>
#include <vector>

#include <strata/layers/conv2d.hpp>
#include <strata/layers/random_flip.hpp>
#include <strata/layers/random_rotation.hpp>
#include <strata/layers/random_translation.hpp>

#include "harness/check_layer.hpp"
#include "harness/check_network.hpp"

using namespace strata;
using test::check_layer;

namespace {

/// How often each of (not flipped, left-right, top-bottom, both) happened to 400 images of 2x3.
template <class Layer>
std::vector<int> flips() {
  constexpr std::size_t batch = 400;
  test::LayerRun<Layer, Shape{2, 3, 2}, float> run(batch);
  run.randomize();
  run.forward_training();
  std::vector<int> counts(4);
  for (std::size_t n = 0; n < batch; ++n) {
    const float *x = run.input.data() + n * 12, *y = run.output.data() + n * 12;
    const std::size_t row = y[0] == x[0] || y[0] == x[4] ? 0 : 1, column = y[0] == x[6 * row] ? 0 : 2;
    ++counts[2 * row + column / 2];
    for (std::size_t r = 0; r < 2; ++r)
      for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t k = 0; k < 2; ++k) {
          const std::size_t from_row = row == 0 ? r : 1 - r, from_column = column == 0 ? c : 2 - c;
          REQUIRE(y[(r * 3 + c) * 2 + k] == x[(from_row * 3 + from_column) * 2 + k]);
        }
  }
  return counts;
}

/// Of an image of one channel with the cells 1, 2, 3, ….
template <class Layer, Shape In>
std::vector<float> moved() {
  test::LayerRun<Layer, In, float> run(1);
  std::vector<float> cells(In.size());
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = static_cast<float>(i + 1);
  run.input.copy(cells);
  run.forward_training();
  return test::copy(run.output);
}

template <class Layer, Shape In>
void check_turned(const std::vector<float>& expected) {
  CHECK(test::difference(moved<Layer, In>(), expected) < 1e-6);
}

/// Two images of the same cells become different ones.
template <class Layer>
void check_each_its_own() {
  test::LayerRun<Layer, Shape{2, 4, 1}, float> run(2);
  const std::vector<float> twice{1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  run.input.copy(twice);
  run.forward_training();
  const auto y = test::copy(run.output);
  CHECK(std::vector<float>(y.begin(), y.begin() + 8) != std::vector<float>(y.begin() + 8, y.end()));
  run.forward();
  CHECK(test::copy(run.output) == twice);
}

struct Net : Sequential<Input<6, 5, 2>, Conv2D<3, 3, Same>, RandomFlipLayer<>, RandomTranslation<0.2, 0.2>,
                        RandomRotation<0.1>, Conv2D<4, 3>> {};
static_assert(std::string_view(RandomFlipLayer<>::class_name) == "RandomFlip");  // as in Keras' summary

}  // namespace

TEST_CASE("RandomFlipLayer") {
  check_layer<RandomFlipLayer<>, Shape{3, 4, 5}>({.output = {3, 4, 5}});
  check_layer<RandomFlipLayer<Horizontal>, Shape{1, 7, 3}>({.output = {1, 7, 3}});
  static_assert(std::string_view(RandomFlipLayer<>::check({30}).rule) == "a random move needs an image");
}

TEST_CASE("RandomFlipLayer mirrors half of the images") {
  const auto about = [](int count, int expected) { return count > expected - 35 && count < expected + 35; };
  const auto both = flips<RandomFlipLayer<>>(), horizontal = flips<RandomFlipLayer<Horizontal>>(),
             vertical = flips<RandomFlipLayer<Vertical>>();
  for (const int count : both) CHECK(about(count, 100));
  CHECK((about(horizontal[0], 200) && about(horizontal[1], 200)));
  CHECK((about(vertical[0], 200) && about(vertical[2], 200)));
}

TEST_CASE("RandomTranslation") {
  check_layer<RandomTranslation<0.3, 0.2>, Shape{5, 6, 3}>({.output = {5, 6, 3}});
  check_layer<RandomTranslation<Factor{0.1, 0.9}, 0, FillMode::nearest>, Shape{1, 4, 17}>({.output = {1, 4, 17}});
  static_assert(std::string_view(RandomTranslation<0, 0>::check({30}).rule) == "a random move needs an image");
  static_assert(RandomTranslation<0, 1.5>::check({3, 3, 1}).received == "-1.5 to 1.5");
  static_assert(RandomTranslation<Factor{0.5, 0.25}, 0>::check({3, 3, 1}).received == "0.5 to 0.25");
  static_assert(std::string_view(RandomTranslation<0, 0, Same>::check({3, 3, 1}).rule) == "unknown option");
}

TEST_CASE("a translation by whole cells moves down and right") {
  constexpr Factor half{0.5, 0.5}, back{-0.5, -0.5};
  CHECK(moved<RandomTranslation<half, 0>, Shape{4, 2, 1}>() == std::vector<float>{3, 4, 1, 2, 1, 2, 3, 4});
  CHECK(moved<RandomTranslation<half, 0, FillMode::constant>, Shape{4, 2, 1}>() ==
        std::vector<float>{0, 0, 0, 0, 1, 2, 3, 4});
  CHECK(moved<RandomTranslation<back, 0, FillMode::nearest>, Shape{4, 2, 1}>() ==
        std::vector<float>{5, 6, 7, 8, 7, 8, 7, 8});
  CHECK(moved<RandomTranslation<0, half>, Shape{1, 4, 1}>() == std::vector<float>{2, 1, 1, 2});
  CHECK(moved<RandomTranslation<0, back>, Shape{1, 4, 1}>() == std::vector<float>{3, 4, 4, 3});
}

TEST_CASE("a translation by half a cell is the mean of two") {
  CHECK(moved<RandomTranslation<0, Factor{0.125, 0.125}>, Shape{1, 4, 1}>() == std::vector<float>{1, 1.5f, 2.5f, 3.5f});
}

TEST_CASE("RandomRotation") {
  check_layer<RandomRotation<0.1>, Shape{5, 6, 3}>({.output = {5, 6, 3}});
  check_layer<RandomRotation<Factor{0.1, 0.4}, FillMode::nearest>, Shape{3, 7, 1}>({.output = {3, 7, 1}});
  static_assert(std::string_view(RandomRotation<0.1>::check({30}).rule) == "a random move needs an image");
  static_assert(RandomRotation<2>::check({3, 3, 1}).received == "-2 to 2");
  static_assert(std::string_view(RandomRotation<0.1, Same>::check({3, 3, 1}).rule) == "unknown option");
}

TEST_CASE("a positive turn is counter-clockwise") {
  check_turned<RandomRotation<0>, Shape{2, 3, 1}>({1, 2, 3, 4, 5, 6});
  check_turned<RandomRotation<Factor{0.25, 0.25}>, Shape{3, 3, 1}>({3, 6, 9, 2, 5, 8, 1, 4, 7});
  check_turned<RandomRotation<Factor{-0.25, -0.25}>, Shape{2, 2, 1}>({3, 1, 4, 2});
  check_turned<RandomRotation<Factor{0.5, 0.5}>, Shape{2, 3, 1}>({6, 5, 4, 3, 2, 1});
}

TEST_CASE("every image has a move of its own") {
  check_each_its_own<RandomTranslation<0, 0.5>>();
  check_each_its_own<RandomRotation<0.5>>();
}

TEST_CASE("random moves in a network, in one thread and in three") {
  test::check_gradients<Net>();
  test::check_engine(Model<Net>{Seed{1}}, 1e-5);
}
