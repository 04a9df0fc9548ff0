// MNIST, and sets published in its format: http://yann.lecun.com/exdb/mnist/
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
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

/// IDX files: two zeros, type of the elements, rank (together a magic number), extents, elements; all big endian.
namespace detail::idx {

inline constexpr std::string_view remedy = "check that this is the file its name says, and complete";

inline constexpr std::uint32_t unsigned_bytes = 0x08, signed_bytes = 0x09, int16 = 0x0B, int32 = 0x0C;

struct Array {
  std::uint32_t type = 0;
  std::vector<std::uint32_t> extents{};
  std::vector<std::byte> elements{};

  std::size_t element_bytes() const { return type == int32 ? 4 : type == int16 ? 2 : 1; }
  int operator[](std::size_t index) const {
    const std::uint32_t bits = big_endian(std::span(elements).subspan(index * element_bytes(), element_bytes()));
    return type == unsigned_bytes ? static_cast<std::uint8_t>(bits)
           : type == signed_bytes ? static_cast<std::int8_t>(bits)
           : type == int16        ? static_cast<std::int16_t>(bits)
                                  : static_cast<std::int32_t>(bits);
  }
  static std::uint32_t big_endian(std::span<const std::byte> bytes) {
    std::uint32_t number = 0;
    for (const std::byte byte : bytes) number = number << 8 | std::to_integer<std::uint32_t>(byte);
    return number;
  }
};

/// What may be read: the magic numbers, and in words.
struct Wanted {
  std::initializer_list<std::uint32_t> magic_numbers;
  std::string_view words;
};

/// The array in `size` bytes, of which `read(n)` gives the next n, or those that are left. The elements are read only
/// where they are wanted and as many as the header says. Throws FileError naming `path`.
template <class Read>
Array parse(const std::filesystem::path& path, std::uint64_t size, const Wanted& wanted, Read&& read) {
  const auto header_bytes = [](std::uint32_t magic) { return 4 + 4 * (magic & 0xFF); };
  const auto require_header = [&](std::uint32_t bytes) {
    if (size < bytes)
      throw_file_error(path, size, Text() << "a header of " << bytes << " bytes", "the end of the file", remedy);
  };
  require_header(header_bytes(*wanted.magic_numbers.begin()));
  const std::uint32_t magic = Array::big_endian(read(4)), header = header_bytes(magic);
  if (std::find(wanted.magic_numbers.begin(), wanted.magic_numbers.end(), magic) == wanted.magic_numbers.end())
    throw_file_error(path, 0, wanted.words, Text() << magic, remedy);
  require_header(header);

  Array array{.type = magic >> 8};
  const std::uint64_t bytes = size - header;
  std::uint64_t left = bytes;  // divided by each factor: their product may be larger than any integer
  bool fits = true;
  const auto divide = [&](std::uint64_t factor) {
    fits = fits && factor != 0 && left % factor == 0;
    left /= std::max<std::uint64_t>(factor, 1);
  };
  Text expected;
  divide(array.element_bytes());
  for (std::uint32_t byte = 4; byte < header; byte += 4) {
    array.extents.push_back(Array::big_endian(read(4)));
    divide(array.extents.back());
    expected << (byte == 4 ? "" : "x") << array.extents.back();
  }
  if (array.element_bytes() > 1) expected << " times " << array.element_bytes();
  if (!fits || left != 1)
    throw_file_error(path, header, expected << " bytes, and at least one", Text() << bytes << " bytes", remedy);
  array.elements = read(bytes);
  return array;
}

/// The array of a file, or of what `decompress` makes of it where its name ends in .gz, or of the one with .gz behind
/// its name where only that is there.
inline Array load(const std::filesystem::path& path, Decompress decompress, const Wanted& wanted) {
  std::error_code ignored;
  std::filesystem::path packed = path;
  if (path.extension() != ".gz") packed += ".gz";
  if (packed != path && (std::filesystem::exists(path, ignored) || !std::filesystem::exists(packed, ignored))) {
    InputFile file(path);
    return parse(path, file.size(), wanted, [&](std::uint64_t count) { return file.read(count); });
  }
  if (decompress == nullptr)
    raise<FileError>(packed.string() +
                     ": is compressed; unpack it with gunzip, or include <strata/data/gzip.hpp>, link zlib "
                     "(CMake: strata::zlib) and call load_mnist(directory, gunzip)");
  const std::vector<std::byte> bytes = decompress(read_file(packed), packed);
  std::span<const std::byte> rest = bytes;
  return parse(path, bytes.size(), wanted, [&](std::uint64_t count) {
    const auto part = rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(count, rest.size())));
    rest = rest.subspan(part.size());
    return std::vector(part.begin(), part.end());
  });
}

}  // namespace detail::idx

