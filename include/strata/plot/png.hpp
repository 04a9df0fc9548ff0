// A picture of pixels as a data URI: a PNG file (W3C's recommendation, 2003) without compression, in base 64.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/crc.hpp>

namespace strata::plot {

namespace detail {

inline std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(number >> shift & 0xFF);
  return bytes;
}

inline std::string png_chunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type).append(data);
  boost::crc_32_type checksum;
  checksum.process_bytes(body.data(), body.size());
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(checksum.checksum());
}

/// zlib's format (RFC 1950) with stored blocks only.
inline std::string zlib_stored(std::string_view bytes) {
  std::string out = "\x78\x01";
  std::uint32_t a = 1, b = 0;  // Adler-32
  for (const char c : bytes) a = (a + static_cast<unsigned char>(c)) % 65521, b = (b + a) % 65521;
  for (std::size_t at = 0; at < bytes.size(); at += 65535) {
    const std::size_t size = (std::min)(bytes.size() - at, std::size_t{65535});
    out += at + size == bytes.size() ? '\1' : '\0';
    for (const std::size_t field : {size, ~size})
      out += static_cast<char>(field & 0xFF), out += static_cast<char>(field >> 8 & 0xFF);
    out += bytes.substr(at, size);
  }
  return out + big_endian(b << 16 | a);
}

inline std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : digits[group >> (18 - 6 * k) & 63];
  }
  return out;
}

}  // namespace detail

/// `bytes`: height x width x channels; one channel is grey, three are red, green and blue, a fourth is opacity.
inline std::string png(std::size_t height, std::size_t width, std::size_t channels, std::string_view bytes) {
  std::string rows, header;
  for (std::size_t y = 0; y < height; ++y)
    rows.append(1, '\0').append(bytes.substr(channels * y * width, channels * width));
  for (const std::size_t extent : {width, height}) header += detail::big_endian(static_cast<std::uint32_t>(extent));
  header += '\x8';  // bits of a value
  header += channels == 1 ? '\0' : channels == 3 ? '\2' : '\6';
  header.append(3, '\0');
  const std::string file = std::string("\x89PNG\r\n\x1A\n") + detail::png_chunk("IHDR", header) +
                           detail::png_chunk("IDAT", detail::zlib_stored(rows)) + detail::png_chunk("IEND", "");
  return std::string("data:image/png;base64,").append(detail::base64(file));
}

}  // namespace strata::plot
