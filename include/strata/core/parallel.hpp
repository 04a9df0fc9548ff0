// Who does the work: one thread, several (strata/parallel/threads.hpp, openmp.hpp), or processes (mpi.hpp).
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <span>

#include <strata/core/error.hpp>
#include <strata/core/part.hpp>

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

/// A policy that makes its trainer one of a team, each in a process or a thread of its own, with a model of the same
/// values and a share of every batch; they stay equal. Beside threads() and run it has
///
///   members(), rank()      how many there are, and which of them this one is, from 0 on
///   all_reduce(values)     puts the sum of all members' values in the place of each, the same bits for all: a
///                          std::span of double or of the network's type; all members call it at the same points
///   synchronized           false: batch normalisation looks at the member's share only: Unsynchronized      (true)
///   start(values)          all_reduce in the background, of gradients while backward still runs;        (all_reduce)
///   progress(), finish()   called now and then; returns when all that was started is done
///   abandon(sentence)      ends all members, where one alone cannot go on                                    (nothing)
///
/// A batch that one member refuses is refused by all. What one alone throws otherwise would leave the others waiting:
/// `fit` abandons them.
template <class P>
concept Team = requires(const P& policy, std::span<double> values) {
  policy.members();
  policy.rank();
  policy.all_reduce(values);
};

/// A team whose batch normalisation looks at each member's share of the batch only, as Keras' does without
/// `synchronized`: no messages between the layers, statistics of fewer samples. `Unsynchronized{Mpi{}}`.
template <Team Members>
struct Unsynchronized : Members {
  static constexpr bool synchronized = false;
};
template <class Members>
Unsynchronized(Members) -> Unsynchronized<Members>;

/// A member's samples of a batch that a team shares, or a whole batch.
struct Portion {
  std::size_t size;   ///< samples of this member, perhaps none
  std::size_t first;  ///< samples of the members before it
  std::size_t total;  ///< samples of all members

  constexpr Portion(std::size_t samples) : Portion(samples, 0, samples) {}
  constexpr Portion(std::size_t samples, std::size_t before, std::size_t all)
      : size(samples), first(before), total(all) {}
};

namespace detail {

/// What the first of several threads threw, for their caller.
class FirstFailure {
 public:
  /// f(), whose exception is kept.
  template <class F>
  void guard(F&& f) {
#ifdef __cpp_exceptions
    try {
      f();
    } catch (...) {
      if (!failed_.test_and_set()) failure_ = std::current_exception();
    }
#else
    f();
#endif
  }
  /// To be called when all threads are done.
  void rethrow() {
#ifdef __cpp_exceptions
    if (failure_) std::rethrow_exception(failure_);
#endif
  }

 private:
#ifdef __cpp_exceptions
  std::atomic_flag failed_{};
  std::exception_ptr failure_;
#endif
};

/// How many work together, and which of them this one is: one alone is 0 of 1.
template <class Parallel>
std::size_t members_of([[maybe_unused]] const Parallel& parallel) {
  if constexpr (Team<Parallel>) return parallel.members();
  else return 1;
}
template <class Parallel>
std::size_t rank_of([[maybe_unused]] const Parallel& parallel) {
  if constexpr (Team<Parallel>) return parallel.rank();
  else return 0;
}

template <class Parallel>
inline constexpr bool synchronized = [] {
  if constexpr (requires { Parallel::synchronized; }) return Team<Parallel> && Parallel::synchronized;
  else return Team<Parallel>;
}();

/// Of a policy that is no Team: nothing.
template <class Parallel, class T>
void all_reduce([[maybe_unused]] const Parallel& parallel, [[maybe_unused]] std::span<T> values) {
  if constexpr (Team<Parallel>) parallel.all_reduce(values);
}

/// f(). What it throws in one member of a team ends all of them, but for NonFiniteLoss, which all throw.
template <class Parallel, class F>
auto all_or_none([[maybe_unused]] const Parallel& parallel, F&& f) {
#ifdef __cpp_exceptions
  if constexpr (requires { parallel.abandon(""); }) {
    try {
      return f();
    } catch (const NonFiniteLoss&) {
      throw;
    } catch (const std::exception& error) {
      parallel.abandon(error.what());
      throw;
    }
  }
#endif
  return f();
}

}  // namespace detail
}  // namespace strata
