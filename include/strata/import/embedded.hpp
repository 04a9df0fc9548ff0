/// @file
/// Weights that `strata-import --embed` has made an object of.
#pragma once

#include <cstddef>
#include <vector>

#include <strata/io/safetensors.hpp>

namespace strata::importing {

/// Loads the bytes of a safetensors file. Throws FileError.
template <class Model>
void load_embedded(Model& model, const std::byte* begin, const std::byte* end) {
  const TensorFile file("the embedded weights", std::vector<std::byte>(begin, end));
  strata::detail::assign_weights(model, strata::detail::matching_tensors(file, strata::detail::weight_entries(model)));
}

}  // namespace strata::importing
