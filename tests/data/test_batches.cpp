#include <strata/data/batches.hpp>

#include <algorithm>
#include <vector>

#include "data/support.hpp"

using namespace strata;
using data_test::error, data_test::missing;

namespace {

/// Sample i of shape (1, 2, 1) is {i, i + 100}, its label i, its targets {-i, i}.
Dataset numbered(int count, bool as_bytes) {
  Samples samples{.shape = {1, 2, 1}, .divisor = 1};
  for (int i = 0; i < count; ++i) {
    for (const int value : {i, i + 100}) {
      if (as_bytes)
        samples.bytes.push_back(static_cast<std::uint8_t>(value));
      else
        samples.inputs.push_back(static_cast<float>(value));
    }
    samples.labels.push_back(i);
    samples.targets.insert(samples.targets.end(), {static_cast<float>(-i), static_cast<float>(i)});
  }
  return Dataset(std::move(samples));
}

struct Epoch {
  std::vector<std::size_t> sizes;
  std::vector<int> labels;
  std::vector<float> inputs;
};

/// One epoch, with a check that inputs and targets go with their labels.
Epoch walk(Batches& batches, bool moved = false) {
  Epoch epoch;
  for (Batch batch; batches.next(batch);) {
    REQUIRE(batch.inputs.size() == 2 * batch.size);
    REQUIRE(batch.labels.size() == batch.size);
    REQUIRE(batch.targets.size() == 2 * batch.size);
    for (std::size_t i = 0; i < batch.size; ++i) {
      const auto label = static_cast<float>(batch.labels[i]);
      CHECK(batch.targets[2 * i] == -label);
      CHECK(batch.targets[2 * i + 1] == label);
      if (!moved) CHECK(batch.inputs[2 * i] == label);
      if (!moved) CHECK(batch.inputs[2 * i + 1] == label + 100);
    }
    epoch.sizes.push_back(batch.size);
    epoch.labels.insert(epoch.labels.end(), batch.labels.begin(), batch.labels.end());
    epoch.inputs.insert(epoch.inputs.end(), batch.inputs.begin(), batch.inputs.end());
  }
  return epoch;
}

}  // namespace

TEST_CASE("batches in order lie where the samples lie, and the last is smaller", "[batches]") {
  const Dataset set = numbered(10, false);
  Batches batches(set, {.batch_size = 4});
  CHECK(batches.count() == 3);
  for (int epoch = 0; epoch < 2; ++epoch) {
    Batch batch;
    REQUIRE(batches.next(batch));
    CHECK(batch.inputs.data() == set.inputs().data());
    REQUIRE(batches.next(batch));
    CHECK(batch.inputs.data() == set.inputs().data() + 8);
    CHECK(batch.labels.data() == set.labels().data() + 4);
    REQUIRE(batches.next(batch));
    CHECK(batch.size == 2);
    CHECK_FALSE(batches.next(batch));
    CHECK_FALSE(batches.next(batch));
    batches.start_epoch(Random(Seed{5}));
  }
}

