// What replacing a file asks of the operating system beyond std::filesystem. `file` is a descriptor; where a function
// returns -1 or false, errno says why.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#ifdef _WIN32
#include <io.h>
#include <share.h>
#else
#include <sys/file.h>
#include <unistd.h>
#endif

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

namespace strata::detail::os {

#ifdef _WIN32

// Windows removes no file that is open: it needs no lock. Who may do what with a file is its directory's affair.
inline int create_locked(const std::filesystem::path& path, bool) {
  int file = -1;
  errno = ::_wsopen_s(&file, path.c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _SH_DENYRW,
                      _S_IREAD | _S_IWRITE);
  return file;
}
inline void remove_abandoned(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}
inline std::ptrdiff_t write(int file, std::span<const std::byte> bytes) {
  return ::_write(file, bytes.data(), static_cast<unsigned>(bytes.size()));
}
inline bool flush(int file) { return ::_commit(file) == 0; }
inline bool writable(const std::filesystem::path& path) { return ::_waccess(path.c_str(), 2) == 0; }
inline void keep_owner_and_mode(int, const std::filesystem::path&) {}
inline bool replace(int& file, const std::filesystem::path& path, const std::filesystem::path& target) {
  std::error_code error;
  if (::_close(std::exchange(file, -1)) != 0) return false;
  std::filesystem::rename(path, target, error);
  errno = error.default_error_condition().value();
  return !error;
}
inline void discard(int file, const std::filesystem::path& path) {
  if (file >= 0) ::_close(file);
  remove_abandoned(path);
}

#else

/// Is the file of this name the one that is open?
inline bool is_named(int file, const std::filesystem::path& path) {
  struct stat opened {}, named {};
  return ::fstat(file, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

/// Creates a file and locks it, for its owner alone or for whom the umask lets. EEXIST where the name is taken. The
/// lock goes with the process, however it ends: what is not locked is abandoned.
inline int create_locked(const std::filesystem::path& path, bool for_owner) {
  for (;;) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, for_owner ? 0600 : 0666);
    if (file < 0) return file;
    while (::flock(file, LOCK_EX) != 0 && errno == EINTR) {}  // not every file system has locks
    struct stat info {};
    if (::fstat(file, &info) != 0 || info.st_nlink > 0) return file;
    ::close(file);  // removed as abandoned between the two calls
  }
}

/// Removes a file that nobody holds locked. While it is locked here, only this function gives its name away.
inline void remove_abandoned(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return;
  if (::flock(file, LOCK_EX | LOCK_NB) == 0 && is_named(file, path)) ::unlink(path.c_str());
  ::close(file);
}

inline std::ptrdiff_t write(int file, std::span<const std::byte> bytes) {
  return ::write(file, bytes.data(), bytes.size());
}
inline bool flush(int file) { return ::fsync(file) == 0; }
inline bool writable(const std::filesystem::path& path) { return ::access(path.c_str(), W_OK) == 0; }

/// Permissions of `old` and, where this process may give them, its group and owner.
inline void keep_owner_and_mode(int file, const std::filesystem::path& old) {
  constexpr auto same_user = static_cast<uid_t>(-1);
  constexpr auto same_group = static_cast<gid_t>(-1);
  struct stat was {}, is {};
  if (::stat(old.c_str(), &was) != 0 || ::fstat(file, &is) != 0) return;
  mode_t mode = was.st_mode & 0777;
  // Another group may do no more than everybody.
  if (is.st_gid != was.st_gid && ::fchown(file, same_user, was.st_gid) != 0) mode &= (mode & 0007) << 3 | 0707;
  ::fchmod(file, mode);
  if (is.st_uid != was.st_uid && ::fchown(file, was.st_uid, same_group) != 0) return;  // only root may
}

/// Gives `file`, called `path`, the name `target`, and closes it.
inline bool replace(int& file, const std::filesystem::path& path, const std::filesystem::path& target) {
  if (::rename(path.c_str(), target.c_str()) != 0) return false;
  ::close(std::exchange(file, -1));
  // The name is durable once its directory is flushed; not every file system can.
  const int directory = ::open(path.parent_path().c_str(), O_RDONLY | O_CLOEXEC);
  if (directory < 0) return true;
  ::fsync(directory);
  ::close(directory);
  return true;
}

/// Removes a file that create_locked made. First its name, then its lock.
inline void discard(int file, const std::filesystem::path& path) {
  ::unlink(path.c_str());
  ::close(file);
}

#endif

}  // namespace strata::detail::os
