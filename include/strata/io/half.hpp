// Numbers of 16 bits as floats. (Emscripten 3.1's library has no std::bit_cast.)
#pragma once

#include <cstdint>

namespace strata::detail {

/// Half a float as one.
inline float float_of_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = (half >> 10) & 0x1f, fraction = half & 0x3ffu;
  if (exponent == 0) return (sign != 0 ? -1.0f : 1.0f) * static_cast<float>(fraction) * 0x1p-24f;
  const std::uint32_t rebiased = exponent == 0x1f ? 0xffu : exponent + 112;
  return __builtin_bit_cast(float, sign | rebiased << 23 | fraction << 13);
}

/// The upper half of a float as one.
inline float float_of_bfloat16(std::uint16_t upper) { return __builtin_bit_cast(float, std::uint32_t{upper} << 16); }

}  // namespace strata::detail
