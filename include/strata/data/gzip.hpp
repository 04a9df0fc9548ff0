// Files compressed with gzip. Needs zlib (CMake: strata::zlib).
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>

namespace strata {

namespace detail {

/// Owns zlib's state.
struct Inflate {
  z_stream stream{};

  explicit Inflate(const std::filesystem::path& path) {
    constexpr int window_bits = 15, gzip_only = 16;
    if (const int status = inflateInit2(&stream, window_bits + gzip_only); status != Z_OK)
      throw_file_error(path, 0, "zlib to start", zError(status), "free memory");
  }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  ~Inflate() { inflateEnd(&stream); }
};

}  // namespace detail

/// What the bytes of a .gz file unpack to: at most a GiB, and memory grows only with what really comes out. Members may
/// follow one another (RFC 1952), with zeros between and behind them, as padding (GNU gzip manual, "Tapes"). Throws
/// FileError naming `path` and the byte.
inline std::vector<std::byte> gunzip(std::span<const std::byte> file, const std::filesystem::path& path) {
  constexpr std::size_t limit = std::size_t{1} << 30, chunk = std::size_t{1} << 20;
  const char* const remedy = "download the file again";
  detail::Inflate inflater(path);
  z_stream& stream = inflater.stream;
  std::vector<std::byte> unpacked;
  std::array<std::byte, 1 << 16> block;
  std::size_t position = 0;
  for (;;) {
    const auto input = file.subspan(position, (std::min)(chunk, file.size() - position));
    // zlib reads through a pointer to non-const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    position += input.size() - stream.avail_in;
    unpacked.insert(unpacked.end(), block.begin(), block.end() - static_cast<std::ptrdiff_t>(stream.avail_out));
    if (status == Z_BUF_ERROR) throw_file_error(path, position, "more compressed data", "the end of the file", remedy);
    if (status != Z_OK && status != Z_STREAM_END)
      throw_file_error(path, position, "gzip data", stream.msg != nullptr ? stream.msg : zError(status), remedy);
    if (unpacked.size() > limit)
      throw_file_error(path, position, "at most 1 GiB unpacked", "more", "check that this is the right file");
    if (status != Z_STREAM_END) continue;
    while (position < file.size() && file[position] == std::byte{0}) ++position;
    if (position == file.size()) return unpacked;
    inflateReset(&stream);
  }
}

}  // namespace strata
