// Threads of the standard library: several for one image, for a batch, or for training.
//
//     Engine<Net, Threads<2>> engine{model};             // or Threads<2, Exact>
//     Trainer trainer{model, loss, optimizer, Seed{1}, Threads<2>{}};
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <thread>
#include <type_traits>
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

/// What `value` is when it is no longer `old`; or `old`, after so many looks.
inline std::uint32_t look(const std::atomic<std::uint32_t>& value, std::uint32_t old, int looks) {
  for (; looks > 0; --looks) {
    if (const std::uint32_t now = value.load(std::memory_order_acquire); now != old) return now;
#if defined(__SSE2__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  return old;
}

/// The threads of a process: they serve one caller at a time, so engines do not fight for processors.
///
/// A job has stages, each of them as many parts as threads; a stage begins when the one before is done. A thread takes
/// its own part, and then that of a thread which is late: the system has not woken it yet, or another process has its
/// processor. So the caller waits for no thread that has not begun, and could do everything by itself.
class ThreadPool {
 public:
  static constexpr int capacity = 256;  ///< threads of a job

  static ThreadPool& get() {
    static ThreadPool pool;
    return pool;
  }
  ~ThreadPool() {
    ends_.store(true, std::memory_order_relaxed);
    round_.fetch_add(2);
    round_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  /// Has `threads - 1` workers at least. Throws std::system_error where the system gives none.
  void start(int threads) {
    while (busy_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
    const Release release{busy_};
    while (static_cast<int>(workers_.size()) < threads - 1)
      workers_.emplace_back(&ThreadPool::work, this, static_cast<int>(workers_.size()) + 1);
  }

  /// f(stage, part) of each stage and part; false, and nothing done, when the threads serve another caller or were not
  /// started. `f` throws nothing.
  template <class F>
  bool run(int threads, int stages, F&& f) {
    if (threads == 1 || busy_.exchange(true, std::memory_order_acquire)) return false;
    const Release release{busy_};
    if (static_cast<int>(workers_.size()) < threads - 1) return false;
    if (stages == 0) return true;
    const std::uint32_t first = round_.load(std::memory_order_relaxed) + 1;
    for (int part = parts_.load(std::memory_order_relaxed); part < threads; ++part)  // not taken for a while
      taken_[static_cast<std::size_t>(part)].round.store(first - 2, std::memory_order_relaxed);
    job_ = {threads, first, first + 2 * static_cast<std::uint32_t>(stages), &f,
            [](void* call, int stage, int part) { (*static_cast<std::remove_reference_t<F>*>(call))(stage, part); }};
    looks_.store(threads <= processors() ? 100'000 : 0, std::memory_order_relaxed);  // milliseconds: or the system
    parts_.store(threads, std::memory_order_release);                                // would not spread them
    round_.store(first);
    round_.notify_all();
    serve(0, first);
    return true;
  }

 private:
  struct Job {
    int parts = 0;
    std::uint32_t first = 0, end = 0;  ///< rounds
    void* function = nullptr;
    void (*call)(void*, int stage, int part) = nullptr;
  };
  struct Release {
    std::atomic<bool>& busy;
    ~Release() { busy.store(false, std::memory_order_release); }
  };
  struct alignas(64) Taken {
    std::atomic<std::uint32_t> round{0};
  };

  /// Rounds are even while a stage is under way, odd between jobs.
  static bool is_open(std::uint32_t round) { return round % 2 == 0; }

  /// Takes parts until the job is done; returns the round then.
  std::uint32_t serve(int thread, std::uint32_t round) {
    for (int patience = 200; is_open(round);) {  // some microseconds: the others may be about to begin
      const int parts = parts_.load(std::memory_order_acquire), looks = looks_.load(std::memory_order_relaxed);
      if (thread < parts) take(thread, round);
      if (look(round_, round, (std::min)(looks, patience)) == round)
        for (int other = 1; other < parts; ++other)
          if (take((thread + other) % parts, round)) patience = 20;  // as long as somebody is missing
      if (look(round_, round, looks) == round) round_.wait(round, std::memory_order_acquire);
      round = round_.load(std::memory_order_acquire);
    }
    return round;
  }

  /// Does a part of a round; false where somebody has taken it. Until it is done the job stays as it is; nobody looks
  /// at the job otherwise.
  bool take(int part, std::uint32_t round) {
    std::atomic<std::uint32_t>& taken = taken_[static_cast<std::size_t>(part)].round;
    std::uint32_t last = taken.load(std::memory_order_relaxed);
    if (static_cast<std::int32_t>(last - round) >= 0 ||
        !taken.compare_exchange_strong(last, round, std::memory_order_acq_rel, std::memory_order_relaxed))
      return false;
    const Job job = job_;
    job.call(job.function, static_cast<int>((round - job.first) / 2), part);
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == job.parts) {
      done_.store(0, std::memory_order_relaxed);
      round_.store(round + 2 == job.end ? round + 1 : round + 2);
      round_.notify_all();
    }
    return true;
  }

  void work(int thread) {
    for (;;) {
      const std::uint32_t round = serve(thread, round_.load(std::memory_order_acquire));
      if (ends_.load(std::memory_order_relaxed)) return;  // after the round: the last one is not waited for
      if (look(round_, round, looks_.load(std::memory_order_relaxed)) == round)
        round_.wait(round, std::memory_order_acquire);
    }
  }

  Job job_;
  std::vector<std::thread> workers_;
  std::array<Taken, capacity> taken_;  ///< the last round in which each part was taken
  std::atomic<bool> busy_{false}, ends_{false};
  std::atomic<int> parts_{0}, looks_{0};
  alignas(64) std::atomic<std::uint32_t> round_{1};  ///< stored before notify_all looks for sleepers: in one order
  alignas(64) std::atomic<int> done_{0};
};

}  // namespace detail

/// Several threads, `Threads<>` one for each processor that the process may use: of an Engine for its samples, and for
/// a single one that it shares row by row; of a Trainer likewise. The bits are the same for any count of threads (of a
/// trainer: for the same count). They are the process's: while they serve one caller, another computes
/// by itself. A thread that is late is not waited for: another does its part.
template <int Count = 0, Algorithms Choice = Fast>
struct Threads {
  static_assert(Count >= 0, "Threads<n> needs at least one thread: Threads<> takes as many as the process may use");
  static_assert(Count <= detail::ThreadPool::capacity, "Threads<n> takes 256 threads at most");
  using algorithms = Choice;

  static int count() { return Count > 0 ? Count : (std::min)(detail::processors(), detail::ThreadPool::capacity); }
  /// So that nothing is allocated later. Throws std::system_error where the system gives no thread.
  static void start() { detail::ThreadPool::get().start(count()); }
  /// f(stage, part) for each of count() parts of each stage, the stages one after another; false, and nothing done,
  /// where they serve another caller.
  template <class F>
  static bool run_together(int stages, F&& f) {
    return detail::ThreadPool::get().run(count(), stages, std::forward<F>(f));
  }

  Threads() { start(); }
  static std::size_t threads() { return static_cast<std::size_t>(count()); }
  template <class F>
  void run(F&& f) const {
    detail::FirstFailure failure;
    const auto call = [&](int thread) { failure.guard([&] { f(static_cast<std::size_t>(thread)); }); };
    if (!run_together(1, [&](int, int thread) { call(thread); }))
      for (int thread = 0; thread < count(); ++thread) call(thread);
    failure.rethrow();
  }
};

}  // namespace strata
