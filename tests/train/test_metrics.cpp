#include "harness/catch.hpp"

#include <vector>

#include <strata/train/metrics.hpp>

using namespace strata;

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
  CHECK(MeanAbsoluteError{}(std::span<const float>(p), std::span<const float>(float_bits), Shape{1}) ==
        Approx((0.5 + 0.49 + 0.2 + 0.9) / 4));
}
