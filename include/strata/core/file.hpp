// Whole files: read at once, replaced at once. Every failure is a FileError that names the file and the byte.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>

namespace strata {

namespace detail {

/// Text and whole numbers, one after the other. (`"literal" + std::string()` makes g++ 12 warn at -O2.)
template <class... Parts>
std::string join(const Parts&... parts) {
  std::string text;
  const auto append = [&text](const auto& part) {
    if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(part)>>)
      text += std::to_string(part);
    else
      text += std::string_view(part);
  };
  (append(parts), ...);
  return text;
}

}  // namespace detail

/// `net.safetensors: byte 8: expected …, received …; what to do`. Throws FileError.
[[noreturn]] inline void throw_file_error(const std::filesystem::path& path, std::uint64_t byte,
                                          std::string_view expected, std::string_view received,
                                          std::string_view remedy) {
  detail::raise<FileError>(
      detail::join(path.string(), ": byte ", byte, ": expected ", expected, ", received ", received, "; ", remedy));
}

namespace detail {

/// `net.safetensors: cannot be opened for reading: No such file or directory; what to do`.
[[noreturn]] inline void throw_system_error(const std::filesystem::path& path, std::string_view what, int error,
                                            std::string_view remedy) {
  detail::raise<FileError>(join(path.string(), ": ", what, ": ", std::generic_category().message(error), "; ", remedy));
}

/// Owns a POSIX file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor other) noexcept { return std::swap(number_, other.number_), *this; }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  /// False, with errno set, where the system reports a late write error.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// A file beside its target under a name of its own, removed unless it takes the target's place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : target_(target), descriptor_(-1) {
    static std::atomic<unsigned> count{0};
    do {
      path_ = target.parent_path() / join(".strata-", ::getpid(), "-", count++, ".tmp");
      descriptor_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    } while (!descriptor_.open() && errno == EEXIST);
    if (!descriptor_.open()) {
      path_.clear();
      throw_system_error(target, "cannot be written", errno, "check that its directory exists and may be written to");
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_.number(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail("write error");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      size_ += static_cast<std::uint64_t>(written);
    }
  }

  /// Flushes to the device, checks the size and renames over the target.
  void replace_target() {
    struct stat info {};
    if (::fsync(descriptor_.number()) != 0) fail("flush error");
    if (::fstat(descriptor_.number(), &info) != 0) fail("size check failed");
    if (static_cast<std::uint64_t>(info.st_size) != size_)
      throw_file_error(target_, static_cast<std::uint64_t>(info.st_size),
                       std::to_string(size_) + " bytes on the device", std::to_string(info.st_size),
                       "write again; the old file is unchanged");
    if (!descriptor_.close()) fail("close error");
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail("cannot be replaced");
    path_.clear();
    // The name is durable once its directory is flushed; not every file system can.
    const std::filesystem::path directory = target_.has_parent_path() ? target_.parent_path() : ".";
    if (const Descriptor entry(::open(directory.c_str(), O_RDONLY | O_CLOEXEC)); entry.open()) ::fsync(entry.number());
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    const int error = errno;
    throw_system_error(target_, join(what, " at byte ", size_), error,
                       "free space or choose another place; the old file, if there was one, is unchanged");
  }

  std::filesystem::path target_, path_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace detail

/// Reads a regular file of any size. Throws FileError.
inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
  const detail::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!file.open() || ::fstat(file.number(), &info) != 0)
    detail::throw_system_error(path, "cannot be opened for reading", errno, "check the path");
  if (!S_ISREG(info.st_mode))
    throw_file_error(path, 0, "a regular file", S_ISDIR(info.st_mode) ? "a directory" : "a device or pipe",
                     "give the path of a file");
  std::vector<std::byte> bytes(static_cast<std::size_t>(info.st_size));
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::read(file.number(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) detail::throw_system_error(path, detail::join("read error at byte ", done), errno, "check the device");
    if (got == 0)
      throw_file_error(path, done, std::to_string(bytes.size()) + " bytes", "the end of the file",
                       "another program seems to be changing the file; read it again");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

/// Replaces a file by the pieces, one after the other: all of them or, on failure, nothing. A reader sees the old file
/// or the new one. A symbolic link keeps pointing where it points. Throws FileError.
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::span<const std::span<const std::byte>> pieces) {
  std::error_code ignored;
  std::filesystem::path target = std::filesystem::canonical(path, ignored);
  if (target.empty()) target = path;
  if (!target.has_filename()) throw_file_error(path, 0, "the path of a file", "none", "give it a name");
  struct stat info {};
  const bool exists = ::stat(target.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode))
    throw_file_error(path, 0, "a regular file to replace", S_ISDIR(info.st_mode) ? "a directory" : "a device or pipe",
                     "give the path of a file");
  if (exists && ::access(target.c_str(), W_OK) != 0)
    detail::throw_system_error(path, "cannot be replaced", errno, "make the file writable or give another path");
  detail::TemporaryFile temporary(target);
  for (const std::span<const std::byte> piece : pieces) temporary.write(piece);
  temporary.replace_target();
}
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::initializer_list<std::span<const std::byte>> pieces) {
  write_file_atomically(path, std::span(pieces.begin(), pieces.size()));
}

}  // namespace strata
