// JSON of file headers: nlohmann::json, read strictly.
#pragma once

#if !__has_include(<nlohmann/json.hpp>)
#error "Strata's file formats need nlohmann::json: install nlohmann-json3-dev (Debian) or json-devel (Fedora)"
#endif
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/file.hpp>

namespace strata::detail {

/// A value of a file for a message: on one line, and short.
inline std::string printable(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > 80) text.replace(77, text.npos, "...");
  return text;
}

/// Builds the value that nlohmann::json reads; takes no name twice in an object and nothing deeper than `max_depth`.
class StrictReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  using json = nlohmann::json;

  /// `byte` is where `text` starts in the file.
  StrictReader(std::string_view text, int max_depth, const std::filesystem::path& path, std::uint64_t byte)
      : text_(text), max_depth_(max_depth), path_(path), byte_(byte) {}

  json read() {
    json::sax_parse(text_, this);
    return std::move(root_);
  }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& value) override { return add(std::move(value)); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return open_.pop_back(), true; }
  bool end_array() override { return open_.pop_back(), true; }
  bool key(string_t& name) override {
    if (open_.back()->contains(name)) {
      const std::size_t found = text_.rfind(join("\"", name, "\""));
      fail(found == text_.npos ? 0 : found, "each key once", printable(name) + " again");
    }
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    fail(position > 0 ? position - 1 : 0, "a JSON object", error.what());
  }

  [[noreturn]] void fail(std::uint64_t position, std::string_view expected, std::string_view received) const {
    throw_file_error(path_, byte_ + position, expected, received, "the file is damaged or of another format");
  }

 private:
  json& place(json value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_array()) return open_.back()->emplace_back(std::move(value));
    return (*open_.back())[key_] = std::move(value);
  }
  bool add(json value) { return place(std::move(value)), true; }
  bool open(json value) {
    if (open_.size() > static_cast<std::size_t>(max_depth_))
      fail(0, join("a header nested at most ", max_depth_ + 1, " deep"), "a deeper one");
    open_.push_back(&place(std::move(value)));
    return true;
  }

  std::string_view text_;
  int max_depth_;
  const std::filesystem::path& path_;
  std::uint64_t byte_;
  json root_;
  std::vector<json*> open_;  // from root_ to where the next value belongs
  std::string key_;          // its name, in an object
};

/// Parses an object, behind whose `}` only spaces may follow; it holds no value deeper than `max_depth` and names no
/// key twice. `byte` is where `text`, which starts with `{`, starts in the file. Throws FileError.
inline nlohmann::json parse_json(std::string_view text, int max_depth, const std::filesystem::path& path,
                                 std::uint64_t byte) {
  StrictReader reader(text, max_depth, path, byte);
  // nlohmann::json takes a NUL for the end, and any white space behind the object.
  const std::size_t nul = text.find('\0'), end = text.find_last_not_of(' ') + 1;
  if (nul != text.npos) reader.fail(nul, "a JSON object", "a byte of value 0");
  nlohmann::json object = reader.read();
  if (text[end - 1] != '}')
    reader.fail(end - 1, "nothing but spaces behind the JSON object", printable(text.substr(end - 1, 1)));
  return object;
}

}  // namespace strata::detail
