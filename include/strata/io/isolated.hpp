// Strangers' files whose format takes a library: a child process reads them, within limits of memory and time. What a
// damaged file does to the library stays there and is a FileError here.
//
//     return detail::read_isolated(path, size, [&](detail::TensorCollector& found) {
//       const std::span<std::byte> data = found.add("conv2d/kernel", "F32", {3, 3, 16, 32});
//       …
//     });
#pragma once

#ifdef _WIN32
#error "Files of Keras and NumPy are read in a child process, which Windows cannot fork: convert them to safetensors"
#endif
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>
#include <strata/io/tensor_file.hpp>

namespace strata::detail {

/// The tensors that a reader finds, no more of them than a file of its size can hold.
class TensorCollector {
 public:
  /// Deflate makes a thousand of a byte, but numbers are no zeros.
  static constexpr std::uint64_t expansion = 100;

  TensorCollector(std::filesystem::path path, std::uint64_t file_size)
      : path_(std::move(path)), left_(expansion * file_size) {}

  Metadata metadata;

  const std::filesystem::path& path() const { return path_; }
  const std::vector<TensorEntry>& tensors() const { return tensors_; }

  /// Room for a tensor, for the caller to fill. Throws FileError.
  std::span<std::byte> add(const std::string& name, const std::string& dtype, std::vector<std::size_t> shape) {
    std::uint64_t count = element_bytes(dtype);
    for (const std::size_t extent : shape) {
      if (extent != 0 && count > left_ / extent) fail(printable(name));
      count *= extent;
    }
    const std::span<std::byte> data = add_bytes(printable(name), count);
    tensors_.push_back({name, dtype, std::move(shape), data, 0});
    return data;
  }
  /// Room for what stands for no tensor: `what` says what it is. Throws FileError.
  std::span<std::byte> add_bytes(std::string_view what, std::uint64_t count) {
    if (count > left_) fail(what);
    left_ -= count;
    return storage_.emplace_back(static_cast<std::size_t>(count));
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw_file_error(path_, 0, join("contents of at most ", expansion, " times the file's size"),
                     join(what, ", which claims more"), "the file is damaged");
  }

  std::filesystem::path path_;
  std::uint64_t left_;
  std::vector<TensorEntry> tensors_;
  std::vector<std::vector<std::byte>> storage_;
};

/// Of this process, in bytes; 0 where the system does not tell.
inline std::uint64_t address_space() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Of a child process that has so many bytes of a file to read.
struct ChildLimits {
  std::uint64_t memory;     ///< bytes beyond what the parent has
  unsigned processor_time;  ///< seconds
  unsigned time;            ///< seconds, waiting included

  explicit ChildLimits(std::uint64_t size)
      : memory((64u << 20) + 4 * TensorCollector::expansion * size), processor_time(seconds(3, size >> 26)),
        time(seconds(60, size >> 20)) {}

  void apply() const {
    const auto limit = [](auto resource, std::uint64_t most) {
      const ::rlimit both{most, most};
      ::setrlimit(resource, &both);
    };
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, processor_time);
    if (const std::uint64_t now = address_space(); now != 0) limit(RLIMIT_AS, now + memory);
    std::signal(SIGALRM, SIG_DFL);
    ::sigset_t signals;
    sigemptyset(&signals);
    ::sigprocmask(SIG_SETMASK, &signals, nullptr);
    ::alarm(time);
  }

 private:
  static constexpr unsigned seconds(unsigned least, std::uint64_t more) {
    return least + static_cast<unsigned>((std::min)(more, std::uint64_t{100'000}));
  }
};

/// A pipe from a child process to this one.
class ChildPipe {
 public:
  explicit ChildPipe(const std::filesystem::path& path) {
    if (::pipe(ends_.data()) != 0) throw_system_error(path, "cannot be read: no pipe", errno, "close other files");
    for (const int end : ends_) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  ChildPipe(const ChildPipe&) = delete;
  ChildPipe& operator=(const ChildPipe&) = delete;
  ~ChildPipe() {
    for (int& end : ends_) close(end);
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const std::ptrdiff_t written = ::write(ends_[1], bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) return;
      if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }
  /// All that the child writes. Memory grows with what really comes.
  std::vector<std::byte> read() {
    close(ends_[1]);
    std::vector<std::byte> bytes;
    std::array<std::byte, 1 << 16> block;
    for (;;) {
      const std::ptrdiff_t count = ::read(ends_[0], block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return bytes;
      bytes.insert(bytes.end(), block.begin(), block.begin() + count);
    }
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(std::exchange(end, -1));
  }

  std::array<int, 2> ends_{-1, -1};
};

inline constexpr int child_has_read = 0, child_has_complained = 3;  // a sanitizer ends a process with 1

/// In the child: reads, and sends the tensors as the bytes of a TensorFile, or the sentence of what went wrong.
template <class Read>
int read_in_child(TensorCollector& found, Read& read, ChildPipe& pipe) {
  const auto complain = [&](std::string_view sentence) {
    pipe.write(std::as_bytes(std::span(sentence)));
    return child_has_complained;
  };
#ifdef __cpp_exceptions
  try {
#endif
    read(found);
    const std::string start = tensor_file_start(found.tensors(), found.metadata);
    pipe.write(std::as_bytes(std::span(start)));
    for (const TensorEntry& tensor : found.tensors()) pipe.write(tensor.data);
    return child_has_read;
#ifdef __cpp_exceptions
  } catch (const Error& error) {
    return complain(error.what());
  } catch (const std::exception& error) {
    return complain(join(found.path().string(), ": byte 0: expected a file that can be read, received '", error.what(),
                         "'; the file is damaged"));
  }
#endif
}

/// What `read(TensorCollector&)`, run in a child process, finds in a file of this size. Throws FileError.
template <class Read>
TensorFile read_isolated(const std::filesystem::path& path, std::uint64_t size, Read read) {
  TensorCollector found(path, size);
  const ChildLimits limits(size);
  ChildPipe pipe(path);
  const ::pid_t child = ::fork();
  if (child < 0) throw_system_error(path, "cannot be read: no process for it", errno, "end other processes");
  if (child == 0) {
    limits.apply();
    ::_exit(read_in_child(found, read, pipe));
  }
  std::vector<std::byte> bytes = pipe.read();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (WIFEXITED(status) && WEXITSTATUS(status) == child_has_complained)
    raise<FileError>(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != child_has_read)
    throw_file_error(path, 0,
                     join("a file that can be read in ", limits.processor_time, " s and ", limits.memory >> 20, " MiB"),
                     WIFSIGNALED(status) ? join("'", ::strsignal(WTERMSIG(status)), "'")
                                         : join("exit status ", WEXITSTATUS(status)),
                     "the file is damaged");
  return TensorFile(path, std::move(bytes));
}

}  // namespace strata::detail
