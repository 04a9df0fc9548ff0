// Threads of the standard library: several for one image, for a batch, or for training.
//
//     Engine<Net, Threads<2>> engine{model};             // or Threads<2, Exact>
//     Trainer trainer{model, loss, optimizer, Seed{1}, Threads<2>{}};
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

#include <strata/core/algorithms.hpp>
#include <strata/core/error.hpp>
#include <strata/core/parallel.hpp>

namespace strata {
namespace detail {

/// Processors that this process may use, at least one. Newer C libraries count all that the machine has.
inline int processors() {
  static const int count = [] {
#if defined(__linux__)
    if (cpu_set_t set; sched_getaffinity(0, sizeof set, &set) == 0) return (std::max)(1, CPU_COUNT(&set));
#endif
    return (std::max)(1, static_cast<int>(std::thread::hardware_concurrency()));
  }();
  return count;
}

/// Until `value` is no longer `old`: looks so often, then sleeps.
inline void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old, int looks) {
  for (; looks > 0; --looks) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__SSE2__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

/// Where threads wait for each other, again and again.
class Barrier {
 public:
  Barrier(int threads, int looks) : threads_(threads), looks_(looks) {}

  void wait() {
    const std::uint32_t round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      round_.notify_all();
    } else {
      wait_while(round_, round, looks_);
    }
  }

 private:
  const int threads_, looks_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> round_{0};
};

/// The threads of a process: they serve one caller at a time, so engines do not fight for processors.
class ThreadPool {
 public:
  static ThreadPool& get() {
    static ThreadPool pool;
    return pool;
  }
  ~ThreadPool() {
    job_ = {};
    begin();
    for (std::thread& worker : workers_) worker.join();
  }

  /// Has `threads - 1` workers at least. Throws std::system_error where the system gives none.
  void start(int threads) {
    while (busy_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
    const Release release{busy_};
    while (static_cast<int>(workers_.size()) < threads - 1)
      workers_.emplace_back(&ThreadPool::work, this, static_cast<int>(workers_.size()) + 1,
                            round_.load(std::memory_order_relaxed));
  }

  /// f(0, barrier), …, f(threads - 1, barrier), all at the same time; false, and nothing done, when the threads serve
  /// another caller or were not started. `f` throws nothing.
  template <class F>
  bool run(int threads, F&& f) {
    if (threads == 1 || busy_.exchange(true, std::memory_order_acquire)) return false;
    const Release release{busy_};
    if (static_cast<int>(workers_.size()) < threads - 1) return false;
    const int looks = threads <= processors() ? 100'000 : 0;  // milliseconds: or the system would not spread them
    Barrier barrier(threads, looks);
    auto call = [&](int thread) { f(thread, barrier); };
    job_ = {threads, looks, &call, [](void* function, int thread) { (*static_cast<decltype(call)*>(function))(thread); }};
    begin();
    f(0, barrier);
    for (std::uint32_t left; (left = working_.load(std::memory_order_acquire)) > 0;) wait_while(working_, left, looks);
    return true;
  }

 private:
  struct Job {
    int threads = 0, looks = 0;  ///< no threads: to end
    void* function = nullptr;
    void (*call)(void*, int) = nullptr;
  };
  struct Release {
    std::atomic<bool>& busy;
    ~Release() { busy.store(false, std::memory_order_release); }
  };

  void begin() {
    working_.store(static_cast<std::uint32_t>(workers_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }

  void work(int thread, std::uint32_t round) {
    for (int looks = 0;; ++round) {
      wait_while(round_, round, looks);
      const Job job = job_;
      if (job.threads == 0) return;
      if (thread < job.threads) job.call(job.function, thread);
      looks = job.looks;
      if (working_.fetch_sub(1, std::memory_order_acq_rel) == 1) working_.notify_one();
    }
  }

  Job job_;
  std::vector<std::thread> workers_;
  std::atomic<bool> busy_{false};
  alignas(64) std::atomic<std::uint32_t> round_{0};
  alignas(64) std::atomic<std::uint32_t> working_{0};
};

}  // namespace detail

/// Several threads, `Threads<>` one for each processor that the process may use: of an Engine for its samples, and for a
/// single one that it shares row by row; of a Trainer for the samples of a batch. The bits are the same for any number of
/// threads (of a trainer: for the same number). They are the process's: while they serve one caller, another computes by
/// itself. A forked process has none of them.
template <int Count = 0, Algorithms Choice = Fast>
struct Threads {
  static_assert(Count >= 0, "Threads<n> needs at least one thread: Threads<> takes as many as the process may use");
  using algorithms = Choice;

  static int count() { return Count > 0 ? Count : detail::processors(); }
  /// So that nothing is allocated later. Throws std::system_error where the system gives no thread.
  static void start() { detail::ThreadPool::get().start(count()); }
  /// f(thread, barrier) at the same time in all; false, and nothing done, where they serve another caller.
  template <class F>
  static bool run_together(F&& f) {
    return detail::ThreadPool::get().run(count(), std::forward<F>(f));
  }

  Threads() { start(); }
  static std::size_t threads() { return static_cast<std::size_t>(count()); }
  template <class F>
  void run(F&& f) const {
    detail::FirstFailure failure;
    const auto call = [&](int thread) { failure.guard([&] { f(static_cast<std::size_t>(thread)); }); };
    if (!run_together([&](int thread, detail::Barrier&) { call(thread); }))
      for (int thread = 0; thread < count(); ++thread) call(thread);
    failure.rethrow();
  }
};

}  // namespace strata
