#include <strata/data/dataset.hpp>

#include <cmath>
#include <vector>

#include "data/support.hpp"

using namespace strata;
using data_test::error, data_test::missing;

namespace {

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

std::string refusal(Samples samples) {
  return error<InvalidArgument>([&] { Dataset dataset(std::move(samples)); });
}

}  // namespace

TEST_CASE("a data set holds what it was made from", "[dataset]") {
  const Dataset set(
      {.shape = {2}, .inputs = {0, 0, 0, 1, 1, 0, 1, 1}, .labels = {0, 1, 1, 0}, .class_names = {"no", "yes"}});
  CHECK(set.shape() == Shape{2});
  CHECK(set.size() == 4);
  CHECK_FALSE(set.empty());
  CHECK(copy(set.inputs()) == std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1});
  CHECK(set.bytes().empty());
  CHECK(copy(set.labels()) == std::vector{0, 1, 1, 0});
  CHECK(set.labels_per_sample() == 1);
  CHECK(set.targets().empty());
  CHECK(set.targets_per_sample() == 0);
  CHECK(set.class_names()[1] == "yes");
  CHECK(set.sample(2) == std::vector<float>{1, 0});
  CHECK(missing(error<InvalidArgument>([&] { set.sample(4); }), {"a sample index below 4", "received 4"}) == "");
}

TEST_CASE("pixels are divided, as Keras users write it", "[dataset]") {
  std::vector<std::uint8_t> bytes(256);
  for (int k = 0; k < 256; ++k) bytes[static_cast<std::size_t>(k)] = static_cast<std::uint8_t>(k);
  const Dataset set({.shape = {16, 16, 1}, .bytes = bytes});
  CHECK(set.inputs().empty());
  CHECK(set.bytes().size() == 256);
  for (int k = 0; k < 256; ++k) CHECK(set.sample(0)[static_cast<std::size_t>(k)] == static_cast<float>(k) / 255.0f);
  CHECK(Dataset({.shape = {2}, .bytes = {3, 5}, .divisor = 1}).sample(0) == std::vector<float>{3, 5});
}

TEST_CASE("several labels and targets may belong to a sample", "[dataset]") {
  const Dataset set(
      {.shape = {1, 2, 1}, .inputs = {1, 2, 3, 4}, .labels = {5, 6, 7, 8}, .targets = {1, 2, 3, 4, 5, 6}});
  CHECK(set.labels_per_sample() == 2);
  CHECK(set.targets_per_sample() == 3);
  const auto [first, second] = set.split(0.5);
  CHECK(copy(second.labels()) == std::vector{7, 8});
  CHECK(copy(second.targets()) == std::vector<float>{4, 5, 6});
}

TEST_CASE("take and split are views of the same samples", "[dataset]") {
  const Dataset set({.shape = {1}, .inputs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, .labels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}});
  CHECK(set.take(3).size() == 3);
  CHECK(set.take(3).inputs().data() == set.inputs().data());
  CHECK(set.take(30).size() == 10);
  const auto [train, test] = set.split(0.8);
  CHECK(copy(train.labels()) == std::vector{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(copy(test.labels()) == std::vector{8, 9});
  CHECK(test.inputs().data() == set.inputs().data() + 8);
  CHECK(test.sample(1) == std::vector<float>{9});
  CHECK(copy(test.split(0.5).second.take(1).labels()) == std::vector{9});
  CHECK(set.split(1).second.empty());
  CHECK(set.split(0).first.inputs().empty());
  for (const double wrong : {-0.1, 1.1, 80.0, std::nan("")})
    CHECK(missing(error<InvalidArgument>([&] { set.split(wrong); }), {"from 0 to 1"}) == "");
  CHECK(missing(error<InvalidArgument>([&] { set.split(80); }), {"received 80"}) == "");
}

// int(math.floor(n * (1.0 - v))), as Keras' train_validation_split cuts (data_adapters/data_adapter_utils.py),
// computed by Python.
TEST_CASE("split cuts where Keras' validation_split does", "[dataset]") {
  const struct {
    std::size_t samples;
    double validation_split;
    std::size_t first;
  } cases[] = {{11, 0.2, 8},   {10, 0.25, 7}, {101, 0.2, 80}, {10, 0.05, 9},     {100, 0.43, 57}, {10, 0.8, 1},
               {10, 0.3, 7},   {10, 0.9, 0},  {3, 0.5, 1},    {60000, 0.1, 54000}, {100, 0.71, 29}, {1, 0.5, 0}};
  for (const auto& [samples, validation_split, first] : cases) {
    INFO(samples << " samples, validation_split " << validation_split);
    const auto [train, validation] =
        Dataset({.shape = {1}, .inputs = std::vector<float>(samples)}).split(1 - validation_split);
    CHECK(train.size() == first);
    CHECK(validation.size() == samples - first);
  }
  const Dataset ten({.shape = {1}, .inputs = std::vector<float>(10)});
  for (std::size_t tenth = 0; tenth <= 10; ++tenth)
    CHECK(ten.split(static_cast<double>(tenth) / 10).first.size() == tenth);
}

TEST_CASE("samples outlive the data set they were taken from", "[dataset]") {
  Dataset part = Dataset({.shape = {1}, .inputs = {1, 2, 3}}).split(0.34).second;
  CHECK(copy(part.inputs()) == std::vector<float>{2, 3});
}

TEST_CASE("sizes that do not fit are refused with a sentence", "[dataset]") {
  CHECK(missing(refusal({.inputs = {1}}), {"shape", "none"}) == "");
  CHECK(missing(refusal({.shape = {2, 0}, .inputs = {1}}), {"2x0", "zero or negative"}) == "");
  CHECK(missing(refusal({.shape = {-2, -1}, .inputs = {1, 2}}), {"-2x-1", "zero or negative"}) == "");
  CHECK(missing(refusal({.shape = {65536, 65536, 65536, 65536}, .inputs = {1}}), {"shape"}) == "");
  CHECK(missing(refusal({.shape = {2}}), {"inputs or bytes", "neither"}) == "");
  CHECK(missing(refusal({.shape = {1}, .inputs = {1}, .bytes = {1}}), {"inputs or bytes", "both"}) == "");
  CHECK(missing(refusal({.shape = {2, 2, 1}, .inputs = {1, 2, 3}}), {"multiple of 4", "2x2x1", "received 3"}) == "");
  CHECK(missing(refusal({.shape = {2}, .bytes = {1, 2, 3}}), {"multiple of 2", "received 3"}) == "");
  CHECK(missing(refusal({.shape = {1}, .inputs = {1, 2}, .labels = {1}}), {"labels for each of 2", "1 labels"}) == "");
  CHECK(missing(refusal({.shape = {1}, .inputs = {1, 2}, .targets = {1, 2, 3}}),
                {"targets for each of 2", "3 targets"}) == "");
  CHECK(missing(refusal({.shape = {1}, .inputs = {1, 2}, .labels = {0, 2}, .class_names = {"a", "b"}}),
                {"from 0 to 1", "received 2"}) == "");
  CHECK(missing(refusal({.shape = {1}, .inputs = {1}, .labels = {-1}, .class_names = {"a", "b"}}), {"received -1"}) ==
        "");
}
