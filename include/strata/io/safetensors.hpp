/// @file
/// Weights of a network in a file: safetensors, readable by Python's `safetensors` and others, and with the headers
/// strata/io/keras.hpp, hdf5.hpp and npz.hpp those of Keras and NumPy.
///
///     save_weights(model, "net.safetensors");
///     load_weights(model, "net.safetensors");
///
/// Tensors have Keras' names, order and layouts, F32: `conv2d/kernel` (kernel_height, kernel_width, in, out),
/// `dense/kernel` (in, out), `batch_normalization/gamma`, `…/moving_mean`, … F64, F16 and BF16 are read, too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <strata/io/file_layers.hpp>
#include <strata/io/match_weights.hpp>
#include <strata/io/tensor_file.hpp>
#include <strata/io/weight_formats.hpp>
#include <strata/io/weight_map.hpp>
#include <strata/io/weights.hpp>

namespace strata {

namespace detail {

/// Of a file whose header was checked. Cannot fail but by reading. `map` is in the network's order.
template <class Model>
void assign_weights(Model& model, TensorFile& file, const WeightMap& map) {
  file.read_data();
  auto source = map.begin();
  model.for_each_parameter([&](const NodeInfo& node, const Parameter& parameter, std::span<float> elements) {
    if (source == map.end() || source->weight != join(Text(node.name), "/", parameter.name)) return;
    assign_weight(*file.find(source->tensor), *source, elements);
    ++source;
  });
}

}  // namespace detail

/// Replaces the file at once: after a failure the old one is unchanged. The name's ending chooses the format: `.h5`,
/// `.npz`, else safetensors. Throws FileError.
template <class Model>
void save_weights(const Model& model, const std::filesystem::path& path) {
  detail::write_weight_file(path, detail::network_layers(Model::network_type::network(), false),
                            detail::weight_entries(model));
}

/// As of a file by its path, below.
template <class Model>
WeightMap load_weights(Model& model, TensorFile file) {
  const detail::FileLayers layers = detail::file_layers(file);
  const auto network = detail::network_layers(Model::network_type::network(), layers.pytorch);
  WeightMap map = detail::WeightMatcher(file, layers, network).all();
  detail::assign_weights(model, file, map);
  return map;
}

/// Reads weights of Strata, Keras or PyTorch (a state dict in safetensors) and says what became of what. The file
/// itself says what it is. A layer is found by its name or, where names say nothing, by order, kind and shape; kernels
/// of PyTorch and what follows a Flatten there are brought into Keras' order. Throws FileError, with all tensors that
/// are missing, unexpected or of another shape, and then has changed nothing.
template <class Model>
WeightMap load_weights(Model& model, const std::filesystem::path& path) {
  return load_weights(model, detail::read_weight_file(path));
}

/// Reads what fits, and says what that was: the body of a network, for one with another head. Throws FileError where
/// nothing fits, and then has changed nothing.
template <class Model>
WeightMap load_weights(Model& model, const std::filesystem::path& path, const Partial& partial) {
  TensorFile file = detail::read_weight_file(path);
  detail::FileLayers layers = detail::file_layers(file);
  detail::keep_prefix(layers, partial.prefix);
  const auto network = detail::network_layers(Model::network_type::network(), layers.pytorch);
  WeightMap map = detail::WeightMatcher(file, layers, network).some(partial);
  detail::assign_weights(model, file, map);
  return map;
}

/// Reads the weights of the map, from another file of the same kind. Throws FileError, and then has changed nothing.
template <class Model>
void load_weights(Model& model, const std::filesystem::path& path, const WeightMap& map) {
  TensorFile file = detail::read_weight_file(path);
  detail::assign_weights(model, file, detail::checked_map(map, file, detail::weight_entries(model)));
}

}  // namespace strata
