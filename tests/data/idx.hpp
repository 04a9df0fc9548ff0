// MNIST files put together by hand, so that any part can be wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>

#include "data/support.hpp"

namespace data_test {

/// The magic number and the extents, then the values.
inline std::string idx(std::initializer_list<std::uint32_t> header, const std::string& values) {
  std::string file;
  for (const std::uint32_t number : header)
    for (const int shift : {24, 16, 8, 0}) file += as_char(number >> shift);
  return file + values;
}

inline const std::string mnist_images = idx({0x803, 3, 2, 4}, noise(24, 1));
inline const std::string mnist_labels = idx({0x801, 3}, {9, 0, 4});

/// A directory with both parts of a data set of three images of 2x4 pixels.
struct MnistDirectory : Directory {
  MnistDirectory() {
    for (const char* part : {"train", "t10k"}) {
      write_text(images(part), mnist_images);
      write_text(labels(part), mnist_labels);
    }
  }
  std::filesystem::path images(const std::string& part) const { return path / (part + "-images-idx3-ubyte"); }
  std::filesystem::path labels(const std::string& part) const { return path / (part + "-labels-idx1-ubyte"); }
};

}  // namespace data_test
