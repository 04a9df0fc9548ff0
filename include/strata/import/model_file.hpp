/// @file
/// A file with a whole model, of any format, as a network. Needs libhdf5, libzip and protozero (CMake: strata::hdf5,
/// strata::zip, strata::protozero).
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/import/keras_reader.hpp>
#include <strata/import/network.hpp>
#include <strata/import/onnx_file.hpp>
#include <strata/import/onnx_reader.hpp>
#include <strata/import/tensorflowjs.hpp>
#include <strata/io/keras.hpp>

namespace strata::importing {

/// A network; and of ONNX, whose operators are no layers, the model and which of its values the nodes are.
struct ModelOfFile {
  Network network;
  std::optional<OnnxModel> onnx;
  std::vector<OnnxOrigin> origins;
};

/// `.keras`, `.h5`, TensorFlow.js' `model.json` or `.onnx`, told by its first bytes, of which ONNX has none that are
/// always the same. Throws FileError, and ImportError with everything that cannot be expressed.
inline ModelOfFile read_model(const std::filesystem::path& path, const ReadOptions& options = {}) {
  strata::detail::InputFile file(path);
  const std::vector<std::byte> bytes = file.read(8);
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto keras = [&](const TensorFile& model) { return ModelOfFile{read_network(model, options), {}, {}}; };
  if (start.starts_with(strata::detail::zip_format.signature)) return keras(read_keras(path));
  if (start.starts_with(strata::detail::hdf5_format.signature)) return keras(read_hdf5(path));
  if (start.starts_with('{')) return keras(read_tensorflowjs(path));
  if (start.starts_with('\b') || path.extension() == ".onnx") {
    OnnxModel model = read_onnx_model(path);
    OnnxImport made = read_onnx_network(model, options);
    return {std::move(made.network), std::move(model), std::move(made.origins)};
  }
  throw_file_error(path, 0, "a model of Keras (.keras, .h5), TensorFlow.js (model.json) or ONNX (.onnx)",
                   "another file",
                   "save it with model.save('net.keras') or torch.onnx.export(model, inputs, 'net.onnx')");
}

}  // namespace strata::importing
