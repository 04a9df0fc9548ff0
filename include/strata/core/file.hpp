// Files: read from the start, replaced at once. Every failure is a FileError that names the file and the byte.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <ios>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/system.hpp>

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

/// A regular file, or its bytes, read from the start. Throws FileError.
class InputFile {
 public:
  InputFile(std::filesystem::path path, std::vector<std::byte> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)), size_(bytes_.size()) {}
  explicit InputFile(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path_, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
      throw_file_error(path_, 0, "a regular file", kind(status), "give the path of a file");
    file_.open(path_, std::ios::binary | std::ios::ate);
    if (!file_) throw_system_error(path_, "cannot be opened for reading", errno, "check the path");
    size_ = static_cast<std::uint64_t>(file_.tellg());
    file_.seekg(0);
  }

  const std::filesystem::path& path() const { return path_; }
  /// Of the whole file, in bytes.
  std::uint64_t size() const { return size_; }
  /// Behind the bytes that were read.
  std::uint64_t left() const { return size_ - position_; }

  /// The next byte, -1 at the end. It stays where it is.
  int peek() {
    if (left() == 0) return -1;
    return bytes_.empty() ? file_.peek() : std::to_integer<int>(bytes_[position_]);
  }
  /// The next `count` bytes, or all that are left where there are fewer.
  std::vector<std::byte> read(std::uint64_t count) {
    if (!bytes_.empty()) return take((std::min)(count, left()));
    std::vector<std::byte> bytes = allocate((std::min)(count, left()));
    const auto size = static_cast<std::streamsize>(bytes.size());
    if (file_.read(reinterpret_cast<char*>(bytes.data()), size); file_.bad())
      throw_system_error(path_, join("read error behind byte ", position_), errno, "check the device");
    if (file_.gcount() != size)
      throw_file_error(path_, position_ + static_cast<std::uint64_t>(file_.gcount()), join(size_, " bytes"),
                       "the end of the file", "another program seems to be changing the file; read it again");
    position_ += bytes.size();
    if (left() == 0) file_.close();
    return bytes;
  }

  static std::string_view kind(std::filesystem::file_status status) {
    return std::filesystem::is_directory(status) ? "a directory" : "a device or pipe";
  }

 private:
  /// Of bytes_; the last ones are not copied.
  std::vector<std::byte> take(std::size_t count) {
    const auto first = bytes_.begin() + static_cast<std::ptrdiff_t>(std::exchange(position_, position_ + count));
    if (left() > 0) return {first, first + static_cast<std::ptrdiff_t>(count)};
    bytes_.erase(bytes_.begin(), first);
    return std::exchange(bytes_, {});
  }
  std::vector<std::byte> allocate(std::uint64_t count) const {
    if (count <= std::vector<std::byte>().max_size()) {
#ifdef __cpp_exceptions
      try {
#endif
        return std::vector<std::byte>(static_cast<std::size_t>(count));
#ifdef __cpp_exceptions
      } catch (const std::bad_alloc&) {
      }
#endif
    }
    throw_file_error(path_, position_, "no more bytes than memory holds", std::to_string(count),
                     "check that this is the right file");
  }

  std::filesystem::path path_;
  std::vector<std::byte> bytes_;  // empty: they are read from file_
  std::ifstream file_;
  std::uint64_t size_ = 0, position_ = 0;
};

/// A file beside its target, removed unless it takes the target's place. What a killed program left of such a file is
/// removed before.
class TemporaryFile {
 public:
  TemporaryFile(const std::filesystem::path& target, bool exists) : target_(target), exists_(exists) {
    const std::filesystem::path directory = target.has_parent_path() ? target.parent_path() : ".";
    std::filesystem::path prefix = ".";
    prefix += target.filename().native().substr(0, 100);  // a name has at most 255 bytes
    prefix += ".strata-tmp-";
    std::error_code ignored;
    for (std::filesystem::directory_iterator entry(directory, ignored), end; entry != end; entry.increment(ignored))
      if (entry->path().filename().native().starts_with(prefix.native())) os::remove_abandoned(entry->path());
    for (int number = 0; descriptor_ < 0; ++number) {
      path_ = directory / prefix;
      path_ += std::to_string(number);
      descriptor_ = os::create_locked(path_, exists);
      if (descriptor_ < 0 && errno != EEXIST)
        throw_system_error(target, "cannot be written", errno, "check that its directory exists and may be written to");
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) os::discard(descriptor_, path_);
  }

  void write(std::span<const std::byte> bytes) {
    constexpr std::size_t most = std::size_t{1} << 30;  // systems write no more than 2 GiB at once
    while (!bytes.empty()) {
      const std::ptrdiff_t written = os::write(descriptor_, bytes.first((std::min)(bytes.size(), most)));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail("write error");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      size_ += static_cast<std::uint64_t>(written);
    }
  }

  /// Flushes to the device and renames over the target.
  void replace_target() {
    if (exists_) os::keep_owner_and_mode(descriptor_, target_);
    if (!os::flush(descriptor_)) fail("flush error");
    if (!os::replace(descriptor_, path_, target_)) fail("cannot be replaced");
    path_.clear();
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    const int error = errno;
    throw_system_error(target_, join(what, " at byte ", size_), error,
                       "free space or choose another place; the old file, if there was one, is unchanged");
  }

  std::filesystem::path target_, path_;
  bool exists_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// Where the symbolic links of `path` end, even where nothing is there.
inline std::filesystem::path follow_links(const std::filesystem::path& path) {
  std::filesystem::path target = path;
  std::error_code error;
  for (int links = 0; std::filesystem::is_symlink(target, error); ++links) {
    if (links == 40)
      throw_file_error(path, 0, "symbolic links that lead to a file", "more than 40, or links in a circle",
                       "give the path of a file");
    const std::filesystem::path next = std::filesystem::read_symlink(target, error);
    if (error) throw_system_error(path, "its symbolic link cannot be read", error.value(), "check the path");
    target = target.parent_path() / next;
  }
  return target;
}

}  // namespace detail

/// Reads a regular file of any size. Throws FileError.
inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
  detail::InputFile file(path);
  return file.read(file.size());
}

/// Replaces a file by the pieces, one after the other: all of them or, on failure, nothing. A reader sees the old file
/// or the new one, and so does a program that starts after this one was killed; saves to one file may run at once. The
/// new file has the permissions of the old one and, where the process may give them, its group and owner. Symbolic
/// links keep pointing where they point; other hard links keep the old file. Throws FileError.
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::span<const std::span<const std::byte>> pieces) {
  const std::filesystem::path target = detail::follow_links(path);
  if (!target.has_filename()) throw_file_error(path, 0, "the path of a file", "none", "give it a name");
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(target, ignored);
  const bool exists = std::filesystem::exists(status);
  if (exists && !std::filesystem::is_regular_file(status))
    throw_file_error(path, 0, "a regular file to replace", detail::InputFile::kind(status), "give the path of a file");
  if (exists && !detail::os::writable(target))
    detail::throw_system_error(path, "cannot be replaced", errno, "make the file writable or give another path");
  detail::TemporaryFile temporary(target, exists);
  for (const std::span<const std::byte> piece : pieces) temporary.write(piece);
  temporary.replace_target();
}
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::initializer_list<std::span<const std::byte>> pieces) {
  write_file_atomically(path, std::span(pieces.begin(), pieces.size()));
}

}  // namespace strata
