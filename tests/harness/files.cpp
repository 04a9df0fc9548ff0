#include "harness/files.hpp"

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <system_error>

#include <strata/core/file.hpp>

#ifndef STRATA_TESTS_DIR
#error "define STRATA_TESTS_DIR as the path of tests/, in quotes"
#endif

namespace strata::test {

std::filesystem::path tests_directory() { return STRATA_TESTS_DIR; }

Directory::Directory() {
  static std::atomic<int> count{0};
  path = std::filesystem::temp_directory_path() / detail::join("strata_", ::getpid(), "_", count++);
  std::filesystem::create_directory(path);
}
Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}
std::ptrdiff_t Directory::entries() const {
  return std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator());
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

std::string missing(const std::string& text, std::initializer_list<std::string> parts) {
  for (const std::string& part : parts)
    if (text.find(part) == text.npos) return "'" + part + "' is not in '" + text + "'";
  return "";
}

}  // namespace strata::test
