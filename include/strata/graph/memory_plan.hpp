// Where in an arena each tensor lives: a pure function of sizes and lifetimes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

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

/// The blocks alive at some step, by offset, in plain arrays: compilers count every call of an operator[].
template <std::size_t N>
class LiveBlocks {
 public:
  /// Ends those whose last step is before `step`.
  constexpr void retire(int step) {
    if (step <= next_last_) return;
    std::size_t kept = 0;
    next_last_ = never;
    for (std::size_t i = 0; i < count_; ++i) {
      if (lasts_[i] < step) continue;
      begins_[kept] = begins_[i], ends_[kept] = ends_[i], lasts_[kept++] = lasts_[i];
      if (lasts_[i] < next_last_) next_last_ = lasts_[i];
    }
    count_ = kept;
  }

  /// A block in the lowest gap that fits if that is at the bottom, else in the highest one under `limit` if there is
  /// one; returns its offset.
  constexpr std::size_t insert(std::size_t size, int last, std::size_t limit) {
    std::size_t offset = 0, place = 0;  // `place` is that of the block after it
    for (; place < count_ && begins_[place] < offset + size; ++place)
      if (ends_[place] > offset) offset = ends_[place];
    if (offset != 0) {
      std::size_t end = limit, above = count_;
      for (; above > 0 && ends_[above - 1] + size > end; --above)
        if (begins_[above - 1] < end) end = begins_[above - 1];
      if (end >= size) {
        offset = end - size;
        place = above;
      }
    }
    for (std::size_t i = count_++; i > place; --i)
      begins_[i] = begins_[i - 1], ends_[i] = ends_[i - 1], lasts_[i] = lasts_[i - 1];
    begins_[place] = offset, ends_[place] = offset + size, lasts_[place] = last;
    if (last < next_last_) next_last_ = last;
    return offset;
  }

 private:
  static constexpr int never = std::numeric_limits<int>::max();

  std::size_t begins_[N]{}, ends_[N]{};
  int lasts_[N]{};
  std::size_t count_ = 0;
  int next_last_ = never;
};

/// First fit among the blocks alive, alternately from the bottom and from the top of the largest live sum, which makes
/// a chain meet its lower bound: the largest sum of two neighbours.
template <std::size_t N>
constexpr BoundedPlan<N> fit_in_time(const std::array<Lifetime, N>& blocks) {
  std::array<std::size_t, N> first_order{}, last_order{};
  const Lifetime* const lifetimes = blocks.data();
  std::size_t *const by_first = first_order.data(), *const by_last = last_order.data();
  std::size_t used = 0;
  for (std::size_t b = 0; b < N; ++b)
    if (lifetimes[b].size > 0) by_first[used] = by_last[used] = b, ++used;
  std::sort(by_first, by_first + used, [=](std::size_t a, std::size_t b) {
    return lifetimes[a].first != lifetimes[b].first ? lifetimes[a].first < lifetimes[b].first : a < b;
  });
  std::sort(by_last, by_last + used,
            [=](std::size_t a, std::size_t b) { return lifetimes[a].last < lifetimes[b].last; });

  std::size_t bound = 0, sum = 0, ended = 0;
  for (std::size_t i = 0; i < used; ++i) {
    const Lifetime& block = lifetimes[by_first[i]];
    for (; lifetimes[by_last[ended]].last < block.first; ++ended) sum -= lifetimes[by_last[ended]].size;
    sum += block.size;
    if (sum > bound) bound = sum;
  }

  MemoryPlan<N> plan;
  LiveBlocks<N> live;
  for (std::size_t i = 0; i < used; ++i) {
    const Lifetime& block = lifetimes[by_first[i]];
    live.retire(block.first);
    const std::size_t offset = live.insert(block.size, block.last, bound);
    plan.offsets[by_first[i]] = offset;
    if (offset + block.size > plan.total) plan.total = offset + block.size;
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
