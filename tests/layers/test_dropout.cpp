// Dropout: nothing at inference; in training the right share, unbiased, the same mask backward, another one each step.

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <strata/layers/dropout.hpp>

#include "harness/check_layer.hpp"

using namespace strata;
using test::check_layer;

namespace {

std::vector<float> mask(Random random) {
  test::LayerRun<Dropout<0.25>, Shape{100, 100}, float> run(2);
  run.random = random;
  run.input.copy(std::vector<float>(20'000, 1.0f));
  run.forward_training();
  return {run.output.span().begin(), run.output.span().end()};
}

}  // namespace

TEST_CASE("Dropout") {
  check_layer<Dropout<0.5>, Shape{3, 5, 17}>({.output = {3, 5, 17}});
  check_layer<Dropout<0.2>, Shape{1}>({.output = {1}});
  check_layer<Dropout<0>, Shape{600}>({.output = {600}});
  static_assert(rules<Dropout<0.5>>::kind == Kind::view && rules<Dropout<0.5>>::training_kind == Kind::other);
}

TEST_CASE("Dropout drops its share and scales the rest") {
  std::size_t dropped = 0;
  double sum = 0;
  for (const float y : mask(Random{Seed{1}})) {
    REQUIRE((y == 0 || y == Approx(1 / 0.75)));
    dropped += y == 0;
    sum += static_cast<double>(y);
  }
  // 20,000 draws: three standard deviations are 0.0092
  CHECK(std::abs(static_cast<double>(dropped) / 20'000 - 0.25) < 0.0092);
  CHECK(std::abs(sum / 20'000 - 1) < 0.0123);
}

TEST_CASE("a mask belongs to its random stream") {
  CHECK(mask(Random{Seed{1}}) == mask(Random{Seed{1}}));
  CHECK(mask(Random{Seed{1}}) != mask(Random{Seed{2}}));
}

TEST_CASE("a mask does not repeat itself") {
  const std::vector<float> all = mask(Random{Seed{1}});
  for (std::ptrdiff_t period = 1; period <= 1024; ++period)
    if (std::equal(all.begin(), all.end() - period, all.begin() + period)) FAIL("period " << period);
}

TEST_CASE("what a Dropout does not take") {
  static_assert(std::string_view(Dropout<1.0>::check({3}).rule) == "the rate of a Dropout is not in [0, 1)");
  static_assert(Dropout<1.0>::check({3}).received == "1");
  static_assert(Dropout<-0.25>::check({3}).received == "-0.25");
  static_assert(!Dropout<0.999>::check({3}));
  SUCCEED();
}
