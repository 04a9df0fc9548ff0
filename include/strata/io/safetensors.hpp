/// @file
/// Weights of a network in a safetensors file, readable by Python's `safetensors` and others.
///
///     save_weights(model, "net.safetensors");
///     load_weights(model, "net.safetensors");
///
/// Tensors have Keras' names, order and layouts, F32: `conv2d/kernel` (kernel_height, kernel_width, in, out),
/// `dense/kernel` (in, out), `batch_normalization/gamma`, `…/moving_mean`, …
#pragma once

#include <filesystem>

#include <strata/io/tensor_file.hpp>
#include <strata/io/weights.hpp>

namespace strata {

/// Replaces the file at once: after a failure the old one is unchanged. Throws FileError.
template <class Model>
void save_weights(const Model& model, const std::filesystem::path& path) {
  write_tensors(path, detail::weight_entries(model), {{"format", "strata"}});
}

/// Reads a file of save_weights or save_checkpoint, or any safetensors file with these tensors. Throws FileError, and
/// then has changed nothing: a file must hold every tensor of the network in its shape, and no other.
template <class Model>
void load_weights(Model& model, const std::filesystem::path& path) {
  TensorFile file(path);
  const auto tensors = detail::matching_tensors(file, detail::weight_entries(model));
  file.read_data();
  detail::assign_weights(model, tensors);
}

}  // namespace strata
