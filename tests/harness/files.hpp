/// @file
/// Files for tests: a directory of their own, text in and out, and what a sentence must say.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include <strata/core/file.hpp>

namespace strata::test {

/// Removed with all that is in it.
struct Directory {
  std::filesystem::path path;

  Directory() {
    static std::atomic<int> count{0};
    path = std::filesystem::temp_directory_path() / detail::join("strata_", ::getpid(), "_", count++);
    std::filesystem::create_directory(path);
  }
  Directory(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path operator/(std::string_view name) const { return path / name; }
  /// A failed write leaves nothing behind.
  std::ptrdiff_t entries() const {
    return std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator());
  }
};

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

/// Empty where `text` has all the parts.
inline std::string missing(const std::string& text, std::initializer_list<std::string> parts) {
  for (const std::string& part : parts)
    if (text.find(part) == text.npos) return "'" + part + "' is not in '" + text + "'";
  return "";
}

}  // namespace strata::test
