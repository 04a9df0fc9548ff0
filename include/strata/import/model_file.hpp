/// @file
/// A file with a whole Keras model, of any format. Needs libhdf5 and libzip (CMake: strata::hdf5, strata::zip).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/import/network.hpp>
#include <strata/import/tensorflowjs.hpp>
#include <strata/io/keras.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::importing {

/// `.keras`, `.h5` or TensorFlow.js' `model.json`, told by its first bytes. Throws FileError.
inline TensorFile read_model_file(const std::filesystem::path& path) {
  strata::detail::InputFile file(path);
  const std::vector<std::byte> bytes = file.read(8);
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (start.starts_with(strata::detail::zip_format.signature)) return read_keras(path);
  if (start.starts_with(strata::detail::hdf5_format.signature)) return read_hdf5(path);
  if (start.starts_with('{')) return read_tensorflowjs(path);
  throw_file_error(path, 0, "a model of Keras (.keras, .h5) or TensorFlow.js (model.json)", "another file",
                   "save it with model.save('net.keras')");
}

}  // namespace strata::importing
