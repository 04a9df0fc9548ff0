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

namespace detail {

/// A plan and what no plan can go below: the largest sum of blocks that live at the same step.
template <std::size_t N>
struct BoundedPlan {
  MemoryPlan<N> plan{};
  std::size_t bound = 0, used = 0;
};

/// First fit among the blocks alive, alternately from the bottom and from the top of the largest live sum, which makes
/// a chain meet its lower bound: the largest sum of two neighbours.
template <std::size_t N>
constexpr BoundedPlan<N> fit_in_time(const std::array<Lifetime, N>& blocks) {
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
  return {plan, bound, used};
}

/// The largest first, of equal ones the later, each in the lowest gap among those that live with it (Pisarchyk & Lee
/// 2020, arXiv 2001.03288, "greedy by size").
template <std::size_t N>
constexpr MemoryPlan<N> fit_by_size(const std::array<Lifetime, N>& blocks) {
  std::array<std::size_t, N> order{}, placed_blocks{};
  std::size_t used = 0, count = 0;
  for (std::size_t b = 0; b < N; ++b)
    if (blocks[b].size > 0) order[used++] = b;
  std::sort(order.begin(), order.begin() + used, [&](std::size_t a, std::size_t b) {
    if (blocks[a].size != blocks[b].size) return blocks[a].size > blocks[b].size;
    const int later = blocks[a].first + blocks[a].last - blocks[b].first - blocks[b].last;
    return later != 0 ? later > 0 : a < b;
  });
  MemoryPlan<N> plan;
  // Pointers, since clang counts every call of an operator[].
  const Lifetime* const lifetimes = blocks.data();
  std::size_t* const offsets = plan.offsets.data();
  std::size_t* const placed = placed_blocks.data();  // by offset
  for (std::size_t o = 0; o < used; ++o) {
    const std::size_t b = order[o];
    const int first = lifetimes[b].first, last = lifetimes[b].last;
    const std::size_t size = lifetimes[b].size;
    std::size_t offset = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t other = placed[i];
      if (lifetimes[other].last < first || last < lifetimes[other].first) continue;
      if (offset + size <= offsets[other]) break;
      if (const std::size_t end = offsets[other] + lifetimes[other].size; end > offset) offset = end;
    }
    offsets[b] = offset;
    plan.total = std::max(plan.total, offset + size);
    std::size_t place = count++;
    for (; place > 0 && offsets[placed[place - 1]] > offset; --place) placed[place] = placed[place - 1];
    placed[place] = b;
  }
  return plan;
}

}  // namespace detail

/// The better of two plans. The second one looks at all pairs, and compilers limit what they compute: it is tried only
/// where the first misses the bound, among not too many blocks.
template <std::size_t N>
constexpr MemoryPlan<N> plan_memory(const std::array<Lifetime, N>& blocks) {
  const auto [plan, bound, used] = detail::fit_in_time(blocks);
  if (plan.total == bound || used > 256) return plan;
  const MemoryPlan<N> other = detail::fit_by_size(blocks);
  return other.total < plan.total ? other : plan;
}

}  // namespace strata
