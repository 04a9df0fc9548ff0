#include "harness/catch.hpp"

#include <cmath>
#include <string>

#include <strata/train/losses.hpp>

#include "train/support.hpp"

using namespace strata;
using namespace strata::train_test;

namespace {

using V = simd::Vector<double>;

/// The gradient against central differences in double; without a gradient the same loss; float agrees with double.
template <class Loss, class Target>
void check_loss(const Loss& loss, const std::vector<double>& predictions, const std::vector<Target>& targets,
                std::size_t batch, Shape shape) {
  const std::span<const Target> wanted(targets);
  const auto value = [&](const std::vector<double>& at) {
    return loss.template evaluate<V>(at.data(), wanted, static_cast<double*>(nullptr), batch, shape);
  };
  std::vector<double> gradient(predictions.size(), 7.0);
  const double mean = loss.template evaluate<V>(predictions.data(), wanted, gradient.data(), batch, shape);
  CHECK(mean == value(predictions));
  double worst = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    auto moved = predictions;
    const double h = 1e-5 * std::max(std::abs(predictions[i]), 1e-2);
    moved[i] = predictions[i] + h;
    const double above = value(moved);
    moved[i] = predictions[i] - h;
    worst = std::max(worst, std::abs((above - value(moved)) / (2 * h) - gradient[i]) / (1 + std::abs(gradient[i])));
  }
  CHECK(worst < 1e-6);

  const std::vector<float> singles(predictions.begin(), predictions.end());
  std::vector<float> single_gradient(singles.size());
  using Single = std::conditional_t<std::is_same_v<Target, int>, int, float>;
  const std::vector<Single> single_targets(targets.begin(), targets.end());
  const double single = loss.template evaluate<simd::Vector<float>>(
      singles.data(), std::span<const Single>(single_targets), single_gradient.data(), batch, shape);
  CHECK(single == Approx(mean).epsilon(2e-6));
  CHECK(difference(single_gradient, gradient) < 2e-6);
}

std::vector<double> one_hot(std::size_t rows, int classes) {
  std::vector<double> values(rows * static_cast<std::size_t>(classes));
  for (std::size_t row = 0; row < rows; ++row)
    values[row * static_cast<std::size_t>(classes) + (3 * row + 1) % static_cast<std::size_t>(classes)] = 1;
  return values;
}

}  // namespace

TEST_CASE("losses have the gradients that finite differences find", "[train]") {
  for (const Shape shape : {Shape{2}, Shape{3}, Shape{8}, Shape{2, 3, 5}, Shape{4, 16}, Shape{33}}) {
    CAPTURE(shape.size());
    for (const std::size_t batch : {1, 5}) {
      const int classes = shape.channels();
      const std::size_t rows = batch * shape.positions();
      const auto logits = normal<double>(batch * shape.size(), 1, 2.0);
      auto probabilities = distributions<double>(rows, classes, 2);
      for (std::size_t i = 0; i < probabilities.size(); ++i)
        probabilities[i] *= 1 + 0.1 * (i % 3);  // rows need not sum to 1
      const auto classes_of_rows = labels(rows, classes, 3);
      const auto soft = distributions<double>(rows, classes, 4);
      check_loss(SparseCategoricalCrossentropy{.from_logits = true}, logits, classes_of_rows, batch, shape);
      check_loss(SparseCategoricalCrossentropy{}, probabilities, classes_of_rows, batch, shape);
      for (const double smoothing : {0.0, 0.1}) {
        check_loss(CategoricalCrossentropy{.from_logits = true, .label_smoothing = smoothing}, logits, soft, batch,
                   shape);
        check_loss(CategoricalCrossentropy{.from_logits = true, .label_smoothing = smoothing}, logits,
                   one_hot(rows, classes), batch, shape);
        check_loss(CategoricalCrossentropy{.label_smoothing = smoothing}, probabilities, soft, batch, shape);
        check_loss(BinaryCrossentropy{.from_logits = true, .label_smoothing = smoothing}, logits, soft, batch, shape);
        check_loss(BinaryCrossentropy{.label_smoothing = smoothing}, distributions<double>(rows, classes, 5), soft,
                   batch, shape);
        check_loss(BinaryCrossentropy{.from_logits = true, .label_smoothing = smoothing}, logits,
                   labels(logits.size(), 2, 6), batch, shape);
      }
      check_loss(MeanSquaredError{}, logits, soft, batch, shape);
      for (const double delta : {1.0, 0.3}) check_loss(Huber{.delta = delta}, logits, soft, batch, shape);
    }
  }
}

