/// @file
/// Files for tests: a directory of their own, text in and out, and what a sentence must say.
#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

namespace strata::test {

/// tests/, where fixtures lie.
std::filesystem::path tests_directory();

/// Removed with all that is in it.
struct Directory {
  std::filesystem::path path;

  Directory();
  Directory(const Directory&) = delete;
  ~Directory();
  std::filesystem::path operator/(std::string_view name) const { return path / name; }
  /// A failed write leaves nothing behind.
  std::ptrdiff_t entries() const;
};

std::string read_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, std::string_view text);

/// Empty where `text` has all the parts.
std::string missing(const std::string& text, std::initializer_list<std::string> parts);

}  // namespace strata::test
