// How a kernel's work is shared: cut into tasks, each thread takes those of its part. What a task computes depends on
// nothing but its number, so the bits are those of one thread.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace strata::detail {

/// The part of `size` things that is one thread's, or that from `begin` to `end` of `of`.
struct Share {
  std::size_t begin, end;

  constexpr Share(std::size_t size, std::size_t thread, std::size_t threads)
      : Share(size, thread, thread + 1, threads) {}
  constexpr Share(std::size_t size, std::size_t from, std::size_t to, std::size_t of)
      : begin(size / of * from + size % of * from / of), end(size / of * to + size % of * to / of) {}
  constexpr std::size_t size() const { return end - begin; }
};

/// All the work is one thread's: bounds that the compiler knows.
struct Whole {
  static constexpr Whole nth(std::integral auto /*thread*/, std::integral auto /*threads*/) { return {}; }
  static constexpr Share share(std::size_t size) { return {size, 0, 1}; }
  /// Whether the thread is the one that does what is not shared.
  static constexpr bool leads() { return true; }

  template <int Count>
  struct Tasks {
    static constexpr int begin = 0, end = Count;
  };
  /// Those of `Count` tasks that are to be done; they are the ones from `first` on of `all`.
  template <int Count>
  static constexpr Tasks<Count> tasks(int /*first*/ = 0, int /*all*/ = Count) {
    return {};
  }
  /// The same where tasks are cut alike in each of several blocks.
  template <int Count>
  static constexpr Tasks<Count> tasks_of_each(int /*block*/ = 0, int /*blocks*/ = 1) {
    return {};
  }
};

/// The work from begin / of to end / of: one thread's, or that on some rows of an image.
struct Part {
  int begin, end, of;

  static constexpr Part nth(std::integral auto thread, std::integral auto threads) {
    return {static_cast<int>(thread), static_cast<int>(thread) + 1, static_cast<int>(threads)};
  }

  constexpr Share share(std::size_t size) const {
    return {size, static_cast<std::size_t>(begin), static_cast<std::size_t>(end), static_cast<std::size_t>(of)};
  }
  constexpr bool leads() const { return begin == 0; }

  struct Tasks {
    int begin, end;
  };
  /// As Whole::tasks.
  template <int Count>
  constexpr Tasks tasks(int first = 0, int all = Count) const {
    const auto bound = [&](long long t) { return std::clamp(static_cast<int>(all * t / of) - first, 0, Count); };
    return {bound(begin), bound(end)};
  }
  /// As Whole::tasks_of_each. What does not divide is rounded another way in each block, so that all threads have as
  /// much.
  template <int Count>
  constexpr Tasks tasks_of_each(int block, int blocks) const {
    const auto bound = [&](long long t) { return static_cast<int>((Count * t + 1LL * block * of / blocks) / of); };
    return {bound(begin), bound(end)};
  }
};

/// A call of a layer's function that does a part of the work.
template <class Call>
struct SharedCall : Call {
  Part part;
};

/// The call of one that does everything, or a part.
template <class Call>
constexpr Call with_part(Whole, const Call& call) {
  return call;
}
template <class Call>
constexpr SharedCall<Call> with_part(Part part, const Call& call) {
  return {call, part};
}

template <class Call>
constexpr auto part_of(const Call& call) {
  if constexpr (requires { call.part; }) return call.part;
  else return Whole{};
}

}  // namespace strata::detail