TEST_CASE("every sample comes once an epoch, together with its label", "[batches]") {
  for (const bool as_bytes : {false, true})
    for (const bool shuffle : {false, true})
      for (const int batch_size : {1, 3, 5, 10, 1000}) {
        Batches batches(numbered(10, as_bytes), {.batch_size = batch_size, .shuffle = shuffle});
        for (std::uint64_t number = 0; number < 3; ++number) {
          batches.start_epoch(Random(Seed{1}).split(number));
          Epoch epoch = walk(batches);
          CHECK(epoch.sizes.size() == batches.count());
          CHECK(std::ranges::is_sorted(epoch.labels) == !shuffle);
          std::ranges::sort(epoch.labels);
          CHECK(epoch.labels == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        }
      }
}

TEST_CASE("the order of an epoch follows from its random numbers alone", "[batches]") {
  Batches one(numbered(100, false), {.batch_size = 7, .shuffle = true});
  Batches other(numbered(100, true), {.batch_size = 32, .shuffle = true});
  const auto order = [](Batches& batches, std::uint64_t seed, std::uint64_t epoch) {
    batches.start_epoch(Random(Seed{seed}).split(epoch));
    return walk(batches).labels;
  };
  const std::vector<int> first = order(one, 1, 0), second = order(one, 1, 1);
  CHECK(first != second);
  CHECK(order(one, 2, 0) != first);
  CHECK(order(other, 1, 1) == second);
  CHECK(order(one, 1, 0) == first);
  // Fixed for good: the same on every platform.
  Batches few(numbered(8, false), {.shuffle = true});
  CHECK(order(few, 42, 3) == std::vector{1, 2, 3, 6, 5, 0, 7, 4});
}

TEST_CASE("augmentation depends on the epoch and the sample, not on the batch", "[batches]") {
  const Augmentation augmentation{RandomFlip{}, RandomCrop{.padding = 1}};
  Batches one(numbered(64, false), {.batch_size = 5, .augmentation = augmentation});
  Batches other(numbered(64, true), {.batch_size = 64, .augmentation = augmentation});
  Batches shuffled(numbered(64, true), {.batch_size = 9, .shuffle = true, .augmentation = augmentation});
  const Random random(Seed{9});
  for (Batches* batches : {&one, &other, &shuffled}) batches->start_epoch(random);
  const Epoch expected = walk(one, true), mixed = walk(shuffled, true);
  CHECK(walk(other, true).inputs == expected.inputs);
  for (std::size_t i = 0; i < 64; ++i) {
    const auto sample = static_cast<std::size_t>(mixed.labels[i]);
    CHECK(mixed.inputs[2 * i] == expected.inputs[2 * sample]);
    CHECK(mixed.inputs[2 * i + 1] == expected.inputs[2 * sample + 1]);
  }
  one.start_epoch(random.split(1));
  CHECK(walk(one, true).inputs != expected.inputs);
}

TEST_CASE("a batch reuses its buffer", "[batches]") {
  Batches batches(numbered(10, true), {.batch_size = 4, .shuffle = true});
  Batch batch;
  REQUIRE(batches.next(batch));
  const Batch first = batch;
  CHECK(reinterpret_cast<std::uintptr_t>(first.inputs.data()) % 64 == 0);
  REQUIRE(batches.next(batch));
  CHECK(batch.inputs.data() == first.inputs.data());
  CHECK(batch.labels.data() == first.labels.data());
  CHECK(batch.targets.data() == first.targets.data());
}

TEST_CASE("members of a team read their shares of every batch, and no more", "[batches]") {
  const BatchOptions options{.batch_size = 4, .shuffle = true, .augmentation = {RandomFlip{}}};
  Batches all(numbered(10, false), options);
  const Epoch expected = walk(all, true);
  std::vector<std::vector<int>> labels(3);  // of the epoch's batches
  std::vector<float> inputs(20);
  std::vector<std::size_t> read;
  for (const std::size_t member : {0, 1, 2}) {
    Samples samples{.shape = {1, 2, 1}, .count = 10};
    samples.read = [&](std::size_t sample, std::span<float> values) {
      read.push_back(sample);
      values[0] = static_cast<float>(sample), values[1] = static_cast<float>(sample + 100);
    };
    for (int i = 0; i < 10; ++i) samples.labels.push_back(i);
    BatchOptions shared = options;
    shared.members = 3, shared.member = member;
    Batches share(Dataset(std::move(samples)), shared);
    std::size_t position = 0, number = 0;
    for (Batch batch; share.next(batch); position += batch.total, ++number) {
      CHECK(batch.total == expected.sizes[number]);
      CHECK(batch.size == batch.total * (member + 1) / 3 - batch.total * member / 3);
      const std::size_t first = position + batch.total * member / 3;
      std::copy(batch.inputs.begin(), batch.inputs.end(), inputs.begin() + static_cast<std::ptrdiff_t>(2 * first));
      labels[number].insert(labels[number].end(), batch.labels.begin(), batch.labels.end());
    }
  }
  CHECK(inputs == expected.inputs);
  std::vector<int> together;
  for (const auto& batch : labels) together.insert(together.end(), batch.begin(), batch.end());
  CHECK(together == expected.labels);
  std::ranges::sort(read);
  CHECK(read == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("samples that are read when they are needed are a part's own", "[batches]") {
  Samples samples{.shape = {2}, .count = 5};
  samples.read = [](std::size_t sample, std::span<float> values) {
    values[0] = values[1] = static_cast<float>(sample);
  };
  const Dataset part = Dataset(std::move(samples)).split(0.4).second;
  CHECK(part.sample(1) == std::vector<float>{3, 3});
  Batches batches(part, {.batch_size = 2});
  Batch batch;
  CHECK(batches.next(batch));
  CHECK(std::vector<float>(batch.inputs.begin(), batch.inputs.end()) == std::vector<float>{2, 2, 3, 3});
  const auto both = [] { Dataset({.shape = {2}, .inputs = {1, 2}, .count = 1}); };
  CHECK(missing(error<InvalidArgument>(both), {".count"}) == "");
}

TEST_CASE("batches of a part, and of nothing", "[batches]") {
  const auto [first, rest] = numbered(10, true).split(0.7);
  Batches batches(rest, {.batch_size = 2, .shuffle = true});
  std::vector<int> labels = walk(batches).labels;
  std::ranges::sort(labels);
  CHECK(labels == std::vector{7, 8, 9});
  Batches none(numbered(3, true).take(0), {.shuffle = true, .augmentation = RandomFlip{}});
  Batch batch;
  CHECK(none.count() == 0);
  CHECK_FALSE(none.next(batch));
}

TEST_CASE("samples without labels or targets give empty spans", "[batches]") {
  for (const bool shuffle : {false, true}) {
    Batches batches(Dataset({.shape = {2}, .inputs = {1, 2, 3, 4}}), {.shuffle = shuffle});
    Batch batch;
    REQUIRE(batches.next(batch));
    CHECK(batch.size == 2);
    CHECK(batch.labels.empty());
    CHECK(batch.targets.empty());
  }
}

TEST_CASE("options that do not fit are refused with a sentence", "[batches]") {
  const auto refusal = [](const Dataset& set, const BatchOptions& options) {
    return error<InvalidArgument>([&] { Batches batches(set, options); });
  };
  CHECK(missing(refusal(numbered(2, true), {.batch_size = 0}), {"batch size of at least 1", "received 0"}) == "");
  CHECK(missing(refusal(numbered(2, true), {.batch_size = -3}), {"received -3"}) == "");
  CHECK(missing(refusal(Dataset({.shape = {4}, .inputs = {1, 2, 3, 4}}), {.augmentation = RandomFlip{}}),
                {"images", "shape 4"}) == "");
  CHECK(missing(
            refusal(Dataset({.shape = {1, 2, 1}, .inputs = {1, 2}, .labels = {1, 2}}), {.augmentation = RandomFlip{}}),
            {"one label", "received 2"}) == "");
}
