// The formats of weight files beside safetensors. Each is a header of its own that enters here what it can do, so that
// a program links only what it reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>
#include <strata/io/network_layers.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::detail {

/// What load_weights knows a file by, and save_weights a name; what each calls is there once the header is included.
struct WeightFormat {
  std::string_view signature, ending;
  const char* name;
  const char* header;
  const char* target;
  TensorFile (*read)(const std::filesystem::path&) = nullptr;
  void (*write)(const std::filesystem::path&, const std::vector<NetworkLayer>&,
                std::span<const TensorEntry>) = nullptr;

  [[noreturn]] void fail(const std::filesystem::path& path) const {
    raise<FileError>(join(path.string(), ": expected a safetensors file, received ", name, "; for that include ",
                          header, " (CMake: ", target, ")"));
  }
};

inline WeightFormat hdf5_format{.signature = "\x89HDF\r\n\x1a\n",
                                .ending = ".h5",
                                .name = "an HDF5 file",
                                .header = "<strata/io/hdf5.hpp>",
                                .target = "strata::hdf5"};
inline WeightFormat zip_format{.signature = "PK\3\4",
                               .ending = ".npz",
                               .name = "an archive",
                               .header = "<strata/io/npz.hpp>, for .keras <strata/io/keras.hpp>",
                               .target = "strata::zip, for .keras strata::hdf5, too"};
inline WeightFormat shards_format{.signature = "{",
                                  .ending = ".json",
                                  .name = "a list of files",
                                  .header = "<strata/io/keras.hpp>",
                                  .target = "strata::hdf5, strata::zip"};

/// A file of weights of any format. Throws FileError.
inline TensorFile read_weight_file(const std::filesystem::path& path) {
  InputFile file(path);
  const std::vector<std::byte> bytes = file.read(9);
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::uint64_t length = 0;
  if (start.size() == 9) std::memcpy(&length, start.data(), 8);
  const bool safetensors = start.ends_with('{') && start.size() == 9 && length < file.size();
  for (const WeightFormat* format : {&hdf5_format, &zip_format, &shards_format}) {
    if (safetensors || !start.starts_with(format->signature)) continue;
    if (format->read == nullptr) format->fail(path);
    return format->read(path);
  }
  return TensorFile(path);
}

/// Writes a file in the format of its name's ending, safetensors where that is none. Throws FileError.
inline void write_weight_file(const std::filesystem::path& path, const std::vector<NetworkLayer>& layers,
                              std::span<const TensorEntry> weights) {
  for (const WeightFormat* format : {&hdf5_format, &zip_format}) {
    if (!path.string().ends_with(format->ending)) continue;
    if (format->write == nullptr) format->fail(path);
    return format->write(path, layers, weights);
  }
  if (path.extension() == ".keras")
    raise<FileError>(join(path.string(), ": expected a name of a weight file, received that of a Keras model; use "
                          "save_keras of <strata/import/save_keras.hpp>"));
  write_tensors(path, weights, {{"format", "strata"}});
}

}  // namespace strata::detail
