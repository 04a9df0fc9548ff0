// The elements of a tensor of a file, of whatever kind, as floats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include <strata/io/half.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::detail {

/// None where the dtype is no number of 2, 4 or 8 bytes.
inline std::optional<std::vector<float>> floats_of(const TensorEntry& tensor) {
  std::vector<float> values;
  const auto convert = [&]<class T>(T, auto as_float) {
    values.resize(tensor.data.size() / sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i) {
      T element;
      std::memcpy(&element, tensor.data.data() + i * sizeof(T), sizeof(T));
      values[i] = as_float(element);
    }
  };
  const auto plain = [](auto element) { return static_cast<float>(element); };
  if (tensor.dtype == "F32") convert(float{}, plain);
  else if (tensor.dtype == "F64") convert(double{}, plain);
  else if (tensor.dtype == "F16") convert(std::uint16_t{}, float_of_half);
  else if (tensor.dtype == "BF16") convert(std::uint16_t{}, float_of_bfloat16);
  else if (tensor.dtype == "I32") convert(std::int32_t{}, plain);
  else if (tensor.dtype == "I64") convert(std::int64_t{}, plain);
  else if (tensor.dtype == "U32") convert(std::uint32_t{}, plain);
  else if (tensor.dtype == "U64") convert(std::uint64_t{}, plain);
  else return std::nullopt;
  return values;
}

}  // namespace strata::detail