TEST_CASE("one-hot rows and labels say the same", "[train]") {
  const auto logits = normal<double>(6 * 10, 1, 3.0);
  const std::vector<int> classes{1, 4, 7, 0, 3, 6};
  const auto rows = one_hot(6, 10);
  std::vector<double> sparse(60), dense(60);
  for (const bool from_logits : {true, false}) {
    const auto predictions = from_logits ? logits : distributions<double>(6, 10, 2);
    const double a = SparseCategoricalCrossentropy{from_logits}.evaluate<V>(
        predictions.data(), std::span<const int>(classes), sparse.data(), 6, Shape{10});
    const double b = CategoricalCrossentropy{from_logits}.evaluate<V>(predictions.data(), std::span<const double>(rows),
                                                                      dense.data(), 6, Shape{10});
    CHECK(a == Approx(b).epsilon(1e-13));
    CHECK(difference(sparse, dense) < 1e-13);
  }
}

TEST_CASE("extreme logits keep loss and gradient exact", "[train]") {
  using F = simd::Vector<float>;
  const std::vector<float> logits{1e4f, -1e4f, 0, -1e4f, 1e4f, 0};
  const std::vector<int> classes{0, 0};
  std::vector<float> gradient(6);
  const double loss = SparseCategoricalCrossentropy{.from_logits = true}.evaluate<F>(
      logits.data(), std::span<const int>(classes), gradient.data(), 2, Shape{3});
  CHECK(loss == 1e4);  // (0 + 20000) / 2
  CHECK(gradient == std::vector<float>{0, 0, 0, -0.5f, 0.5f, 0});

  const std::vector<float> rows{1, 0, 0, 1, 0, 0};
  CHECK(CategoricalCrossentropy{.from_logits = true}.evaluate<F>(logits.data(), std::span<const float>(rows),
                                                                 gradient.data(), 2, Shape{3}) == 1e4);
  CHECK(gradient == std::vector<float>{0, 0, 0, -0.5f, 0.5f, 0});

  const std::vector<float> z{1e4f, -1e4f, 1e4f, -1e4f};
  const std::vector<int> bits{1, 1, 0, 0};
  CHECK(BinaryCrossentropy{.from_logits = true}.evaluate<F>(z.data(), std::span<const int>(bits), gradient.data(), 4,
                                                            Shape{1}) == 5e3);
  CHECK(gradient[0] == 0);
  CHECK(gradient[1] == -0.25f);
  CHECK(gradient[2] == 0.25f);
  CHECK(gradient[3] == 0);
}

TEST_CASE("probabilities of 0 and 1 are clipped as in Keras", "[train]") {
  using F = simd::Vector<float>;
  const std::vector<float> p{1, 0, 0, 1};
  const std::vector<int> classes{0, 0};
  std::vector<float> gradient(4);
  const double loss = SparseCategoricalCrossentropy{}.evaluate<F>(p.data(), std::span<const int>(classes),
                                                                  gradient.data(), 2, Shape{2});
  CHECK(loss == Approx(-0.5 * (std::log(1e-7) + std::log(1 - 1e-7))).epsilon(1e-9));
  for (const float slope : gradient) CHECK(std::isfinite(slope));
  const double binary = BinaryCrossentropy{}.evaluate<F>(p.data(), std::span<const int>(std::vector<int>{0, 1, 0, 1}),
                                                         gradient.data(), 4, Shape{1});
  CHECK(binary == Approx(-0.5 * (std::log(1e-7) + std::log(1 - 1e-7))).epsilon(1e-6));
}

TEST_CASE("probabilities that are none are clipped, or divided by their sum first, as in Keras", "[train]") {
  // Keras' functions written out: sparse: softmax_cross_entropy(log(clip(p))); dense: -sum t log(clip(p / sum p))
  struct Row {
    std::vector<double> p;
    int label;
    double loss;
    std::vector<double> gradient;
  };
  const double low = 1e-7, high = 1 - 1e-7;
  for (const auto& [p, label, loss, slope] :
       {Row{{1.2, 0.3, 0.5}, 1, std::log((high + 0.8) / 0.3), {0, 1 / (high + 0.8) - 1 / 0.3, 1 / (high + 0.8)}},
        Row{{0, 0, 0}, 2, std::log(3.0), {0, 0, 0}},
        Row{{0, 0.25, 0.75}, 0, std::log((1 + low) / low), {0, 1 / (1 + low), 1 / (1 + low)}},
        Row{{-0.5, 0.25, 0.5}, 1, std::log((0.75 + low) / 0.25), {0, 1 / (0.75 + low) - 4, 1 / (0.75 + low)}}}) {
    std::vector<double> gradient(3);
    CHECK(SparseCategoricalCrossentropy{}.evaluate<V>(p.data(), std::span<const int>(&label, 1), gradient.data(), 1,
                                                      Shape{3}) == Approx(loss).epsilon(1e-12));
    CHECK(difference(gradient, slope) < 1e-12);
  }
  const std::vector<double> p{-0.5, 2, 0.5}, row{0, 1, 0}, unlikely{1, 0, 0};
  double* const none = nullptr;
  const auto dense = [&](const std::vector<double>& targets) {
    return CategoricalCrossentropy{}.evaluate<V>(p.data(), std::span<const double>(targets), none, 1, Shape{3});
  };
  CHECK(dense(row) == Approx(-std::log(high)).epsilon(1e-12));
  CHECK(dense(unlikely) == Approx(-std::log(low)).epsilon(1e-12));
}

