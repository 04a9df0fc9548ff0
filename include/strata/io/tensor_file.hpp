// The container of weight files and checkpoints: named tensors in a file, https://huggingface.co/docs/safetensors.
//
//   8 bytes                  length of the header, little-endian
//   header                   JSON: {"__metadata__": {…}, "conv2d/kernel": {"dtype": "F32", "shape": […],
//                            "data_offsets": [begin, end]}, …}, padded with spaces to a multiple of 8 bytes
//   data                     the tensors, little-endian, row-major, without gaps
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>
#include <strata/io/json.hpp>

namespace strata {

static_assert(std::endian::native == std::endian::little, "tensor files are little-endian; this machine is not");

/// Descriptive strings beside the tensors.
using Metadata = std::map<std::string, std::string>;

namespace detail {

/// Of a dtype; 0: unknown.
constexpr std::size_t element_bytes(std::string_view dtype) {
  for (const char* name : {"F64", "I64", "U64"})
    if (dtype == name) return 8;
  for (const char* name : {"F32", "I32", "U32"})
    if (dtype == name) return 4;
  for (const char* name : {"F16", "BF16", "I16", "U16"})
    if (dtype == name) return 2;
  for (const char* name : {"BOOL", "I8", "U8", "F8_E4M3", "F8_E5M2"})
    if (dtype == name) return 1;
  return 0;
}

}  // namespace detail

/// One tensor of a file.
struct TensorEntry {
  std::string name;
  std::string dtype;               ///< F32, I32, …
  std::vector<std::size_t> shape;  ///< row-major
  std::span<const std::byte> data;
  std::uint64_t byte = 0;  ///< where data starts in the file; ignored on writing
};

/// A file of tensors: its header, checked as a whole, and once `read_data` was called, what the tensors hold. They view
/// the file's bytes and live as long as it does.
class TensorFile {
 public:
  /// Reads the header. Throws FileError.
  explicit TensorFile(const std::filesystem::path& path) : file_(path) { parse(); }
  /// The bytes of such a file, whose tensors came from `path`. Throws FileError.
  TensorFile(const std::filesystem::path& path, std::vector<std::byte> bytes) : file_(path, std::move(bytes)) {
    parse();
    read_data();
  }
  TensorFile(TensorFile&&) = default;
  TensorFile& operator=(TensorFile&&) = default;

  const std::filesystem::path& path() const { return file_.path(); }
  const Metadata& metadata() const { return metadata_; }
  /// In the order of their bytes.
  const std::vector<TensorEntry>& tensors() const& { return tensors_; }
  const std::vector<TensorEntry>& tensors() && = delete;  ///< they would view bytes that are gone
  /// Null where the file has none of this name.
  const TensorEntry* find(std::string_view name) && = delete;
  const TensorEntry* find(std::string_view name) const& {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &tensors_[found->second];
  }

  /// Reads what the tensors hold. Throws FileError.
  void read_data() {
    if (file_.left() == 0) return;
    const std::uint64_t start = file_.size() - file_.left();
    data_ = file_.read(file_.left());
    for (TensorEntry& tensor : tensors_)
      tensor.data = std::span(data_).subspan(tensor.byte - start, data_bytes(tensor));
  }

 private:
  static constexpr const char* damaged = "the file is damaged or of another format";
  static constexpr std::uint64_t max_header = 100'000'000;  ///< as in the reference implementation

  /// What the shape and the dtype, both checked, come to.
  static std::size_t data_bytes(const TensorEntry& tensor) {
    return std::accumulate(tensor.shape.begin(), tensor.shape.end(), detail::element_bytes(tensor.dtype),
                         std::multiplies<>());
  }

  void parse() {
    std::uint64_t length = 0;
    const std::vector<std::byte> start = file_.read(8);
    if (start.size() < 8)
      throw_file_error(path(), 0, "8 bytes with the length of the header",
                       start.empty() ? "an empty file" : detail::join(start.size(), " bytes"), damaged);
    std::memcpy(&length, start.data(), 8);
    const std::uint64_t limit = (std::min)(file_.left(), max_header);
    if (length > limit)
      throw_file_error(path(), 0, detail::join("a header of at most ", limit, " bytes"), std::to_string(length),
                       damaged);
    if (length == 0) throw_file_error(path(), 8, "a JSON object", "a header of no bytes", damaged);
    if (const int first = file_.peek(); first != '{')
      throw_file_error(path(), 8, "a JSON object that starts with '{'",
                       detail::printable(std::string(1, static_cast<char>(first))), damaged);
    const std::vector<std::byte> bytes = file_.read(length);
    header_ = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    const nlohmann::json header = detail::parse_json(header_, 2, path(), 8);
    for (const auto& [name, value] : header.items()) {
      if (name == "__metadata__")
        add_metadata(value);
      else
        add_tensor(name, value);
    }
    check_coverage();
    header_ = {};
    for (const TensorEntry& tensor : tensors_) index_.emplace(tensor.name, index_.size());
  }

  [[noreturn]] void fail(const std::string& name, const std::string& expected, const std::string& received) const {
    const std::size_t found = header_.find(detail::join("\"", name, "\""));
    throw_file_error(path(), 8 + (found == header_.npos ? 0 : found), detail::printable(name) + " with " + expected,
                     received, damaged);
  }

  void add_metadata(const nlohmann::json& object) {
    if (!object.is_object()) fail("__metadata__", "an object of strings", object.type_name());
    for (const auto& [key, value] : object.items()) {
      if (!value.is_string()) fail("__metadata__", "a string as '" + key + "'", value.type_name());
      metadata_[key] = value.get<std::string>();
    }
  }