/// Images (samples, height, width) of unsigned bytes and their labels from two IDX files; inputs from 0 to 1, of shape
/// (height, width, 1). Labels are whole numbers of 8, 16 or 32 bits, or QMNIST's eight columns, of which the first is
/// the class.
///
///     Dataset letters = load_idx("emnist-letters-train-images-idx3-ubyte.gz",   // classes 1 to 26: a network of 27
///                                "emnist-letters-train-labels-idx1-ubyte.gz", gunzip);
///
/// Throws FileError that names the file and the byte.
inline Dataset load_idx(const std::filesystem::path& images_path, const std::filesystem::path& labels_path,
                        Decompress decompress = nullptr) {
  using namespace detail::idx;
  const Array images = load(images_path, decompress, {{0x803}, "the magic number 2051 (unsigned bytes of rank 3)"});
  const Array labels = load(labels_path, decompress,
                            {{0x801, 0x901, 0xB01, 0xC01, 0xC02},
                             "the magic number 2049, 2305, 2817 or 3073 (whole numbers of rank 1) or QMNIST's 3074"});
  const std::uint32_t count = images.extents[0], height = images.extents[1], width = images.extents[2];
  const std::uint32_t columns = labels.extents.size() == 1 ? 1 : labels.extents[1];
  if ((std::max)(height, width) > 0xFFFF)
    throw_file_error(images_path, 8, "images of at most 65535x65535", Text() << height << "x" << width, remedy);
  if (labels.extents[0] != count)
    throw_file_error(labels_path, 4, Text() << count << " labels, one for each image", Text() << labels.extents[0],
                     "take both files from the same set");
  if (labels.extents.size() == 2 && columns != 8)
    throw_file_error(labels_path, 8, "one column of labels, or the eight of QMNIST", Text() << columns,
                     "keep the column that holds the classes");
  Samples samples{.shape = {static_cast<int>(height), static_cast<int>(width), 1}};
  samples.bytes.resize(images.elements.size());
  std::transform(images.elements.begin(), images.elements.end(), samples.bytes.begin(),
                 [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  for (std::size_t i = 0; i < count; ++i) {
    samples.labels.push_back(labels[i * columns]);
    if (samples.labels.back() < 0)
      throw_file_error(labels_path, 4 + 4 * labels.extents.size() + i * columns * labels.element_bytes(),
                       "a label of at least 0", Text() << samples.labels.back(), remedy);
  }
  return Dataset(std::move(samples));
}

/// 60,000 training and 10,000 test images of shape (28, 28, 1), inputs from 0 to 1 and labels from 0 to 9, from
/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte. Other sets
/// under these names (Fashion-MNIST, KMNIST) may have other labels: a loss refuses those that its network lacks.
///
///     auto [train, test] = load_mnist("data/mnist");
///     auto [train, test] = load_mnist("data/mnist", gunzip);  // takes the .gz where only that is there
///
/// Throws FileError that names the file and the byte.
inline TrainTest load_mnist(const std::filesystem::path& directory, Decompress decompress = nullptr) {
  const auto load = [&](const char* images, const char* labels) {
    return load_idx(directory / images, directory / labels, decompress);
  };
  return {load("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
          load("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")};
}

}  // namespace strata
