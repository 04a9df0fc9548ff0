/// @file
/// NumPy's archives of arrays: with this header save_weights and load_weights know `.npz`. Needs libzip (CMake:
/// strata::zip).
///
///     save_weights(model, "net.npz");                      // numpy.load("net.npz")["conv2d/kernel"]
///     const TensorFile file = read_npz("net.npz");         // tensors by their keywords in savez
///
/// What an array looks like: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>
#include <strata/io/isolated.hpp>
#include <strata/io/safetensors.hpp>
#include <strata/io/tensor_file.hpp>
#include <strata/io/weight_formats.hpp>
#include <strata/io/zip.hpp>

namespace strata {

namespace detail {

/// Numbers of NumPy, little-endian, by their names in a TensorFile.
inline constexpr std::pair<std::string_view, const char*> npy_dtypes[] = {
    {"<f2", "F16"}, {"<f4", "F32"}, {"<f8", "F64"}, {"|b1", "BOOL"}, {"|i1", "I8"},  {"<i2", "I16"}, {"<i4", "I32"},
    {"<i8", "I64"}, {"|u1", "U8"},  {"<u2", "U16"}, {"<u4", "U32"},  {"<u8", "U64"},
};

/// The start of an array: a signature, the version, and a Python dictionary, padded and ended by a line feed:
/// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. Throws FileError.
class NpyHeader {
 public:
  std::string dtype;
  bool fortran_order = false;
  std::vector<std::size_t> shape;
  std::size_t size = 0;  ///< of the header, in bytes

  NpyHeader(std::string_view array, const std::string& name, const std::filesystem::path& path)
      : name_(name), path_(path) {
    constexpr std::string_view signature = "\x93NUMPY";
    if (!array.starts_with(signature) || array.size() < 12) fail("an array of NumPy", "other bytes");
    const std::size_t width = array[6] == 1 ? 2 : 4, start = 8 + width;  // version 1.0; 2.0, 3.0
    std::uint32_t length = 0;
    std::memcpy(&length, array.data() + 8, width);
    if (length > array.size() - start) fail("a header within the array", join(length, " bytes"));
    size = start + length;
    parse(array.substr(start, length));
  }

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view received) const {
    throw_file_error(path_, 0, join(expected, " as member '", name_, "'"), received,
                     "save arrays of numbers with numpy.savez");
  }
  /// What stands behind the key, up to one of `ends`.
  std::string_view value(std::string_view dictionary, std::string_view key, std::string_view ends) const {
    const std::size_t found = dictionary.find(join("'", key, "': "));
    if (found == dictionary.npos) fail(join("an entry '", key, "' in the header"), printable(std::string(dictionary)));
    const std::string_view rest = dictionary.substr(found + key.size() + 4);
    return rest.substr(0, rest.find_first_of(ends));
  }
  void parse(std::string_view dictionary) {
    const std::string_view descr = value(dictionary, "descr", ","), extents = value(dictionary, "shape", ")");
    for (const auto& [numpy, known] : npy_dtypes)
      if (descr.size() == 5 && descr.substr(1, 3) == numpy) dtype = known;
    if (dtype.empty()) fail("little-endian numbers such as '<f4'", printable(std::string(descr)));
    fortran_order = value(dictionary, "fortran_order", ",") == "True";
    const char* const end = extents.data() + extents.size();
    for (const char* at = extents.data(); at != end;) {
      std::size_t extent = 0;
      const auto [next, error] = std::from_chars(at, end, extent);
      if (error == std::errc{}) shape.push_back(extent);
      else if (*at != '(' && *at != ',' && *at != ' ') fail("a shape such as (3, 4)", printable(std::string(extents)));
      at = error == std::errc{} ? next : at + 1;
    }
  }

  const std::string& name_;
  const std::filesystem::path& path_;
};

/// Copies an array whose first axis moves fastest to one whose last does.
inline void from_fortran_order(std::span<const std::byte> from, std::span<std::byte> to,
                               const std::vector<std::size_t>& shape, std::size_t element) {
  std::vector<std::size_t> index(shape.size());
  for (std::size_t place = 0; place < to.size(); place += element) {
    std::size_t source = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) source = source * shape[axis] + index[axis];
    std::memcpy(to.data() + place, from.data() + source * element, element);
    for (std::size_t axis = shape.size(); axis-- > 0 && ++index[axis] == shape[axis];) index[axis] = 0;
  }
}

/// Adds an array that is member `index` of the archive. Throws FileError.
inline void add_npy(TensorCollector& found, const ZipArchive& archive, std::uint64_t index, const std::string& name) {
  const std::span<std::byte> array = found.add_bytes(printable(name), archive.size(index));
  archive.read(index, array);
  const NpyHeader header({reinterpret_cast<const char*>(array.data()), array.size()}, name, found.path());
  const std::span<const std::byte> data = array.subspan(header.size);
  const std::span<std::byte> tensor = found.add(name, header.dtype, header.shape);
  if (tensor.size() != data.size())
    throw_file_error(found.path(), 0, join(tensor.size(), " bytes of data as member '", name, "'"),
                     std::to_string(data.size()), "the file is damaged");
  if (header.fortran_order) from_fortran_order(data, tensor, header.shape, element_bytes(header.dtype));
  else std::memcpy(tensor.data(), data.data(), data.size());
}

}  // namespace detail

/// All arrays of numbers in the archive. A child process reads it. Throws FileError.
inline TensorFile read_npz(const std::filesystem::path& path) {
  return detail::read_isolated(path, detail::InputFile(path).size(), [&](detail::TensorCollector& found) {
    constexpr std::string_view ending = ".npy";
    const detail::ZipArchive archive(path);
    for (std::uint64_t i = 0; i < archive.count(); ++i)
      if (const std::string name = archive.name(i); name.ends_with(ending))
        detail::add_npy(found, archive, i, name.substr(0, name.size() - ending.size()));
  });
}

namespace detail {

/// What stands before the floats of an array, a multiple of 64 bytes.
inline std::string npy_start(const std::vector<std::size_t>& shape) {
  std::string start("\x93NUMPY\1\0\0\0", 10);
  start += join("{'descr': '<f4', 'fortran_order': False, 'shape': ", shape_text(shape), ", }");
  start.append(63 - start.size() % 64, ' ') += '\n';
  start[8] = static_cast<char>((start.size() - 10) % 256), start[9] = static_cast<char>((start.size() - 10) / 256);
  return start;
}

inline void write_npz(const std::filesystem::path& path, const std::vector<NetworkLayer>&,
                      std::span<const TensorEntry> weights) {
  std::vector<std::vector<std::byte>> arrays;
  for (const TensorEntry& weight : weights) {
    const std::string start = npy_start(weight.shape);
    std::vector<std::byte>& array = arrays.emplace_back(start.size() + weight.data.size());
    std::ranges::copy(weight.data, std::ranges::copy(std::as_bytes(std::span(start)), array.begin()).out);
  }
  ZipWriter archive(path);
  for (std::size_t i = 0; i < arrays.size(); ++i) archive.add(weights[i].name + ".npy", arrays[i]);
  write_file_atomically(path, {archive.bytes()});
}

inline const bool npz_is_known = (zip_format.read = &read_npz, zip_format.write = &write_npz, true);

}  // namespace detail
}  // namespace strata