  /// An array of non-negative whole numbers.
  std::vector<std::size_t> numbers(const std::string& name, const nlohmann::json& object, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end()) fail(name, detail::join("an entry \"", key, "\""), "none");
    std::vector<std::size_t> list;
    if (!found->is_array()) fail(name, detail::join("an array \"", key, "\""), found->type_name());
    for (const nlohmann::json& number : *found) {
      if (!number.is_number_unsigned() || !std::in_range<std::size_t>(number.get<std::uint64_t>()))
        fail(name, detail::join("non-negative whole numbers in \"", key, "\""), detail::printable(number));
      list.push_back(number.get<std::size_t>());
    }
    return list;
  }

  void add_tensor(const std::string& name, const nlohmann::json& object) {
    if (!object.is_object()) fail(name, "an object of dtype, shape and data_offsets", object.type_name());
    TensorEntry tensor{name, {}, numbers(name, object, "shape"), {}, 0};
    const auto dtype = object.find("dtype");
    if (dtype == object.end() || !dtype->is_string())
      fail(name, "a string \"dtype\"", dtype == object.end() ? "none" : dtype->type_name());
    tensor.dtype = dtype->get<std::string>();
    const std::vector<std::size_t> offsets = numbers(name, object, "data_offsets");
    if (offsets.size() != 2) fail(name, "two data_offsets", std::to_string(offsets.size()));
    if (object.size() != 3) fail(name, "the entries dtype, shape and data_offsets", std::to_string(object.size()));

    const auto [begin, end] = std::pair(offsets[0], offsets[1]);
    const std::string range = detail::join(begin, " to ", end);
    if (begin > end || end > file_.left())
      fail(name, detail::join("data_offsets within the ", file_.left(), " bytes of data that the file has"), range);
    const std::size_t element = detail::element_bytes(tensor.dtype);
    if (element == 0) fail(name, "a known dtype such as F32", detail::printable(*dtype));
    // Compares by division: the product of a damaged shape may overflow.
    std::size_t left = end - begin;
    bool fits = left % element == 0;
    left /= element;
    if (std::count(tensor.shape.begin(), tensor.shape.end(), 0u) > 0)
      fits = std::exchange(left, 1) == 0;
    else
      for (const std::size_t extent : tensor.shape) {
        fits = fits && left % extent == 0;
        left /= extent;
      }
    if (!fits || left != 1) fail(name, "as many bytes as its shape and dtype say", "data_offsets " + range);
    tensor.byte = 8 + header_.size() + begin;
    tensors_.push_back(std::move(tensor));
  }

  /// Every byte of data belongs to one tensor.
  void check_coverage() {
    const auto place = [](const TensorEntry& tensor) { return std::pair(tensor.byte, data_bytes(tensor)); };
    std::sort(tensors_.begin(), tensors_.end(),
              [&](const TensorEntry& a, const TensorEntry& b) { return place(a) < place(b); });
    std::uint64_t end = 8 + header_.size();
    for (const TensorEntry& tensor : tensors_) {
      if (tensor.byte != end)
        fail(tensor.name, detail::join("its data at byte ", end, ", where the one before ends"),
             detail::join("byte ", tensor.byte));
      end += data_bytes(tensor);
    }
    if (end != file_.size())
      throw_file_error(path(), end, "the end of the file after the last tensor",
                       detail::join(file_.size() - end, " bytes more"), damaged);
  }

  detail::InputFile file_;
  std::vector<std::byte> data_;
  std::string_view header_;  // while it is parsed
  Metadata metadata_;
  std::vector<TensorEntry> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

/// Reads a safetensors file and checks all of its structure. Throws FileError.
inline TensorFile read_tensors(const std::filesystem::path& path) {
  TensorFile file(path);
  file.read_data();
  return file;
}

namespace detail {

/// What stands before the data of a file. Names must differ. Throws InvalidArgument.
inline std::string tensor_file_start(std::span<const TensorEntry> tensors, const Metadata& metadata) {
  std::string text = "{";
  std::set<std::string_view> names{"__metadata__"};
  const auto append = [&text](std::string_view name, const nlohmann::ordered_json& value) {
    const auto dump = [](const nlohmann::ordered_json& part) {
      return part.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    };
    text += join(text.size() > 1 ? "," : "", dump(name), ":", dump(value));
  };
  if (!metadata.empty()) append("__metadata__", metadata);
  std::size_t offset = 0;
  for (const TensorEntry& tensor : tensors) {
    if (!names.insert(tensor.name).second)
      raise<InvalidArgument>(
          join("the name '", tensor.name, "' is taken; give the layers' parameters different names"));
    append(tensor.name,
           {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + tensor.data.size()}}});
    offset += tensor.data.size();
  }
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  return text.insert(0, reinterpret_cast<const char*>(&length), sizeof length);
}

}  // namespace detail

/// Replaces the file at once. Names must differ. Throws FileError, InvalidArgument.
inline void write_tensors(const std::filesystem::path& path, std::span<const TensorEntry> tensors,
                          const Metadata& metadata = {}) {
  const std::string start = detail::tensor_file_start(tensors, metadata);
  std::vector<std::span<const std::byte>> pieces{std::as_bytes(std::span(start))};
  for (const TensorEntry& tensor : tensors) pieces.push_back(tensor.data);
  write_file_atomically(path, pieces);
}

}  // namespace strata
