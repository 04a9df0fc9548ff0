// Who does the work: one thread, or several. `strata/parallel/openmp.hpp` brings threads.
#pragma once

#include <cstddef>

namespace strata {

/// Everything in the calling thread: the default. Another policy has the same two members; `run` calls f(0), …,
/// f(threads() - 1), possibly at the same time, and returns when all have returned.
struct Serial {
  static constexpr std::size_t threads() { return 1; }

  template <class F>
  void run(F&& f) const {
    f(std::size_t{0});
  }
};

namespace detail {

/// The part of `size` things that is one thread's.
struct Share {
  std::size_t begin, end;

  constexpr Share(std::size_t size, std::size_t thread, std::size_t threads)
      : begin(size * thread / threads), end(size * (thread + 1) / threads) {}
  constexpr std::size_t size() const { return end - begin; }
};

}  // namespace detail
}  // namespace strata
