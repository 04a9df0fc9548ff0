#include "harness/catch.hpp"

#include <cmath>
#include <vector>

#include <strata/train/metrics.hpp>

using namespace strata;

TEST_CASE("no label is among the top of outputs that are not all finite, as in TensorFlow", "[train]") {
  const auto top = [](std::vector<float> row, int label) {
    const std::span<const float> predictions(row);
    return SparseTopKCategoricalAccuracy{.k = 2}(predictions, std::span<const int>(&label, 1), Shape{3});
  };
  CHECK(top({3, 2, 1}, 1) == 1);
  for (const float bad : {NAN, INFINITY, -INFINITY})
    for (int label = 0; label < 3; ++label) CHECK(top({3, 2, bad}, label) == 0);
}

TEST_CASE("metrics are the means that Keras computes", "[train]") {
  const std::vector<float> rows{0.1f, 0.7f, 0.2f, 0.5f, 0.2f, 0.3f, 0.3f, 0.3f, 0.4f, 0.6f, 0.3f, 0.1f};
  const std::span<const float> predictions(rows);
  const std::vector<int> labels{1, 2, 2, 1};
  CHECK(SparseCategoricalAccuracy{}(predictions, std::span<const int>(labels), Shape{3}) == 0.5);
  CHECK(SparseCategoricalAccuracy{}(predictions, std::span<const int>(labels), Shape{2, 3}) ==
        0.5);  // two positions a sample
  CHECK(SparseTopKCategoricalAccuracy{.k = 1}(predictions, std::span<const int>(labels), Shape{3}) == 0.5);
  CHECK(SparseTopKCategoricalAccuracy{.k = 2}(predictions, std::span<const int>(labels), Shape{3}) == 1.0);

  const std::vector<float> one_hot{0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0};
  CHECK(CategoricalAccuracy{}(predictions, std::span<const float>(one_hot), Shape{3}) == 0.5);

  const std::vector<float> p{0.5f, 0.51f, 0.2f, 0.9f};
  const std::vector<int> bits{1, 1, 0, 0};
  const std::vector<float> float_bits{1, 1, 0, 0};
  CHECK(BinaryAccuracy{}(std::span<const float>(p), std::span<const int>(bits), Shape{1}) == 0.5);  // 0.5 is no yes
  CHECK(BinaryAccuracy{}(std::span<const float>(p), std::span<const float>(float_bits), Shape{1}) == 0.5);
  CHECK(BinaryAccuracy{.threshold = 0.1}(std::span<const float>(p), std::span<const int>(bits), Shape{1}) == 0.5);
  CHECK(BinaryAccuracy{.threshold = 0.95}(std::span<const float>(p), std::span<const int>(bits), Shape{1}) == 0.5);
  // Keras: float32(p) > float32(threshold), and equality with the target
  const auto binary = [](BinaryAccuracy metric, float prediction, float target) {
    return metric(std::span<const float>(&prediction, 1), std::span<const float>(&target, 1), Shape{1});
  };
  CHECK(binary({.threshold = 0.3}, 0.3f, 1) == 0);
  CHECK(binary({.threshold = 0.3}, 0.3f, 0) == 1);
  CHECK(binary({}, 0.9f, 0.8f) == 0);
  // of logits, 0.5 is where the sigmoid is: at 0; sigmoid(1) = 0.73
  for (const float logit : {-3.0f, -1e-6f, 0.0f, 1e-6f, 0.3f, 30.0f})
    CHECK(binary({.from_logits = true}, logit, 1) == (logit > 0));
  CHECK(binary({.threshold = 0.7, .from_logits = true}, 1, 1) == 1);
  CHECK(binary({.threshold = 0.75, .from_logits = true}, 1, 1) == 0);
  CHECK(binary({.threshold = 0, .from_logits = true}, -1, 1) == 0);  // Keras' way to count logits
  CHECK(MeanAbsoluteError{}(std::span<const float>(p), std::span<const float>(float_bits), Shape{1}) ==
        Approx((0.5 + 0.49 + 0.2 + 0.9) / 4));
}