TEST_CASE("a label smoothing is from 0 to 1", "[train]") {
  for (const double good : {0.0, 0.1, 1.0}) {
    CHECK_NOTHROW(CategoricalCrossentropy{.label_smoothing = good}.validate());
    CHECK_NOTHROW(BinaryCrossentropy{.label_smoothing = good}.validate());
  }
  for (const double bad : {-0.1, 1.1, std::nan("")}) {
    CHECK_THROWS_AS(CategoricalCrossentropy{.label_smoothing = bad}.validate(), InvalidArgument);
    CHECK_THROWS_AS(BinaryCrossentropy{.label_smoothing = bad}.validate(), InvalidArgument);
  }
}

TEST_CASE("Huber's loss is the square near the target and a line beyond delta", "[train]") {
  // By hand, delta 0.5: 0.4^2 / 2 = 0.08, at delta 0.125 from both sides, 0.5 (3 - 0.25) = 1.375.
  const std::vector<double> predictions{1.4, 1.5, 0.5, 4, -2}, targets(5, 1.0);
  std::vector<double> gradient(5);
  CHECK(Huber{.delta = 0.5}.evaluate<V>(predictions.data(), std::span<const double>(targets), gradient.data(), 5,
                                        Shape{1}) == Approx((0.08 + 2 * 0.125 + 2 * 1.375) / 5).epsilon(1e-14));
  CHECK(difference(gradient, std::vector<double>{0.08, 0.1, -0.1, 0.1, -0.1}) < 1e-15);
  for (const double bad : {0.0, -1.0, 1e39, std::nan("")})
    CHECK_THROWS_WITH(Huber{.delta = bad}.validate(),
                      Catch::Matchers::ContainsSubstring("Huber: expected .delta above 0, received "));
}

TEST_CASE("NaN and infinite predictions show in the loss", "[train]") {
  using F = simd::Vector<float>;
  for (const float bad : {NAN, INFINITY}) {
    for (const std::size_t place : {0, 1, 18}) {
      std::vector<float> predictions(19, 0.1f);
      predictions[place] = bad;
      const std::vector<int> one{1}, many(19, 1);
      const std::vector<float> values(19, 0.5f);
      float* const none = nullptr;
      CHECK(!std::isfinite(SparseCategoricalCrossentropy{true}.evaluate<F>(
          predictions.data(), std::span<const int>(one), none, 1, Shape{19})));
      CHECK(!std::isfinite(SparseCategoricalCrossentropy{}.evaluate<F>(predictions.data(), std::span<const int>(one),
                                                                       none, 1, Shape{19})));
      CHECK(!std::isfinite(CategoricalCrossentropy{true}.evaluate<F>(predictions.data(), std::span<const float>(values),
                                                                     none, 1, Shape{19})));
      CHECK(!std::isfinite(BinaryCrossentropy{true}.evaluate<F>(predictions.data(), std::span<const float>(values),
                                                                none, 1, Shape{19})));
      CHECK(!std::isfinite(
          MeanSquaredError{}.evaluate<F>(predictions.data(), std::span<const float>(values), none, 1, Shape{19})));
      CHECK(!std::isfinite(
          Huber{}.evaluate<F>(predictions.data(), std::span<const float>(values), none, 1, Shape{19})));
    }
  }
}

TEST_CASE("labels out of range are named", "[train]") {
  const std::vector<int> good{0, 9}, above{0, 1, 10}, below{-1};
  CHECK_NOTHROW(SparseCategoricalCrossentropy::check_targets(good, Shape{10}));
  try {
    SparseCategoricalCrossentropy::check_targets(above, Shape{10});
    FAIL("accepted label 10");
  } catch (const InvalidArgument& error) {
    CHECK(std::string(error.what()).find("label 2 of the batch: expected a class from 0 to 9, received 10") !=
          std::string::npos);
  }
  CHECK_THROWS_AS(SparseCategoricalCrossentropy::check_targets(below, Shape{10}), InvalidArgument);
  CHECK_THROWS_AS(BinaryCrossentropy::check_targets(std::vector<int>{2}, Shape{1}), InvalidArgument);
}

static_assert(SparseCategoricalCrossentropy::targets_per_sample(Shape{32, 32, 32}) == 32 * 32);
static_assert(LossFor<SparseCategoricalCrossentropy, V, int> && !LossFor<SparseCategoricalCrossentropy, V, double>);
static_assert(LossFor<BinaryCrossentropy, V, int> && LossFor<BinaryCrossentropy, V, double>);
static_assert(LossFor<MeanSquaredError, V, double> && !LossFor<MeanSquaredError, V, int>);
