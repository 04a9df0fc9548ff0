// CIFAR-10 from its binary version, https://www.cs.toronto.edu/~kriz/cifar.html
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>
#include <strata/core/text.hpp>
#include <strata/data/dataset.hpp>

namespace strata {

/// CIFAR-10's binary files.
namespace detail::cifar10 {

inline constexpr std::size_t side = 32, channels = 3, classes = 10;
inline constexpr std::size_t plane = side * side;
inline constexpr std::size_t record = 1 + channels * plane;  // the label, then the red, the green and the blue plane
inline constexpr std::size_t images = 10'000;                // in each published file
inline constexpr std::string_view remedy = "unpack cifar-10-binary.tar.gz again";

/// Appends the images of one batch file to `samples`, as (height, width, channels): `expected` of them, unless that is
/// 0. Returns how many. Throws FileError naming `path`.
inline std::uint64_t append(const std::filesystem::path& path, std::uint64_t expected, Samples& samples) {
  InputFile file(path);
  const std::uint64_t count = file.size() / record;
  if (count == 0 || count > images || file.size() % record != 0)
    throw_file_error(path, std::min<std::uint64_t>(count, images) * record,
                     "one or more records of 3073 bytes, 10000 at most", Text() << file.size() << " bytes in all",
                     remedy);
  if (expected != 0 && count != expected)
    throw_file_error(path, (std::min)(count, expected) * record,
                     Text() << expected << " images, as many as the other files of the set hold", Text() << count,
                     remedy);
  while (file.left() > 0) {
    const std::uint64_t start = file.size() - file.left();
    const std::vector<std::byte> bytes = file.read(record);
    const auto label = std::to_integer<int>(bytes[0]);
    if (label >= static_cast<int>(classes))
      throw_file_error(path, start, "a label from 0 to 9", Text() << label, remedy);
    samples.labels.push_back(label);
    std::size_t next = samples.bytes.size();
    samples.bytes.resize(next + channels * plane);
    for (std::size_t i = 0; i < plane; ++i)
      for (std::size_t c = 0; c < channels; ++c)
        samples.bytes[next++] = std::to_integer<std::uint8_t>(bytes[1 + c * plane + i]);
  }
  return count;
}

/// The names in batches.meta.txt, one a line. Throws FileError naming `path` unless there are ten.
inline std::vector<std::string> class_names(std::span<const std::byte> file, const std::filesystem::path& path) {
  std::vector<std::string> names(1);
  for (const std::byte byte : file) {
    const auto c = std::to_integer<char>(byte);
    if (c == '\n' && !names.back().empty()) names.emplace_back();
    if (c != '\n' && c != '\r') names.back() += c;
  }
  if (names.back().empty()) names.pop_back();
  if (names.size() != classes) throw_file_error(path, 0, "10 class names, one a line", Text() << names.size(), remedy);
  return names;
}

}  // namespace detail::cifar10

/// 50,000 training and 10,000 test images of shape (32, 32, 3), inputs from 0 to 1 and labels from 0 to 9, with class
/// names. `directory` is cifar-10-batches-bin or the directory that holds it. Smaller files of the same format will do,
/// if the five training batches are of one size: a shorter one was cut. Throws FileError that names the file and the
/// byte.
inline TrainTest load_cifar10(std::filesystem::path directory) {
  using namespace detail::cifar10;
  std::error_code ignored;
  if (std::filesystem::is_directory(directory / "cifar-10-batches-bin", ignored)) directory /= "cifar-10-batches-bin";
  std::uint64_t count = 0;
  const auto load = [&](std::initializer_list<std::string_view> files) {
    Samples samples{.shape = {32, 32, 3}};
    for (const std::string_view file : files) count = append(directory / file, count, samples);
    samples.class_names = class_names(read_file(directory / "batches.meta.txt"), directory / "batches.meta.txt");
    return Dataset(std::move(samples));
  };
  Dataset train =
      load({"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"});
  if (count != images) count = 0;  // a smaller set may have any test images
  return {std::move(train), load({"test_batch.bin"})};
}

}  // namespace strata
