#include <strata/data/synthetic.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include "data/support.hpp"

using namespace strata;

namespace {

/// FNV-1a
std::uint64_t hash(std::span<const std::uint8_t> bytes) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3;
  return hash;
}

}  // namespace

TEST_CASE("synthetic images are the same bytes everywhere", "[synthetic]") {
  const Dataset set = synthetic_images(1000, Seed{1});
  CHECK(set.shape() == Shape{32, 32, 3});
  CHECK(set.size() == 1000);
  CHECK(hash(set.bytes()) == 0x4FB37A853E79905D);
}

TEST_CASE("an image follows from the seed and its number", "[synthetic]") {
  const Dataset set = synthetic_images(40, Seed{1});
  CHECK(std::ranges::equal(synthetic_images(20, Seed{1}).bytes(), set.take(20).bytes()));
  CHECK(hash(synthetic_images(40, Seed{2}).bytes()) != hash(set.bytes()));
  CHECK(hash(synthetic_images(40).bytes()) == hash(synthetic_images(40, Seed{0}).bytes()));
  CHECK(set.sample(3) != set.sample(13));
}

TEST_CASE("synthetic classes are named and equally frequent", "[synthetic]") {
  const Dataset set = synthetic_images(100);
  REQUIRE(set.class_names().size() == 10);
  CHECK(set.class_names()[0] == "disc");
  CHECK(set.class_names()[9] == "dots");
  for (int label = 0; label < 10; ++label) CHECK(std::ranges::count(set.labels(), label) == 10);
}

// Nearest neighbours of mean images must stay far from perfect (images are not told apart by brightness and place) and
// the figures must be visible: in the middle, images are brighter than at the corner.
TEST_CASE("figures are visible, but no average image tells them apart", "[synthetic]") {
  const Dataset train = synthetic_images(2000, Seed{1}), test = synthetic_images(500, Seed{2});
  const std::size_t size = train.shape().size();
  std::vector<double> means(10 * size);
  for (std::size_t i = 0; i < train.size(); ++i)
    for (std::size_t j = 0; j < size; ++j) means[i % 10 * size + j] += train.bytes()[i * size + j] / 200.0;
  int right = 0;
  for (std::size_t i = 0; i < test.size(); ++i) {
    std::vector<double> distances(10);
    for (std::size_t k = 0; k < 10; ++k)
      for (std::size_t j = 0; j < size; ++j) {
        const double difference = means[k * size + j] - test.bytes()[i * size + j];
        distances[k] += difference * difference;
      }
    right += static_cast<std::size_t>(std::ranges::min_element(distances) - distances.begin()) == i % 10;
  }
  CHECK(right < 200);
  for (std::size_t label = 0; label < 5; ++label)
    CHECK(means[label * size + (16 * 32 + 16) * 3] > means[label * size] + (label == 1 ? 5 : 40));
}

TEST_CASE("a number of images that cannot be is refused", "[synthetic]") {
  CHECK_THROWS_AS(synthetic_images(0), InvalidArgument);
  CHECK_THROWS_AS(synthetic_images(std::numeric_limits<std::size_t>::max()), InvalidArgument);
}
