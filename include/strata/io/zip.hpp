// ZIP archives. Needs libzip (CMake: strata::zip).
#pragma once

#include <zip.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>

namespace strata::detail {

/// An archive that is read. Throws FileError.
class ZipArchive {
 public:
  explicit ZipArchive(std::filesystem::path path) : path_(std::move(path)) {
    int code = 0;
    archive_.reset(::zip_open(path_.c_str(), ZIP_RDONLY, &code));
    if (archive_) return;
    ::zip_error_t error;
    ::zip_error_init_with_code(&error, code);
    const std::string received = ::zip_error_strerror(&error);
    ::zip_error_fini(&error);
    fail("a ZIP archive", received);
  }

  std::uint64_t count() const { return static_cast<std::uint64_t>(::zip_get_num_entries(archive_.get(), 0)); }
  /// The index of the member of this name; count(): none.
  std::uint64_t find(const char* name) const {
    const std::int64_t index = ::zip_name_locate(archive_.get(), name, ZIP_FL_ENC_RAW);
    return index < 0 ? count() : static_cast<std::uint64_t>(index);
  }
  std::string name(std::uint64_t index) const { return stat(index).name; }
  /// Unpacked, in bytes, as the archive claims.
  std::uint64_t size(std::uint64_t index) const { return stat(index).size; }

  /// Unpacks a member into `bytes`, of its size.
  void read(std::uint64_t index, std::span<std::byte> bytes) const {
    const std::string member = name(index);
    const std::unique_ptr<::zip_file_t, Close> file(::zip_fopen_index(archive_.get(), index, 0));
    if (!file) fail("the member '" + member + "'", ::zip_strerror(archive_.get()));
    for (std::size_t done = 0;;) {
      const bool complete = done == bytes.size();
      std::byte beyond;  // asked for behind the last byte, where the checksum is compared
      const std::int64_t count = ::zip_fread(file.get(), complete ? &beyond : bytes.data() + done,
                                             complete ? 1 : bytes.size() - done);
      if (complete && count == 0) return;
      if (complete || count <= 0)
        fail(join("the ", bytes.size(), " bytes of the member '", member, "'"),
             count < 0 ? ::zip_file_strerror(file.get()) : complete ? "more" : "fewer");
      done += static_cast<std::size_t>(count);
    }
  }

 private:
  struct Close {
    void operator()(::zip_t* archive) const { ::zip_discard(archive); }
    void operator()(::zip_file_t* file) const { ::zip_fclose(file); }
  };

  [[noreturn]] void fail(std::string_view expected, std::string_view received) const {
    throw_file_error(path_, 0, expected, received, "the file is damaged or of another format");
  }
  ::zip_stat_t stat(std::uint64_t index) const {
    ::zip_stat_t stat;
    if (::zip_stat_index(archive_.get(), index, ZIP_FL_ENC_RAW, &stat) != 0 ||
        (~stat.valid & (ZIP_STAT_NAME | ZIP_STAT_SIZE)) != 0)
      fail(join("the name and the size of member ", index), ::zip_strerror(archive_.get()));
    return stat;
  }

  std::filesystem::path path_;
  std::unique_ptr<::zip_t, Close> archive_;
};

/// Makes an archive in memory, of members that are not packed, as Keras and NumPy do. Throws FileError.
class ZipWriter {
 public:
  /// Errors name `path`.
  explicit ZipWriter(std::filesystem::path path) : path_(std::move(path)) {
    source_ = ::zip_source_buffer_create(nullptr, 0, 0, nullptr);
    if (source_ != nullptr) archive_ = ::zip_open_from_source(source_, ZIP_TRUNCATE, nullptr);
    if (archive_ == nullptr) fail("");
    ::zip_source_keep(source_);
  }
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;
  ~ZipWriter() {
    if (archive_ != nullptr) ::zip_discard(archive_);
    ::zip_source_free(source_);
  }

  /// The bytes stay where they are until `bytes()` was called.
  void add(const std::string& name, std::span<const std::byte> bytes) {
    constexpr std::time_t beginning = 315'619'200;  // of 1980, where ZIP's calendar starts: the same in every file
    ::zip_source_t* const member = ::zip_source_buffer(archive_, bytes.data(), bytes.size(), 0);
    const std::int64_t index = ::zip_file_add(archive_, name.c_str(), member, ZIP_FL_ENC_UTF_8);
    if (index < 0) ::zip_source_free(member);
    const auto place = static_cast<std::uint64_t>(index);
    if (index < 0 || ::zip_set_file_compression(archive_, place, ZIP_CM_STORE, 0) != 0 ||
        ::zip_file_set_mtime(archive_, place, beginning, 0) != 0)
      fail(::zip_strerror(archive_));
  }

  std::vector<std::byte> bytes() {
    if (::zip_close(archive_) != 0) fail(::zip_strerror(archive_));
    archive_ = nullptr;
    ::zip_stat_t stat;
    if (::zip_source_stat(source_, &stat) != 0 || ::zip_source_open(source_) != 0) fail("");
    std::vector<std::byte> bytes(stat.size);
    const std::int64_t count = ::zip_source_read(source_, bytes.data(), bytes.size());
    ::zip_source_close(source_);
    if (count != static_cast<std::int64_t>(bytes.size())) fail("");
    return bytes;
  }

 private:
  [[noreturn]] void fail(std::string_view reason) const {
    throw_file_error(path_, 0, "libzip to make the file in memory", join("an error (", reason, ")"),
                     "free memory for the weights");
  }

  std::filesystem::path path_;
  ::zip_source_t* source_ = nullptr;
  ::zip_t* archive_ = nullptr;
};

}  // namespace strata::detail
