// The elements of a tensor of ONNX: from bytes of the file itself or of a file beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/import/onnx_model.hpp>
#include <strata/io/half.hpp>

namespace strata::importing::detail {

using strata::detail::join;

/// 0: of no type that is read.
constexpr std::size_t element_bytes(OnnxType type) {
  using enum OnnxType;
  for (const OnnxType wide : {float64, int64, uint64})
    if (type == wide) return 8;
  for (const OnnxType wide : {float32, int32, uint32})
    if (type == wide) return 4;
  for (const OnnxType wide : {float16, bfloat16, int16, uint16})
    if (type == wide) return 2;
  for (const OnnxType wide : {int8, uint8, boolean})
    if (type == wide) return 1;
  return 0;
}

inline float float_of_bits(std::uint16_t bits, OnnxType type) {
  return type == OnnxType::float16 ? strata::detail::float_of_half(bits) : strata::detail::float_of_bfloat16(bits);
}

/// Little-endian elements, whole ones.
inline void read_elements(std::string_view bytes, OnnxTensor& tensor) {
  const auto convert = [&]<class T>(T, auto& to, auto number_of) {
    to.resize(bytes.size() / sizeof(T));
    for (std::size_t i = 0; i < to.size(); ++i) {
      T element;
      std::memcpy(&element, bytes.data() + i * sizeof(T), sizeof(T));
      to[i] = number_of(element);
    }
  };
  const auto real = [](auto element) { return static_cast<float>(element); };
  const auto integer = [](auto element) { return static_cast<std::int64_t>(element); };
  using enum OnnxType;
  switch (tensor.type) {
    case float32:
      return convert(float{}, tensor.floats, real);
    case float64:
      return convert(double{}, tensor.floats, real);
    case float16:
    case bfloat16:
      return convert(std::uint16_t{}, tensor.floats, [&](auto bits) { return float_of_bits(bits, tensor.type); });
    case int64:
    case uint64:
      return convert(std::int64_t{}, tensor.ints, integer);
    case int32:
      return convert(std::int32_t{}, tensor.ints, integer);
    case uint32:
      return convert(std::uint32_t{}, tensor.ints, integer);
    case int16:
      return convert(std::int16_t{}, tensor.ints, integer);
    case uint16:
      return convert(std::uint16_t{}, tensor.ints, integer);
    case int8:
      return convert(std::int8_t{}, tensor.ints, integer);
    default:
      return convert(std::uint8_t{}, tensor.ints, integer);
  }
}

/// Files with tensors' data, in the folder of the model or below; each is read once. Throws FileError.
class OnnxDataFiles {
 public:
  explicit OnnxDataFiles(std::filesystem::path model) : model_(std::move(model)) {}

  /// What the entries `location`, `offset` and `length` of a tensor say. All tensors together take no more than twice
  /// what a file holds.
  std::string_view bytes(const OnnxMetadata& entries, const std::string& tensor) {
    const std::string location = entry(entries, "location");
    File& file = open(location, tensor);
    const std::uint64_t size = file.bytes.size(), offset = number(entries, "offset", 0, tensor);
    const std::uint64_t length = number(entries, "length", offset < size ? size - offset : 0, tensor);
    if (offset > size || length > size - offset || file.taken + length > 2 * size)
      fail(join(tensor, " within the ", size, " bytes of '", location, "'"), join(length, " bytes at byte ", offset),
           "the file of data is damaged or belongs to another model");
    file.taken += length;
    return {reinterpret_cast<const char*>(file.bytes.data()) + offset, static_cast<std::size_t>(length)};
  }

 private:
  struct File {
    std::vector<std::byte> bytes;
    std::uint64_t taken = 0;
  };

  [[noreturn]] void fail(const std::string& expected, const std::string& received, std::string_view remedy) const {
    throw_file_error(model_, 0, expected, received, remedy);
  }
  static std::string entry(const OnnxMetadata& entries, const char* key) {
    const auto found = entries.find(key);
    return found == entries.end() ? std::string() : found->second;
  }
  std::uint64_t number(const OnnxMetadata& entries, const char* key, std::uint64_t otherwise,
                       const std::string& tensor) const {
    const std::string digits = entry(entries, key);
    if (digits.size() > 18 || digits.find_first_not_of("0123456789") != digits.npos)
      fail(join(tensor, " with a number as the ", key, " of its data"), join("'", digits, "'"), "the file is damaged");
    return digits.empty() ? otherwise : std::stoull(digits);
  }

  File& open(const std::string& location, const std::string& tensor) {
    using std::filesystem::path;
    std::error_code error;
    const path folder = std::filesystem::weakly_canonical(std::filesystem::absolute(model_).parent_path(), error);
    const path inside = std::filesystem::weakly_canonical(folder / location, error).lexically_relative(folder);
    if (location.empty() || path(location).is_absolute() || error || inside.empty() || *inside.begin() == "..")
      fail(join(tensor, " with its data in a file beside the model"), join("'", location, "'"),
           "put that file into the folder of the model");
    const auto [found, first] = files_.try_emplace(inside.string());
    if (first) found->second.bytes = read_file(folder / inside);
    return found->second;
  }

  std::filesystem::path model_;
  std::map<std::string, File> files_;
};

}  // namespace strata::importing::detail
