#include <strata/core/file.hpp>

#include <sys/resource.h>

#include <csignal>
#include <span>
#include <string>
#include <string_view>

#include "io/support.hpp"

using namespace strata;
using io_test::file_error, io_test::missing, io_test::read_text, io_test::write_text;

namespace {

void write(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, {std::as_bytes(std::span(text))});
}

}  // namespace

TEST_CASE("a file is read as it was written", "[file]") {
  const io_test::Directory directory;
  for (const std::size_t size : {0, 1, 4096, 1'000'003}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 >> 3);
    write(directory / "file", text);
    CHECK(io_test::bits(read_file(directory / "file")) == text);
  }
  const std::string a = "one", b = "", c = "two";
  write_file_atomically(directory / "file",
                        {std::as_bytes(std::span(a)), std::as_bytes(std::span(b)), std::as_bytes(std::span(c))});
  CHECK(read_text(directory / "file") == "onetwo");
  CHECK(directory.entries() == 1);
}

TEST_CASE("what cannot be read is named", "[file]") {
  const io_test::Directory directory;
  CHECK(missing(file_error([&] { read_file(directory / "none"); }), {(directory / "none").string(), "No such file"}) ==
        "");
  CHECK(missing(file_error([&] { read_file(directory.path); }), {directory.path.string(), "a directory"}) == "");
  CHECK(missing(file_error([&] { read_file("/dev/zero"); }), {"/dev/zero", "a device"}) == "");
}

TEST_CASE("a failed write leaves the old file and nothing else", "[file]") {
  const io_test::Directory directory;
  write_text(directory / "old", "old");
  CHECK(missing(file_error([&] { write(directory / "none" / "file", "new"); }),
                {(directory / "none" / "file").string(), "No such file"}) == "");
  CHECK(missing(file_error([&] { write(directory.path, "new"); }), {"a directory"}) == "");
  CHECK(missing(file_error([&] { write("/dev/full", "new"); }), {"/dev/full", "a device"}) == "");
  CHECK(missing(file_error([&] { write("", "new"); }), {"the path of a file"}) == "");
  CHECK(missing(file_error([&] { write(directory / std::string(300, 'x'), "new"); }), {"name too long"}) == "");

  // A device that is full after 100,000 bytes.
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit old_limit = limit;
  limit.rlim_cur = 100'000;
  setrlimit(RLIMIT_FSIZE, &limit);
  const std::string message = file_error([&] { write(directory / "old", std::string(300'000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, handler);
  CHECK(missing(message, {(directory / "old").string(), "byte 100000"}) == "");

  CHECK(read_text(directory / "old") == "old");
  CHECK(directory.entries() == 1);
}

TEST_CASE("a protected file or directory is not written to", "[file]") {
  if (::geteuid() == 0) return;  // root may write anywhere
  const io_test::Directory directory;
  write_text(directory / "old", "old");
  std::filesystem::permissions(directory / "old", std::filesystem::perms::owner_read);
  CHECK(missing(file_error([&] { write(directory / "old", "new"); }), {"Permission denied"}) == "");
  std::filesystem::permissions(directory / "old", std::filesystem::perms::owner_all);
  std::filesystem::permissions(directory.path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK(missing(file_error([&] { write(directory / "old", "new"); }), {"Permission denied"}) == "");
  std::filesystem::permissions(directory.path, std::filesystem::perms::owner_all);
  CHECK(read_text(directory / "old") == "old");
  CHECK(directory.entries() == 1);
}

TEST_CASE("a symbolic link keeps pointing at the file", "[file]") {
  const io_test::Directory directory;
  write_text(directory / "target", "old");
  std::filesystem::create_symlink("target", directory / "link");
  write(directory / "link", "new");
  CHECK(std::filesystem::is_symlink(directory / "link"));
  CHECK(read_text(directory / "target") == "new");
}
