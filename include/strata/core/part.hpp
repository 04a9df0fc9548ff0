// How a kernel's work is shared: cut into tasks, each thread takes those of its part. What a task computes depends on
// nothing but its number, so the bits are those of one thread.
#pragma once

#include <algorithm>
#include <cstddef>

namespace strata::detail {

/// The part of `size` things that is one thread's.
struct Share {
  std::size_t begin, end;

  constexpr Share(std::size_t size, std::size_t thread, std::size_t threads)
      : begin(size * thread / threads), end(size * (thread + 1) / threads) {}
  constexpr std::size_t size() const { return end - begin; }
};

/// All the work is one thread's: bounds that the compiler knows.
struct Whole {
  static constexpr Share share(std::size_t size) { return {size, 0, 1}; }

  template <int Count>
  struct Tasks {
    static constexpr int begin = 0, end = Count;
  };
  /// Those of `Count` tasks that are to be done; they are the ones from `first` on of `all`.
  template <int Count>
  static constexpr Tasks<Count> of(int /*first*/ = 0, int /*all*/ = Count) {
    return {};
  }
  /// The same where tasks are cut alike in each of several blocks.
  template <int Count>
  static constexpr Tasks<Count> of_each(int /*block*/ = 0, int /*blocks*/ = 1) {
    return {};
  }
};

/// One of several threads.
struct Part {
  int thread, threads;

  constexpr Share share(std::size_t size) const {
    return {size, static_cast<std::size_t>(thread), static_cast<std::size_t>(threads)};
  }

  struct Tasks {
    int begin, end;
  };
  /// As Whole::of.
  template <int Count>
  constexpr Tasks of(int first = 0, int all = Count) const {
    const auto bound = [&](long long t) { return std::clamp(static_cast<int>(all * t / threads) - first, 0, Count); };
    return {bound(thread), bound(thread + 1LL)};
  }
  /// As Whole::of_each. What does not divide is rounded another way in each block, so that all threads have as much.
  template <int Count>
  constexpr Tasks of_each(int block, int blocks) const {
    const auto bound = [&](long long t) { return static_cast<int>((Count * t + block * threads / blocks) / threads); };
    return {bound(thread), bound(thread + 1LL)};
  }
};

/// A call of a layer's function that does a part of the work.
template <class Call>
struct SharedCall : Call {
  Part part;
};

template <class Call>
constexpr auto part_of(const Call& call) {
  if constexpr (requires { call.part; }) return call.part;
  else return Whole{};
}

}  // namespace strata::detail
