// Files compressed with gzip. Needs zlib (CMake: strata::zlib).
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <new>
#include <span>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/file.hpp>

namespace strata {

namespace detail {

/// Owns zlib's state.
struct Inflate {
  z_stream stream{};

  Inflate() {
    constexpr int window_bits = 15, gzip_only = 16;
    if (inflateInit2(&stream, window_bits + gzip_only) != Z_OK) throw std::bad_alloc();
  }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  ~Inflate() { inflateEnd(&stream); }
};

}  // namespace detail

/// What the bytes of a .gz file unpack to: at most a GiB, and memory grows only with what really comes out (RFC 1952;
/// several members follow one another). Throws FileError naming `path` and the byte.
inline std::vector<std::byte> gunzip(std::span<const std::byte> file, const std::filesystem::path& path) {
  constexpr std::size_t limit = std::size_t{1} << 30, chunk = std::size_t{1} << 20;
  const char* const remedy = "download the file again";
  detail::Inflate inflater;
  z_stream& stream = inflater.stream;
  std::vector<std::byte> unpacked;
  std::array<std::byte, 1 << 16> block;
  std::size_t position = 0;
  for (int status = Z_OK; status != Z_STREAM_END || position < file.size();) {
    if (status == Z_STREAM_END) inflateReset(&stream);
    const auto input = file.subspan(position, std::min(chunk, file.size() - position));
    // zlib reads through a pointer to non-const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    status = inflate(&stream, Z_NO_FLUSH);
    position += input.size() - stream.avail_in;
    unpacked.insert(unpacked.end(), block.begin(), block.end() - static_cast<std::ptrdiff_t>(stream.avail_out));
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_BUF_ERROR) throw_file_error(path, position, "more compressed data", "the end of the file", remedy);
    if (status != Z_OK && status != Z_STREAM_END)
      throw_file_error(path, position, "gzip data", stream.msg != nullptr ? stream.msg : "something else", remedy);
    if (unpacked.size() > limit)
      throw_file_error(path, position, "at most 1 GiB unpacked", "more", "check that this is the right file");
  }
  return unpacked;
}

}  // namespace strata
