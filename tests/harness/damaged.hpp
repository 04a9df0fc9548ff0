/// @file
/// Damaged files, and what reading one may take.
#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include <strata/core/random.hpp>

namespace strata::test {

/// Bits turned, the end cut off, numbers made large.
inline std::string damaged(std::string bytes, const Random& random) {
  for (std::uint64_t i = 0; i <= random.below(0, 2); ++i) {
    const auto at = static_cast<std::size_t>(random.below(4 * i + 1, bytes.size()));
    const std::size_t digit = bytes.find_first_of("0123456789", at);
    const std::uint64_t kind = random.below(4 * i + 2, 8);
    if (kind == 0) bytes.resize(at + 1);
    else if (kind == 1) bytes.replace(at, 4, "\xff\xff\xff\x7f");
    else if (kind == 2) bytes.replace(at, 8, 8, '\xff');
    else if (kind == 3 && digit != bytes.npos) bytes.insert(digit, "99999999");
    else bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(4 * i + 3, 8)));
  }
  return bytes;
}

/// What this process and its children have taken: processor time in seconds; bytes, at most, of it and of one child.
struct Taken {
  double seconds = 0;
  std::size_t memory = 0;

  Taken() {
    for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
      ::rusage usage;
      ::getrusage(who, &usage);
      for (const ::timeval& time : {usage.ru_utime, usage.ru_stime})
        seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
      memory += static_cast<std::size_t>(usage.ru_maxrss) * 1024;
    }
  }
};

/// What was taken since then beyond 5 s or 64 MiB; empty: nothing.
inline std::string excess(const Taken& before) {
  const Taken now;
  if (now.seconds - before.seconds > 5) return "it took more than 5 s";
  if (now.memory - before.memory > std::size_t{64} << 20) return "it took more than 64 MiB";
  return {};
}

}  // namespace strata::test
