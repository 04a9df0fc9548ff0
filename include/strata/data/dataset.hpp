// A set of samples with what a network should say about them: what `fit` trains on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/number.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/text.hpp>

namespace strata {

/// What a data set is made from, sample after sample. Give `inputs`, `bytes` or `read`; give `labels` for the sparse
/// losses, `targets` for the others, both, or neither where only predictions are wanted.
struct Samples {
  Shape shape{};                           ///< of one sample
  std::vector<float> inputs{};             ///< samples x shape, NHWC
  std::vector<std::uint8_t> bytes{};       ///< the same as pixels: a quarter of the memory, converted batch by batch
  float divisor = 255.0f;                  ///< byte k stands for the input k / divisor
  /// Fills in one sample, (shape), whenever a batch needs it: for more samples than memory holds. There are `count`.
  std::function<void(std::size_t sample, std::span<float> inputs)> read{};
  std::size_t count = 0;
  std::vector<int> labels{};               ///< samples x labels per sample: one class, or one for each pixel
  std::vector<float> targets{};            ///< samples x targets per sample: regression values or one-hot rows
  std::vector<std::string> class_names{};  ///< optional; where given, every label must name one
};

/// Immutable samples. Copies, `take` and `split` share them, so all of these are cheap.
///
///     Dataset xor_gate({.shape = {2}, .inputs = {0, 0, 0, 1, 1, 0, 1, 1}, .labels = {0, 1, 1, 0}});
///     auto [train, validation] = all.split(0.8);
class Dataset {
 public:
  /// Throws InvalidArgument where the sizes do not fit each other.
  explicit Dataset(Samples samples) : samples_(std::make_shared<const Samples>(std::move(samples))) {
    const Samples& s = *samples_;
    for (int axis = 0; axis < s.shape.rank; ++axis)
      require(s.shape[axis] > 0, "a shape without zero or negative extents", Text() << "the shape " << s.shape,
              "check .shape");
    require(s.shape.size() > 0, "the shape of one sample", "none", "give .shape, such as {28, 28, 1} or {784}");
    const int given = !s.inputs.empty() + !s.bytes.empty() + (s.read != nullptr);
    require(given == 1, "either inputs or bytes", given == 0 ? "neither" : "both",
            "give the samples as .inputs (float), as .bytes (pixels), or by .read (a function)");
    require((s.count > 0) == (s.read != nullptr), "a .count of samples with .read, and only there", Text() << s.count,
            "say how many samples .read can be asked for");
    const std::size_t values =
        s.read != nullptr ? s.count * s.shape.size() : (std::max)(s.inputs.size(), s.bytes.size());
    require(values % s.shape.size() == 0,
            Text() << "a multiple of " << s.shape.size() << " input values (" << s.shape << " a sample)",
            Text() << values, "check .shape, or whether the last sample is cut short");
    size_ = values / s.shape.size();
    labels_per_sample_ = per_sample(s.labels.size(), "labels");
    targets_per_sample_ = per_sample(s.targets.size(), "targets");
    if (!s.class_names.empty()) check_labels();
  }

  const Shape& shape() const { return samples_->shape; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t labels_per_sample() const { return labels_per_sample_; }
  std::size_t targets_per_sample() const { return targets_per_sample_; }

  /// (size, shape); empty where the samples are bytes, or read when they are needed: have those by `sample` or through
  /// `Batches`.
  std::span<const float> inputs() const { return rows(samples_->inputs, shape().size()); }
  /// (size, shape); empty where the samples are no bytes.
  std::span<const std::uint8_t> bytes() const { return rows(samples_->bytes, shape().size()); }
  /// Whether samples are read when they are needed.
  bool reads() const { return samples_->read != nullptr; }
  /// One of these, into (shape).
  void read(std::size_t index, std::span<float> inputs) const { samples_->read(first_ + index, inputs); }
  /// Byte k stands for the input k / divisor.
  float divisor() const { return samples_->divisor; }
  /// (size, labels_per_sample)
  std::span<const int> labels() const { return rows(samples_->labels, labels_per_sample_); }
  /// (size, targets_per_sample)
  std::span<const float> targets() const { return rows(samples_->targets, targets_per_sample_); }
  std::span<const std::string> class_names() const { return samples_->class_names; }

  /// A copy of one sample's inputs. Throws InvalidArgument where there is no such sample.
  std::vector<float> sample(std::size_t index) const {
    require(index < size_, Text() << "a sample index below " << size_, Text() << index, "count samples from 0");
    const std::size_t count = shape().size();
    std::vector<float> values(count);
    if (reads()) {
      read(index, values);
    } else if (!inputs().empty()) {
      std::copy_n(inputs().data() + index * count, count, values.begin());
    } else {
      std::transform(bytes().data() + index * count, bytes().data() + (index + 1) * count, values.begin(),
                     [this](std::uint8_t byte) { return static_cast<float>(byte) / divisor(); });
    }
    return values;
  }

  /// The first `count` samples, or all where there are fewer.
  Dataset take(std::size_t count) const { return slice(0, (std::min)(count, size_)); }

  /// The first floor(size * fraction) samples and the rest, in order: nothing is shuffled, and `split(1 - v)` cuts
  /// where Keras' `validation_split = v` does. Throws InvalidArgument unless 0 <= fraction <= 1.
  std::pair<Dataset, Dataset> split(double fraction) const {
    require(fraction >= 0 && fraction <= 1, "a fraction from 0 to 1", detail::general(fraction),
            "use split(0.8) for 80 % and 20 %");
    const auto count = static_cast<std::size_t>(static_cast<double>(size_) * fraction);
    return {slice(0, count), slice(count, size_ - count)};
  }

 private:
  static void require(bool condition, std::string_view expected, std::string_view received, std::string_view remedy) {
    if (!condition)
      detail::raise<InvalidArgument>(
          Text() << "Dataset: expected " << expected << ", received " << received << "; " << remedy);
  }

  std::size_t per_sample(std::size_t values, std::string_view what) const {
    require(values % size_ == 0, Text() << "one or more " << what << " for each of " << size_ << " samples",
            Text() << values << " " << what, "give as many for every sample");
    return values / size_;
  }

  void check_labels() const {
    const auto classes = static_cast<int>(samples_->class_names.size());
    for (int label : samples_->labels)
      require(label >= 0 && label < classes, Text() << "labels from 0 to " << classes - 1, Text() << label,
              "count classes from 0 and name every class, or leave .class_names out");
  }

  template <class T>
  std::span<const T> rows(const std::vector<T>& values, std::size_t per_sample) const {
    if (values.empty()) return {};
    return std::span(values).subspan(first_ * per_sample, size_ * per_sample);
  }

  Dataset slice(std::size_t first, std::size_t size) const {
    Dataset part = *this;
    part.first_ += first;
    part.size_ = size;
    return part;
  }

  std::shared_ptr<const Samples> samples_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t labels_per_sample_ = 0;
  std::size_t targets_per_sample_ = 0;
};

/// `auto [train, test] = load_mnist(directory);`
struct TrainTest {
  Dataset train;
  Dataset test;
};

}  // namespace strata
