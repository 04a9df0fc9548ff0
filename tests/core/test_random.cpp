#include <cstdint>

#include <strata/core/random.hpp>

#include "harness/catch.hpp"

using namespace strata;

TEST_CASE("below is the upper half of the product of 64 random bits and n") {
  const Random random(Seed{7});
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::uint64_t bits = random.bits(i);
    CHECK(random.below(i, 0) == 0);
    for (int k = 1; k < 64; ++k) CHECK(random.below(i, std::uint64_t{1} << k) == bits >> (64 - k));
#ifdef __SIZEOF_INT128__
    __extension__ using Wide = unsigned __int128;
    for (const std::uint64_t n : {UINT64_MAX, UINT64_MAX - 12, std::uint64_t{0x1'0000'0001}, std::uint64_t{3}, bits})
      CHECK(random.below(i, n) == static_cast<std::uint64_t>(Wide{bits} * n >> 64));
#endif
  }
}
