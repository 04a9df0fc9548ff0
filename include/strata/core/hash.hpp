// FNV-1a (Fowler, Noll, Vo), 64 bits: small, and the same everywhere.
#pragma once

#include <cstdint>

namespace strata::detail {

inline constexpr std::uint64_t hash_start = 14'695'981'039'346'656'037u;

/// The hash of what came before, and `next`: a byte, or another number.
constexpr std::uint64_t add_to_hash(std::uint64_t hash, std::uint64_t next) {
  return (hash ^ next) * 1'099'511'628'211u;
}

}  // namespace strata::detail
