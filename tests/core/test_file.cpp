#include <strata/core/file.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "io/support.hpp"

using namespace strata;
using io_test::file_error, io_test::missing, io_test::read_text, io_test::write_text;

namespace {

void write(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, {std::as_bytes(std::span(text))});
}

unsigned mode(const std::filesystem::path& path) {
  struct stat info {};
  ::stat(path.c_str(), &info);
  return info.st_mode & 07777;
}

/// Runs `call` in a process of its own, as `user` unless that is 0, until it ends or a signal ends it. True where it
/// returned true.
template <class Call>
bool in_child(unsigned user, Call&& call) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool right = user == 0 || (::setgid(user) == 0 && ::setuid(user) == 0);
    try {
      right = right && call();
    } catch (...) {
      right = false;
    }
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// A save that was killed after 4,096 bytes (of SIGXFSZ).
void killed_write(const std::filesystem::path& path) {
  CHECK_FALSE(in_child(0, [&] {
    std::signal(SIGXFSZ, SIG_DFL);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    write(path, std::string(10'000, 'x'));
    return true;
  }));
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

TEST_CASE("a new file has the umask's permissions, a replaced one keeps its own", "[file]") {
  const io_test::Directory directory;
  const mode_t mask = ::umask(027);
  write(directory / "file", "new");
  ::umask(mask);
  CHECK(mode(directory / "file") == 0640);
  for (const unsigned kept : {0600u, 0644u, 0666u, 0755u, 0200u}) {
    ::chmod((directory / "file").c_str(), kept);
    write(directory / "file", "newer");
    CHECK(mode(directory / "file") == kept);
  }
}

TEST_CASE("a replaced file keeps its owner where that may be", "[file]") {
  if (::geteuid() != 0) return;  // only root may give files away
  const io_test::Directory directory;
  const auto old = [&](unsigned user, unsigned group) {
    write_text(directory / "file", "old");
    REQUIRE(::chown((directory / "file").c_str(), user, group) == 0);
    ::chmod((directory / "file").c_str(), 0664);
  };
  const auto is = [&](unsigned user, unsigned group) {
    struct stat info {};
    ::stat((directory / "file").c_str(), &info);
    return info.st_uid == user && info.st_gid == group && read_text(directory / "file") == "new";
  };
  const auto save = [&] { return write(directory / "file", "new"), true; };
  old(1234, 5678);
  save();
  CHECK(is(1234, 5678));
  CHECK(mode(directory / "file") == 0664);
  // User and group 1234 may not give the file to group 5678: theirs may do what others may.
  ::chmod(directory.path.c_str(), 0777);
  old(1234, 5678);
  CHECK(in_child(1234, save));
  CHECK(is(1234, 1234));
  CHECK(mode(directory / "file") == 0644);
}

TEST_CASE("a symbolic link keeps pointing at the file, or where it will be", "[file]") {
  const io_test::Directory directory;
  std::filesystem::create_directory(directory / "inner");
  std::filesystem::create_symlink("inner/target", directory / "link");
  std::filesystem::create_symlink(directory / "link", directory / "inner" / "long way");
  for (const char* path : {"link", "inner/long way"}) {
    for (const char* text : {"first", "second"}) {  // the target is missing, and is there
      write(directory / path, text);
      CHECK(std::filesystem::is_symlink(directory / path));
      CHECK(read_text(directory / "inner" / "target") == text);
    }
    std::filesystem::remove(directory / "inner" / "target");
  }

  std::filesystem::create_symlink("circle", directory / "circle");
  std::filesystem::create_symlink("there", directory / "back");
  std::filesystem::create_symlink("back", directory / "there");
  for (const char* path : {"circle", "there"})
    CHECK(missing(file_error([&] { write(directory / path, "new"); }), {path, "links in a circle"}) == "");
  std::filesystem::create_symlink("none/file", directory / "astray");
  CHECK(missing(file_error([&] { write(directory / "astray", "new"); }), {"none/file", "No such file"}) == "");
  std::filesystem::create_symlink("inner", directory / "folder");
  CHECK(missing(file_error([&] { write(directory / "folder", "new"); }), {"folder", "a directory"}) == "");
}

TEST_CASE("what killed saves left is gone after the next save to the same file", "[file]") {
  const io_test::Directory directory;
  killed_write(directory / "file");
  CHECK(directory.entries() == 1);
  write(directory / "file", "new");
  CHECK(directory.entries() == 1);
  CHECK(read_text(directory / "file") == "new");
  killed_write(directory / "file");
  killed_write(directory / "other");
  std::filesystem::create_symlink("file", directory / "link");
  write(directory / "link", "newer");
  CHECK(directory.entries() == 3);  // what is left of "other" is another save's affair
  CHECK(read_text(directory / "file") == "newer");
  const std::string long_name(250, 'x');
  killed_write(directory / long_name);
  write(directory / long_name, "long");
  CHECK(directory.entries() == 4);
}

TEST_CASE("a save that is running is not taken for a killed one", "[file]") {
  const io_test::Directory directory;
  std::optional<detail::TemporaryFile> running(std::in_place, directory / "file", false);
  running->write(std::as_bytes(std::span("run", 3)));
  write(directory / "file", "other thread");
  CHECK(in_child(0, [&] { return write(directory / "file", "other process"), true; }));
  CHECK(directory.entries() == 2);
  CHECK(read_text(directory / "file") == "other process");
  running->replace_target();
  running.reset();
  CHECK(directory.entries() == 1);
  CHECK(read_text(directory / "file") == "run");

  std::vector<std::thread> threads;
  for (char letter = 'a'; letter < 'e'; ++letter)
    threads.emplace_back([&, letter] {
      for (int n = 0; n < 30; ++n) write(directory / "file", std::string(10'000, letter));
    });
  for (std::thread& thread : threads) thread.join();
  const std::string text = read_text(directory / "file");
  CHECK(text == std::string(10'000, text[0]));
  CHECK(directory.entries() == 1);
}
