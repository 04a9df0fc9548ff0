#include "harness/catch.hpp"

#include <cmath>
#include <limits>

#include <strata/train/schedules.hpp>

using namespace strata;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("schedules follow Keras' formulas", "[train]") {
  const ExponentialDecay decay{.initial_learning_rate = 0.1, .decay_steps = 100, .decay_rate = 0.96};
  CHECK(decay(0) == 0.1);
  CHECK(decay(50) == Approx(0.1 * std::pow(0.96, 0.5)));
  CHECK(decay(250) == Approx(0.1 * std::pow(0.96, 2.5)));
  CHECK(ExponentialDecay{0.1, 100, 0.96, true}(250) == Approx(0.1 * 0.96 * 0.96));

  // the example of Keras' documentation: 1.0 for the first 100001 steps, 0.5 for the next 10000, then 0.1
  const PiecewiseConstantDecay pieces{.boundaries = {100'000, 110'000}, .values = {1.0, 0.5, 0.1}};
  CHECK(pieces(0) == 1.0);
  CHECK(pieces(100'000) == 1.0);
  CHECK(pieces(100'001) == 0.5);
  CHECK(pieces(110'000) == 0.5);
  CHECK(pieces(110'001) == 0.1);
  CHECK_THROWS_AS((PiecewiseConstantDecay{{10}, {1.0}}(0)), InvalidArgument);

  const CosineDecay cosine{.initial_learning_rate = 0.1, .decay_steps = 1000, .alpha = 0.1};
  CHECK(cosine(0) == Approx(0.1));
  CHECK(cosine(500) == Approx(0.1 * (0.9 * 0.5 + 0.1)));
  CHECK(cosine(1000) == Approx(0.01));
  CHECK(cosine(5000) == Approx(0.01));

  const CosineDecay warm{.initial_learning_rate = 0, .decay_steps = 1000, .warmup_target = 0.1, .warmup_steps = 100};
  CHECK(warm(0) == 0);
  CHECK(warm(50) == Approx(0.05));
  CHECK(warm(100) == Approx(0.1));
  CHECK(warm(600) == Approx(0.05));
  CHECK(warm(1100) == Approx(0).margin(1e-12));
  CHECK(warm(9999) == Approx(0).margin(1e-12));

  // the example of Keras' documentation: 0.1 to 0.01 over 10000 steps with the square root
  const PolynomialDecay root{
      .initial_learning_rate = 0.1, .decay_steps = 10'000, .end_learning_rate = 0.01, .power = 0.5};
  CHECK(root(0) == Approx(0.1));
  CHECK(root(7'500) == Approx(0.09 * 0.5 + 0.01));
  CHECK(root(10'000) == Approx(0.01));
  CHECK(root(20'000) == Approx(0.01));
  const PolynomialDecay cycle{
      .initial_learning_rate = 0.1, .decay_steps = 100, .end_learning_rate = 0.0, .cycle = true};
  CHECK(cycle(0) == Approx(0.1));
  CHECK(cycle(100) == Approx(0).margin(1e-12));
  CHECK(cycle(150) == Approx(0.1 * 0.25));
}

TEST_CASE("a schedule that can give no rate is refused before it is used", "[train]") {
  const auto refused = [](const auto& schedule) {
    CHECK_THROWS_AS(schedule(3), InvalidArgument);
    CHECK_THROWS_AS(LearningRate(schedule).validate(), InvalidArgument);
  };
  for (const double steps : {0.0, -1.0, std::nan("")}) {  // Keras: ValueError for decay_steps <= 0
    refused(ExponentialDecay{.initial_learning_rate = 0.1, .decay_steps = steps, .decay_rate = 0.9});
    refused(CosineDecay{.initial_learning_rate = 0.1, .decay_steps = steps});
    refused(PolynomialDecay{.initial_learning_rate = 0.1, .decay_steps = steps});
  }
  refused(PiecewiseConstantDecay{.boundaries = {20, 10}, .values = {1, 2, 3}});
  refused(PiecewiseConstantDecay{.boundaries = {10}, .values = {1}});
}

TEST_CASE("a learning rate is finite", "[train]") {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e39}) {  // the last is infinite as a float
    CHECK_THROWS_AS(LearningRate(bad).validate(), InvalidArgument);
    CHECK_THROWS_AS(LearningRate(bad)(0), InvalidArgument);
    const LearningRate later([=](std::size_t step) { return step < 3 ? 0.1 : bad; });
    CHECK_NOTHROW(later.validate());
    CHECK(later(2) == 0.1);
    CHECK_THROWS_WITH(later(3), ContainsSubstring("learning rate of step 3"));
  }
  CHECK_THROWS_AS(LearningRate(ExponentialDecay{0.1, 2, -0.5})(1), InvalidArgument);  // a root of a negative number
  CHECK(LearningRate(-0.1)(0) == -0.1);  // as Keras
}

TEST_CASE("a learning rate is a number or any function of the step", "[train]") {
  CHECK(LearningRate(0.5f)(7) == 0.5);
  CHECK(LearningRate(1)(7) == 1.0);
  CHECK(LearningRate([](std::size_t step) { return 1.0 / static_cast<double>(step + 1); })(3) == 0.25);
  CHECK(LearningRate(ExponentialDecay{0.1, 1, 0.5})(2) == Approx(0.025));
  LearningRate rate = 0.1;
  rate = PolynomialDecay{1.0, 10};
  CHECK(rate(0) == 1.0);
  rate = 0.25;
  CHECK(rate(0) == 0.25);
}
