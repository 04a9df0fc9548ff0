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
  strata::load_weights(model, TensorFile("the embedded weights", std::vector<std::byte>(begin, end)));
}

}  // namespace strata::importing
