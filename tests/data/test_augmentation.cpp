#include <strata/data/augmentation.hpp>

#include <cstdlib>
#include <limits>
#include <map>
#include <vector>

#include "data/support.hpp"

using namespace strata;

namespace {

/// `place`, pixel by pixel.
std::vector<float> reference(const std::vector<float>& image, Shape shape, Placement placement, float divisor) {
  std::vector<float> output(image.size());
  for (int y = 0; y < shape.height(); ++y)
    for (int x = 0; x < shape.width(); ++x)
      for (int c = 0; c < shape.channels(); ++c) {
        const int row = y + placement.down;
        const int column = (placement.mirrored ? shape.width() - 1 - x : x) + placement.right;
        if (row < 0 || row >= shape.height() || column < 0 || column >= shape.width()) continue;
        const auto at = [&](int r, int s) {
          return static_cast<std::size_t>((r * shape.width() + s) * shape.channels() + c);
        };
        output[at(y, x)] = image[at(row, column)] / divisor;
      }
  return output;
}

}  // namespace

TEST_CASE("an image is placed where the formula says", "[augmentation]") {
  const int huge = std::numeric_limits<int>::max();
  for (const Shape shape : {Shape{3, 5, 2}, Shape{4, 1, 3}, Shape{1, 4, 1}}) {
    std::vector<float> image(shape.size());
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i + 1);
    const std::vector<std::uint8_t> bytes(image.begin(), image.end());
    for (const int down : {-4, -1, 0, 2, 9, 1000, -1000})
      for (const int right : {-6, -5, -1, 0, 1, 4, 5, 1000, -1000})
        for (const bool mirrored : {false, true}) {
          const Placement placement{down, right, mirrored};
          std::vector<float> output(image.size(), -1.0f);
          detail::place(image.data(), shape, placement, 1.0f, output.data());
          CHECK(output == reference(image, shape, placement, 1.0f));
          detail::place(bytes.data(), shape, placement, 7.0f, output.data());
          CHECK(output == reference(image, shape, placement, 7.0f));
        }
    std::vector<float> output(image.size(), -1.0f);
    detail::place(image.data(), shape, {huge, -huge, true}, 1.0f, output.data());
    CHECK(output == std::vector<float>(image.size()));
  }
}

TEST_CASE("steps are drawn evenly, each from its own random numbers", "[augmentation]") {
  const Augmentation augmentation{RandomFlip{}, RandomCrop{.padding = 2}};
  const Augmentation twice{RandomFlip{}, RandomFlip{}};
  std::map<int, int> down, right, mirrored, mirrored_twice, equal;
  constexpr int draws = 5000;
  for (int i = 0; i < draws; ++i) {
    const Random random = Random(Seed{3}).split(static_cast<std::uint64_t>(i));
    const Placement placement = augmentation.draw(random);
    ++mirrored_twice[twice.draw(random).mirrored];
    ++down[placement.down];
    ++right[placement.right];
    ++mirrored[placement.mirrored];
    ++equal[placement.down == placement.right];
  }
  for (const auto& counts : {down, right}) {
    REQUIRE(counts.size() == 5);
    CHECK(counts.begin()->first == -2);
    for (const auto& [shift, count] : counts) CHECK(std::abs(count - draws / 5) < 120);
  }
  CHECK(std::abs(mirrored[1] - draws / 2) < 150);
  CHECK(std::abs(mirrored_twice[1] - draws / 2) < 150);
  CHECK(std::abs(equal[1] - draws / 5) < 120);
}

TEST_CASE("a lambda is a step too", "[augmentation]") {
  const Augmentation upward = [](Placement& placement, const Random&) { placement.down += 1; };
  CHECK(upward.draw(Random(Seed{})) == Placement{.down = 1});
  CHECK(Augmentation{}.empty());
  CHECK(Augmentation{}.draw(Random(Seed{})) == Placement{});
}

TEST_CASE("a crop without sense is refused", "[augmentation]") {
  const Augmentation wrong = RandomCrop{.padding = -1};
  CHECK(data_test::missing(data_test::error<InvalidArgument>([&] { wrong.draw(Random(Seed{})); }),
                           {"RandomCrop", "0 or more", "received -1"}) == "");
  CHECK(Augmentation{RandomCrop{.padding = 0}}.draw(Random(Seed{})) == Placement{});
}
