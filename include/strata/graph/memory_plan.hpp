// Where in an arena each tensor lives: a pure function of sizes and lifetimes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace strata {

/// A block of memory that is needed from step `first` to step `last`, both included. Size 0 needs no place.
struct Lifetime {
  std::size_t size = 0;
  int first = 0;
  int last = -1;
};

/// Offsets in the unit of the sizes; two blocks that live at the same step never overlap.
template <std::size_t N>
struct MemoryPlan {
  std::array<std::size_t, N> offsets{};
  std::size_t total = 0;
};

/// First fit among the blocks alive, alternately from the bottom and from the top of the largest live sum, which makes
/// a chain meet its lower bound: the largest sum of two neighbours.
template <std::size_t N>
constexpr MemoryPlan<N> plan_memory(const std::array<Lifetime, N>& blocks) {
  std::array<std::size_t, N> order{};  // by first step; insertion, as callers come nearly sorted
  std::size_t used = 0;
  for (std::size_t b = 0; b < N; ++b) {
    if (blocks[b].size == 0) continue;
    std::size_t i = used++;
    for (; i > 0 && blocks[order[i - 1]].first > blocks[b].first; --i) order[i] = order[i - 1];
    order[i] = b;
  }

  MemoryPlan<N> plan;
  std::array<std::size_t, N> live{};
  std::size_t count = 0;
  const auto retire = [&](int step) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i)
      if (blocks[live[i]].last >= step) live[kept++] = live[i];
    count = kept;
  };

  std::size_t bound = 0;
  for (std::size_t i = 0; i < used; ++i) {
    retire(blocks[order[i]].first);
    live[count++] = order[i];
    std::size_t sum = 0;
    for (std::size_t j = 0; j < count; ++j) sum += blocks[live[j]].size;
    bound = std::max(bound, sum);
  }

  count = 0;
  const auto begin_of = [&](std::size_t place) { return plan.offsets[live[place]]; };
  const auto end_of = [&](std::size_t place) { return plan.offsets[live[place]] + blocks[live[place]].size; };
  for (std::size_t i = 0; i < used; ++i) {
    const std::size_t b = order[i];
    const std::size_t size = blocks[b].size;
    retire(blocks[b].first);
    std::size_t offset = 0, place = 0;  // the lowest gap that fits; live[place] is the block after it
    for (; place < count && begin_of(place) < offset + size; ++place) offset = std::max(offset, end_of(place));
    if (offset != 0) {  // not at the bottom: then the highest gap under the bound
      std::size_t end = bound, above = count;
      for (; above > 0 && end_of(above - 1) + size > end; --above) end = std::min(end, begin_of(above - 1));
      if (end >= size) {
        offset = end - size;
        place = above;
      }
    }
    plan.offsets[b] = offset;
    for (std::size_t j = count++; j > place; --j) live[j] = live[j - 1];  // `live` stays sorted by offset
    live[place] = b;
    plan.total = std::max(plan.total, offset + size);
  }
  return plan;
}

}  // namespace strata
