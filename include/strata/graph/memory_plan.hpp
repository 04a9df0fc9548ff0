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

/// The blocks that need a place by their first steps, and how much is alive when each of them begins.
template <std::size_t N>
struct Timeline {
  std::array<std::size_t, N> order{}, alive{};
  std::size_t used = 0;
  std::size_t bound = 0;  ///< the largest sum alive: no plan can go below
};

template <std::size_t N>
constexpr Timeline<N> timeline_of(const std::array<Lifetime, N>& blocks) {
  Timeline<N> line;
  std::array<std::size_t, N> last_order{};
  const Lifetime* const lifetimes = blocks.data();
  std::size_t *const by_first = line.order.data(), *const by_last = last_order.data();
  std::size_t used = 0;
  for (std::size_t b = 0; b < N; ++b)
    if (lifetimes[b].size > 0) by_first[used] = by_last[used] = b, ++used;
  std::sort(by_first, by_first + used, [=](std::size_t a, std::size_t b) {
    return lifetimes[a].first != lifetimes[b].first ? lifetimes[a].first < lifetimes[b].first : a < b;
  });
  std::sort(by_last, by_last + used,
            [=](std::size_t a, std::size_t b) { return lifetimes[a].last < lifetimes[b].last; });
  std::size_t sum = 0, ended = 0;
  for (std::size_t i = 0; i < used; ++i) {
    const Lifetime& block = lifetimes[by_first[i]];
    for (; lifetimes[by_last[ended]].last < block.first; ++ended) sum -= lifetimes[by_last[ended]].size;
    line.alive[i] = sum += block.size;
    if (sum > line.bound) line.bound = sum;
  }
  line.used = used;
  return line;
}

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
  static constexpr int never = (std::numeric_limits<int>::max)();

  std::size_t begins_[N]{}, ends_[N]{};
  int lasts_[N]{};
  std::size_t count_ = 0;
  int next_last_ = never;
};

/// First fit among the blocks alive, alternately from the bottom and from the top of the largest live sum, which makes
/// a chain meet its lower bound: the largest sum of two neighbours.
template <std::size_t N>
constexpr MemoryPlan<N> fit_in_time(const std::array<Lifetime, N>& blocks, const Timeline<N>& line) {
  MemoryPlan<N> plan;
  LiveBlocks<N> live;
  for (std::size_t i = 0; i < line.used; ++i) {
    const std::size_t b = line.order[i];
    live.retire(blocks[b].first);
    plan.offsets[b] = live.insert(blocks[b].size, blocks[b].last, line.bound);
    plan.total = (std::max)(plan.total, plan.offsets[b] + blocks[b].size);
  }
  return plan;
}

/// The largest first, each in the lowest gap among those that live with it (Pisarchyk & Lee 2020, arXiv 2001.03288); or
/// the largest in size times life.
template <std::size_t N>
constexpr MemoryPlan<N> fit_largest_first(const std::array<Lifetime, N>& blocks, const Timeline<N>& line,
                                          bool by_area) {
  MemoryPlan<N> plan;
  std::array<std::size_t, N> placement_order = line.order, placed_blocks{}, weights{};
  // Pointers and short loops, since clang counts every call and statement.
  const Lifetime* const lifetimes = blocks.data();
  std::size_t* const offsets = plan.offsets.data();
  std::size_t* const placed = placed_blocks.data();  // by offset
  std::size_t* const order = placement_order.data();
  std::size_t* const weight_of = weights.data();
  for (std::size_t b = 0; b < N; ++b) {
    const int steps = by_area ? lifetimes[b].last - lifetimes[b].first + 1 : 1;
    weight_of[b] = lifetimes[b].size * static_cast<std::size_t>(steps);
  }
  std::sort(order, order + line.used, [=](std::size_t a, std::size_t b) {
    return weight_of[a] != weight_of[b] ? weight_of[a] > weight_of[b] : a > b;
  });
  for (std::size_t count = 0; count < line.used; ++count) {
    const std::size_t b = order[count];
    const int first = lifetimes[b].first, last = lifetimes[b].last;
    const std::size_t size = lifetimes[b].size;
    std::size_t offset = 0;
    for (std::size_t i = 0; i < count; ++i)
      if (lifetimes[placed[i]].last >= first && lifetimes[placed[i]].first <= last) {
        const std::size_t begin = offsets[placed[i]], end = begin + lifetimes[placed[i]].size;
        if (offset + size <= begin) break;
        if (end > offset) offset = end;
      }
    offsets[b] = offset;
    plan.total = (std::max)(plan.total, offset + size);
    std::size_t place = count;
    for (; place > 0 && offsets[placed[place - 1]] > offset; --place) placed[place] = placed[place - 1];
    placed[place] = b;
  }
  return plan;
}

}  // namespace detail

/// The best of three plans. The others look at all pairs, and compilers limit what they compute: they are tried only
/// where the first misses the bound, among not too many blocks.
template <std::size_t N>
constexpr MemoryPlan<N> plan_memory(const std::array<Lifetime, N>& blocks) {
  const auto line = detail::timeline_of(blocks);
  MemoryPlan<N> plan = detail::fit_in_time(blocks, line);
  for (const bool by_area : {true, false}) {
    if (plan.total == line.bound || line.used > 512) break;
    const MemoryPlan<N> other = detail::fit_largest_first(blocks, line, by_area);
    if (other.total < plan.total) plan = other;
  }
  return plan;
}

}  // namespace strata
