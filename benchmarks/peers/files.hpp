// What the peers share: a directory that prepare.cpp fills. For each network, described by the compiler's definitions
// NETWORK (its type), NETWORK_HEADER, NETWORK_NAME, NETWORK_BATCHES and NETWORK_TRAINS of CMakeLists.txt,
//
//   NAME.safetensors     its weights
//   NAME.keras           the same model for Keras
//   NAME-BATCH.onnx      and for the others, for so many samples; normalisation folded, unless it is trained
//   NAME.input           float32, (samples, height, width, channels)
//   NAME.reference       float64, the output for that input; of a network that is not trained
//   NAME.json            its sizes; written last
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <stdexcept>
#include <string>
#include <vector>

namespace strata::benchmarks {

/// The rate by which networks are trained; sample n has label n mod 10.
inline constexpr float training_rate = 1e-4f;

template <class T>
void write_array(const std::filesystem::path& path, const std::vector<T>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  if (!file.flush()) throw std::runtime_error(path.string() + ": cannot be written");
}

/// `count` floats from the front of a file.
inline std::vector<float> read_array(const std::filesystem::path& path, std::size_t count) {
  std::vector<float> values(count);
  const auto bytes = static_cast<std::streamsize>(count * sizeof(float));
  if (std::ifstream file(path, std::ios::binary); !file.read(reinterpret_cast<char*>(values.data()), bytes))
    throw std::runtime_error(path.string() + ": cannot be read");
  return values;
}

}  // namespace strata::benchmarks
