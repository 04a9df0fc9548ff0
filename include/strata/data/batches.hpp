// A data set in batches: in order or shuffled, as stored or converted and augmented.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <strata/core/arena.hpp>
#include <strata/core/error.hpp>
#include <strata/core/parallel.hpp>
#include <strata/core/random.hpp>
#include <strata/core/text.hpp>
#include <strata/data/augmentation.hpp>
#include <strata/data/dataset.hpp>

namespace strata {

struct BatchOptions {
  int batch_size = 32;
  bool shuffle = false;
  Augmentation augmentation{};  ///< of the inputs; `targets` are handed out as they are
  std::size_t members = 1;      ///< of a team (core/parallel.hpp), each of which reads its share of every batch
  std::size_t member = 0;       ///< which of them this one is
};

/// Some samples. The spans are valid until the next call of `Batches::next`, or its end of life.
struct Batch {
  std::size_t size = 0;              ///< samples; of a member's share there may be none
  std::size_t total = 0;             ///< samples of all members' shares
  std::span<const float> inputs{};   ///< (size, shape), NHWC
  std::span<const int> labels{};     ///< (size, labels_per_sample)
  std::span<const float> targets{};  ///< (size, targets_per_sample)
};

/// Walks through a data set; the last batch of an epoch holds what is left (as Keras').
///
///     Batches batches(train, {.batch_size = 64, .shuffle = true});
///     for (int epoch = 0; epoch < 5; ++epoch) {
///       batches.start_epoch(Random(seed).split(epoch));
///       for (Batch batch; batches.next(batch);) trainer.step(batch.inputs, batch.labels);
///     }
///
/// The order and the augmentation of an epoch follow from its `Random` alone. Samples stored as floats that are neither
/// shuffled nor augmented are handed out where they lie; others pass through one buffer, so `next` never allocates.
class Batches {
 public:
  /// Throws InvalidArgument where the batch size is not positive or the augmentation cannot apply. Ready for a first
  /// epoch: in order, or with `Seed{}`.
  explicit Batches(Dataset dataset, BatchOptions options = {})
      : dataset_(std::move(dataset)), options_(std::move(options)) {
    if (options_.batch_size < 1)
      detail::raise<InvalidArgument>(
          Text() << "Batches: expected a batch size of at least 1, received " << options_.batch_size
          << "; 32 to 128 suits most networks");
    if (!options_.augmentation.empty()) check_augmentation();
    const std::size_t total = (std::min)(static_cast<std::size_t>(options_.batch_size), dataset_.size());
    const std::size_t rows = (total + options_.members - 1) / options_.members;
    if (!in_place()) inputs_ = Arena<float>(rows * dataset_.shape().size());
    if (dataset_.reads()) sample_ = Arena<float>(dataset_.shape().size());
    if (options_.shuffle) {
      order_.resize(dataset_.size());
      labels_.resize(rows * dataset_.labels_per_sample());
      targets_.resize(rows * dataset_.targets_per_sample());
    }
    start_epoch(Random(Seed{}));
  }

  const Dataset& dataset() const { return dataset_; }

  /// Batches of one epoch.
  std::size_t count() const {
    const auto batch_size = static_cast<std::size_t>(options_.batch_size);
    return dataset_.size() / batch_size + (dataset_.size() % batch_size != 0);
  }

  /// Goes back to the first batch. `random` decides the order (if shuffled) and the augmentation of this epoch.
  void start_epoch(const Random& random) {
    position_ = 0;
    augmentation_random_ = random.split(1);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    random.split(0).shuffle(std::span(order_));
  }

  /// Fills in the next batch, or returns false after the last one of the epoch.
  bool next(Batch& batch) {
    if (position_ == dataset_.size()) return false;
    batch.total = (std::min)(static_cast<std::size_t>(options_.batch_size), dataset_.size() - position_);
    const detail::Share share(batch.total, options_.member, options_.members);
    batch.size = share.size();
    const std::size_t first = position_ + share.begin;
    batch.inputs = gather_inputs(first, batch.size);
    batch.labels = gather(dataset_.labels(), dataset_.labels_per_sample(), labels_, first, batch.size);
    batch.targets = gather(dataset_.targets(), dataset_.targets_per_sample(), targets_, first, batch.size);
    position_ += batch.total;
    return true;
  }

 private:
  bool in_place() const {
    return !options_.shuffle && options_.augmentation.empty() && !dataset_.inputs().empty();
  }

  void check_augmentation() const {
    if (dataset_.shape().rank != 3)
      detail::raise<InvalidArgument>(
          Text() << "Batches: expected images (height, width, channels) to augment, received samples of shape "
          << dataset_.shape() << "; leave the augmentation out");
    if (dataset_.labels_per_sample() > 1)
      detail::raise<InvalidArgument>(
          Text() << "Batches: expected one label for each image to augment, received "
          << dataset_.labels_per_sample() << ", which would stay where the pixels move; "
          << "leave the augmentation out");
  }

  template <class T>
  std::span<const T> gather(std::span<const T> rows, std::size_t width, std::vector<T>& buffer, std::size_t first,
                            std::size_t count) {
    if (!options_.shuffle) return rows.subspan(first * width, count * width);
    for (std::size_t i = 0; i < count; ++i)
      std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(order_[first + i] * width), width,
                  buffer.begin() + static_cast<std::ptrdiff_t>(i * width));
    return std::span<const T>(buffer).first(count * width);
  }

  std::span<const float> gather_inputs(std::size_t first, std::size_t count) {
    const Shape& shape = dataset_.shape();
    const std::size_t width = shape.size();
    if (in_place()) return dataset_.inputs().subspan(first * width, count * width);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t sample = options_.shuffle ? order_[first + i] : first + i;
      const Placement placement = options_.augmentation.draw(augmentation_random_.split(sample));
      float* output = inputs_.data() + i * width;
      if (dataset_.reads()) {
        dataset_.read(sample, sample_.span());
        detail::place(sample_.data(), shape, placement, 1.0f, output);
      } else if (dataset_.bytes().empty())
        detail::place(dataset_.inputs().data() + sample * width, shape, placement, 1.0f, output);
      else
        detail::place(dataset_.bytes().data() + sample * width, shape, placement, dataset_.divisor(), output);
    }
    return inputs_.span().first(count * width);
  }

  Dataset dataset_;
  BatchOptions options_;
  std::size_t position_ = 0;
  Random augmentation_random_{Seed{}};
  std::vector<std::size_t> order_;  // of this epoch; empty unless shuffled
  Arena<float> sample_;             // one that was read
  Arena<float> inputs_;             // one batch of each; empty where batches lie in place
  std::vector<int> labels_;
  std::vector<float> targets_;
};

}  // namespace strata
