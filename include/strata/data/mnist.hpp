// MNIST, and sets published in its format (Fashion-MNIST, KMNIST): http://yann.lecun.com/exdb/mnist/
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>
#include <strata/core/text.hpp>
#include <strata/data/dataset.hpp>

namespace strata {

/// Unpacks a compressed file; `path` is for errors. `gunzip` in strata/data/gzip.hpp is one.
using Decompress = std::vector<std::byte> (*)(std::span<const std::byte> file, const std::filesystem::path& path);

/// MNIST's IDX files: a magic number whose last byte is the rank, the extents, then bytes; all numbers big endian.
namespace detail::mnist {

inline constexpr std::string_view remedy = "check that this is the file its name says, and complete";

/// The bytes of an array of unsigned bytes and its extents.
template <std::size_t Rank>
struct Idx {
  std::array<std::uint32_t, Rank> extents{};
  std::span<const std::byte> values{};
};

inline std::uint32_t big_endian(std::span<const std::byte> file, std::size_t byte) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | std::to_integer<std::uint32_t>(file[byte + i]);
  return number;
}

/// A view into `file`. Throws FileError naming `path` unless the file holds just such an array.
template <std::size_t Rank>
Idx<Rank> parse_idx(std::span<const std::byte> file, const std::filesystem::path& path) {
  constexpr std::size_t header = 4 + 4 * Rank;
  constexpr std::uint32_t magic = 0x800 + Rank;  // 0x08: unsigned bytes
  if (file.size() < header)
    throw_file_error(path, file.size(), Text() << "a header of " << header << " bytes", "the end of the file", remedy);
  if (big_endian(file, 0) != magic)
    throw_file_error(path, 0, Text() << "the magic number " << magic, Text() << big_endian(file, 0), remedy);
  Idx<Rank> idx{.values = file.subspan(header)};
  std::uint64_t left = idx.values.size();  // divided by each extent: their product may be larger than any integer
  bool fits = true;
  Text extents;
  for (std::size_t axis = 0; axis < Rank; ++axis) {
    const std::uint32_t extent = idx.extents[axis] = big_endian(file, 4 + 4 * axis);
    fits = fits && extent != 0 && left % extent == 0;
    left /= std::max(extent, 1u);
    extents << (axis == 0 ? "" : "x") << extent;
  }
  if (!fits || left != 1)
    throw_file_error(path, header, extents << " bytes, and at least one", Text() << idx.values.size() << " bytes",
                     remedy);
  return idx;
}

/// The file, or what `decompress` makes of the one with .gz behind its name.
inline std::vector<std::byte> read(const std::filesystem::path& path, Decompress decompress) {
  std::error_code ignored;
  std::filesystem::path packed = path;
  packed += ".gz";
  if (std::filesystem::exists(path, ignored) || !std::filesystem::exists(packed, ignored)) return read_file(path);
  if (decompress == nullptr)
    detail::raise<FileError>(
        packed.string() +
        ": is compressed; unpack it with gunzip, or include <strata/data/gzip.hpp>, link zlib "
        "(CMake: strata::zlib) and call load_mnist(directory, gunzip)");
  return decompress(read_file(packed), packed);
}

inline Dataset load(const std::filesystem::path& images_path, const std::filesystem::path& labels_path,
                    Decompress decompress) {
  const std::vector<std::byte> images_file = read(images_path, decompress), labels_file = read(labels_path, decompress);
  const auto images = parse_idx<3>(images_file, images_path);
  const auto labels = parse_idx<1>(labels_file, labels_path);
  const auto [count, height, width] = images.extents;
  if (std::max(height, width) > 0xFFFF)
    throw_file_error(images_path, 8, "images of at most 65535x65535", Text() << height << "x" << width, remedy);
  if (labels.extents[0] != count)
    throw_file_error(labels_path, 4, Text() << count << " labels, one for each image", Text() << labels.extents[0],
                     "take both files from the same set");
  Samples samples{.shape = {static_cast<int>(height), static_cast<int>(width), 1}};
  samples.bytes.resize(images.values.size());
  std::ranges::transform(images.values, samples.bytes.begin(),
                         [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  for (std::size_t i = 0; i < labels.values.size(); ++i) {
    samples.labels.push_back(std::to_integer<int>(labels.values[i]));
    if (samples.labels.back() > 9)
      throw_file_error(labels_path, 8 + i, "a label from 0 to 9", Text() << samples.labels.back(), remedy);
  }
  return Dataset(std::move(samples));
}

}  // namespace detail::mnist

/// 60,000 training and 10,000 test images of shape (28, 28, 1), inputs from 0 to 1 and labels from 0 to 9, from
/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte.
///
///     auto [train, test] = load_mnist("data/mnist");
///     auto [train, test] = load_mnist("data/mnist", gunzip);  // takes the .gz where only that is there
///
/// Throws FileError that names the file and the byte.
inline TrainTest load_mnist(const std::filesystem::path& directory, Decompress decompress = nullptr) {
  const auto load = [&](const char* images, const char* labels) {
    return detail::mnist::load(directory / images, directory / labels, decompress);
  };
  return {load("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
          load("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")};
}

}  // namespace strata
