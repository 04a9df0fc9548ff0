// What the tests of data/ share: a directory of their own, bytes, and files gone bad.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <strata/core/error.hpp>
#include <strata/core/random.hpp>

#include "harness/catch.hpp"
#include "harness/files.hpp"

namespace data_test {

using strata::test::Directory;
using strata::test::missing;
using strata::test::write_text;

inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

inline char as_char(std::uint64_t number) { return static_cast<char>(number & 0xFF); }

/// Bytes without a pattern.
inline std::string noise(std::size_t size, std::uint64_t seed) {
  const strata::Random random(strata::Seed{seed});
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = as_char(random.bits(i));
  return bytes;
}

/// The sentence of the exception of class `E` that `call` must throw.
template <class E, class Call>
std::string error(Call&& call) {
  try {
    call();
  } catch (const E& caught) {
    return caught.what();
  }
  return "no error";
}

/// Calls `load` with `good` cut short, with bits flipped, bytes overwritten, removed, inserted or doubled, with nothing
/// and with noise: it must return or throw a strata::Error. Returns how many of the files were refused.
template <class Load>
int fuzz(const std::string& good, int rounds, Load&& load) {
  int refused = 0;
  const strata::Random random(strata::Seed{7});
  for (int round = 0; round < rounds; ++round) {
    const strata::Random dice = random.split(static_cast<std::uint64_t>(round));
    std::string bad = good;
    const std::size_t near_start = dice.below(0, 2) == 0 ? std::min<std::size_t>(good.size(), 24) : good.size();
    const std::size_t at = dice.below(1, near_start);
    switch (dice.below(2, 8)) {
      case 0:
        bad.resize(at);
        break;
      case 1:
        bad[at] = as_char(static_cast<std::uint64_t>(bad[at]) ^ 1u << dice.below(3, 8));
        break;
      case 2:
        bad.replace(at, std::min<std::size_t>(4, bad.size() - at), 4, dice.below(3, 2) == 0 ? '\xFF' : '\x7F');
        break;
      case 3:
        bad.erase(at, 1 + dice.below(3, 16));
        break;
      case 4:
        bad.insert(at, 1 + dice.below(3, 16), as_char(dice.bits(4)));
        break;
      case 5:
        bad += bad.substr(at);
        break;
      case 6:
        bad = noise(dice.below(3, 64), dice.bits(4));
        break;
      default:
        for (std::uint64_t flip = 0; flip < 16; ++flip)
          bad[dice.below(10 + flip, bad.size())] = as_char(dice.bits(40 + flip));
    }
    try {
      load(bad);
    } catch (const strata::Error&) {
      ++refused;
    }
  }
  return refused;
}

/// Where real data sets lie, if the environment says so: those tests are skipped elsewhere.
inline std::optional<std::filesystem::path> real_data(std::string_view set) {
  const char* root = std::getenv("STRATA_DATA");
  if (root != nullptr) return std::filesystem::path(root) / set;
  WARN("skipped: set STRATA_DATA to a directory that holds " << set);
  return {};
}

}  // namespace data_test
