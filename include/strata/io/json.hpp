// JSON of file headers: nlohmann::json, read strictly.
#pragma once

#if !__has_include(<nlohmann/json.hpp>)
#error "Strata's file formats need nlohmann::json: install nlohmann-json3-dev (Debian) or json-devel (Fedora)"
#endif
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <strata/core/file.hpp>

namespace strata::detail {

/// A value of a file for a message: on one line, and short.
inline std::string printable(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > 80) text.replace(77, text.npos, "...");
  return text;
}

/// Parses an object that holds no value deeper than `max_depth` and names no key twice. `byte` is where `text` starts
/// in the file. Throws FileError.
inline nlohmann::json parse_json(std::string_view text, int max_depth, const std::filesystem::path& path,
                                 std::uint64_t byte) {
  using nlohmann::json;
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, json::parse_event_t event, const json& value) {
    const bool starts = event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (starts && depth > max_depth)
      throw_file_error(path, byte, join("a header nested at most ", max_depth + 1, " deep"), "a deeper one",
                       "the file is damaged or of another format");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      const std::size_t found = text.rfind(join("\"", value.get<std::string>(), "\""));
      throw_file_error(path, byte + (found == text.npos ? 0 : found), "each key once", printable(value) + " again",
                       "the file is damaged or was written by a faulty program");
    }
    return true;
  };
  try {
    json header = json::parse(text.begin(), text.end(), check);
    if (!header.is_object())
      throw_file_error(path, byte, "a JSON object", header.type_name(), "the file is damaged or of another format");
    return header;
  } catch (const json::parse_error& error) {
    throw_file_error(path, byte + (error.byte > 0 ? error.byte - 1 : 0), "a JSON object", error.what(),
                     "the file is damaged or of another format");
  } catch (const json::exception& error) {
    throw_file_error(path, byte, "a JSON object", error.what(), "the file is damaged or of another format");
  }
}

}  // namespace strata::detail
