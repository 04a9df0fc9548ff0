/// @file
/// A model as a file of Keras 3: `keras.models.load_model("net.keras")` makes the network, with its weights. Needs
/// libhdf5 and libzip (CMake: strata::hdf5, strata::zip).
///
///     save_keras(model, "net.keras");
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/import/keras_config.hpp>
#include <strata/io/hdf5_writer.hpp>
#include <strata/io/network_layers.hpp>
#include <strata/io/weights.hpp>
#include <strata/io/zip.hpp>

namespace strata {

/// Replaces the file at once: after a failure the old one is unchanged. Throws FileError, and InvalidArgument with the
/// list of all layers that Keras has not.
template <class Model>
void save_keras(const Model& model, const std::filesystem::path& path, const std::string& name = "model") {
  using Net = typename Model::network_type;
  const std::string config = keras_config<Net>(name).dump(), metadata = R"({"keras_version": "3.0.0"})";
  const std::vector<std::byte> weights = detail::keras_weights(
      path, detail::network_layers(Net::network(), false), detail::weight_entries(model));
  detail::ZipWriter archive(path);
  archive.add("metadata.json", std::as_bytes(std::span(metadata)));
  archive.add("config.json", std::as_bytes(std::span(config)));
  archive.add("model.weights.h5", weights);
  write_file_atomically(path, {archive.bytes()});
}

}  // namespace strata
