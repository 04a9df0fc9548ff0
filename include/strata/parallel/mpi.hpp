// Processes by MPI, on one machine or on many. Link strata::mpi, and run with mpirun. The C interface of the standard
// is all that is used.
//
//     Trainer trainer{model, loss, optimizer, Seed{1}, Mpi{}};                    // mpirun -n 4 program
//     Trainer trainer{model, loss, optimizer, Seed{1}, Mpi{OpenMP{2}}};           // two threads in each process
//     Trainer trainer{model, loss, optimizer, Seed{1}, Unsynchronized{Mpi{}}};    // batch normalisation of each share
#pragma once

#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/error.hpp>
#include <strata/core/parallel.hpp>

namespace strata {

namespace detail {

template <class T>
MPI_Datatype mpi_type() {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
  return std::is_same_v<T, float> ? MPI_FLOAT : MPI_DOUBLE;
}

/// The sum of rows as long as `sum`.
template <class T>
void add_rows(std::span<const T> rows, std::span<T> sum) {
  std::copy_n(rows.begin(), sum.size(), sum.begin());
  for (std::size_t row = sum.size(); row < rows.size(); row += sum.size())
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += rows[row + i];
}

/// The processes' shares of so many values, as MPI counts them.
struct MpiShares {
  std::vector<int> sizes, begins;

  void divide(std::size_t size, std::size_t members) {
    sizes.resize(members), begins.resize(members);
    for (std::size_t m = 0; m < members; ++m) {
      const Share share(size, m, members);
      sizes[m] = static_cast<int>(share.size()), begins[m] = static_cast<int>(share.begin);
    }
  }
};

/// A sum in the background: each process gets its share of all processes' values, adds, and gives the sums to all. Its
/// memory stays for the next.
class MpiSum {
 public:
  /// All processes of `team`, and of `back`, which has the same, call it in the same order.
  template <class T>
  void start(std::span<T> values, int rank, int members, MPI_Comm team, MPI_Comm back) {
    values_ = values.data(), type_ = mpi_type<T>(), back_ = back, add_ = &MpiSum::add<T>;
    shares_.divide(values.size(), static_cast<std::size_t>(members));
    own_ = Share(values.size(), static_cast<std::size_t>(rank), static_cast<std::size_t>(members));
    const std::size_t received = own_.size() * static_cast<std::size_t>(members);
    parts_.divide(received, static_cast<std::size_t>(members));
    received_.resize(received * sizeof(T));
    MPI_Ialltoallv(values_, shares_.sizes.data(), shares_.begins.data(), type_, received_.data(), parts_.sizes.data(),
                   parts_.begins.data(), type_, team, &request_);
    added_ = false;
  }
  /// Whether the process's own share is added and on its way; `wait` until it is.
  bool advance(bool wait) {
    int done = 1;
    if (wait && !added_)
      MPI_Wait(&request_, MPI_STATUS_IGNORE);
    else if (!wait)
      MPI_Test(&request_, &done, MPI_STATUS_IGNORE);
    if (added_ || done == 0) return added_;
    (this->*add_)();
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values_, shares_.sizes.data(), shares_.begins.data(), type_,
                    back_, &request_);
    return added_ = true;
  }
  /// For the sums of all, after that.
  void wait() { MPI_Wait(&request_, MPI_STATUS_IGNORE); }

 private:
  template <class T>
  void add() {
    add_rows(std::span(reinterpret_cast<const T*>(received_.data()), received_.size() / sizeof(T)),
             std::span(static_cast<T*>(values_) + own_.begin, own_.size()));
  }

  void* values_ = nullptr;
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
  MPI_Comm back_ = MPI_COMM_NULL;
  void (MpiSum::*add_)() = nullptr;
  Share own_{0, 0, 1};
  MpiShares shares_, parts_;
  std::vector<std::byte> received_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  bool added_ = false;
};

/// MPI, from its first use to the end of the program.
class MpiSession {
 public:
  static MpiSession& get() {
    static MpiSession session;
    return session;
  }
  MpiSession(const MpiSession&) = delete;

  int members = 1, rank = 0;
  MPI_Comm team = MPI_COMM_NULL;    ///< all processes; no message of the program's own is mistaken for one of it
  MPI_Comm back = MPI_COMM_NULL;    ///< the same for the second half of sums, which may start in between
  std::vector<MpiSum> sums;         ///< in the background, in the order in which they were started
  std::size_t running = 0;          ///< so many of them; the others' memory waits
  std::vector<std::byte> gathered;  ///< few values of all
  int users = 0;                    ///< objects that can still call
  bool torn = false;                ///< the last of them went by an exception

  [[noreturn]] void abandon(std::string_view sentence) const {
    std::fprintf(stderr, "strata: process %d of %d: %.*s; all processes end\n", rank, members,
                 static_cast<int>(sentence.size()), sentence.data());
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    std::_Exit(EXIT_FAILURE);
  }

 private:
  MpiSession() {
    int started = 0, provided = 0;
    MPI_Initialized(&started);
    ours_ = started == 0;
    if (ours_) MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_dup(MPI_COMM_WORLD, &team);
    MPI_Comm_dup(MPI_COMM_WORLD, &back);
    MPI_Comm_size(team, &members);
    MPI_Comm_rank(team, &rank);
    std::set_terminate(terminate);
  }
  ~MpiSession() {
    int over = 0;
    MPI_Finalized(&over);
    if (over != 0) return;
    if ((users > 0 || torn) && !all_meet()) abandon("the program ended in the midst of its work");
    MPI_Comm_free(&team);
    MPI_Comm_free(&back);
    if (ours_) MPI_Finalize();
  }

  /// Whether all processes call this within five seconds. Others would wait for ever for one that has left its work.
  bool all_meet() const {
    MPI_Request request = MPI_REQUEST_NULL;
    int met = 0;
    MPI_Ibarrier(back, &request);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (met == 0 && std::chrono::steady_clock::now() < end) {
      MPI_Test(&request, &met, MPI_STATUS_IGNORE);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return met != 0;
  }

  [[noreturn]] static void terminate() {
#ifdef __cpp_exceptions
    if (const std::exception_ptr error = std::current_exception()) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& known) {
        get().abandon(known.what());
      } catch (...) {
      }
    }
#endif
    get().abandon("std::terminate was called");
  }

  bool ours_ = false;
};

/// Counts the objects that use a session.
class MpiUse {
 public:
  MpiUse() : MpiUse(1) { MpiSession::get().torn = false; }
  MpiUse(const MpiUse&) : MpiUse(1) {}
  MpiUse& operator=(const MpiUse&) = default;
  ~MpiUse() {
    MpiSession& session = MpiSession::get();
    session.torn |= std::uncaught_exceptions() > uncaught_;
    --session.users;
  }

 private:
  explicit MpiUse(int more) { MpiSession::get().users += more; }
  int uncaught_ = std::uncaught_exceptions();
};

}  // namespace detail

/// A team (core/parallel.hpp) of all processes that mpirun has started, each with threads of its own. The first object
/// starts MPI unless the program has; the end of the program ends it. The same number of processes and threads gives
/// the same bits, whatever the MPI: it moves numbers, and they are added here, in the order of the processes. After
/// the first step nothing is allocated here; MPI may, for its messages.
///
/// Where one process alone cannot go on, because an exception leaves `fit`, main or the life of an Mpi, it says so and
/// ends all by MPI_Abort; where one is killed, mpirun does.
template <class Threads = Serial>
class Mpi {
 public:
  /// Throws InvalidArgument where there are several threads and the program has started MPI for one.
  explicit Mpi(Threads threads = {}) : threads_(std::move(threads)) {
    int level = MPI_THREAD_SINGLE;
    MPI_Query_thread(&level);
    if (threads_.threads() > 1 && level < MPI_THREAD_FUNNELED)
      detail::raise<InvalidArgument>(
          "Mpi: expected an MPI that allows threads in a process, received one for a single thread; start it by "
          "MPI_Init_thread with MPI_THREAD_FUNNELED, or leave that to Strata");
  }

  std::size_t threads() const { return threads_.threads(); }
  template <class F>
  void run(F&& f) const {
    threads_.run(std::forward<F>(f));
  }

  std::size_t members() const { return static_cast<std::size_t>(session().members); }
  std::size_t rank() const { return static_cast<std::size_t>(session().rank); }
  [[noreturn]] void abandon(std::string_view sentence) const { session().abandon(sentence); }

  template <class T>
  void all_reduce(std::span<T> values) const {
    constexpr std::size_t few = 4'096;  // everybody gets everything: more bytes take less time than more messages
    if (values.size() > few) return start(values), finish();
    if (members() == 1 || values.empty()) return;
    session().gathered.resize(values.size_bytes() * members());
    T* const all = reinterpret_cast<T*>(session().gathered.data());
    MPI_Allgather(values.data(), static_cast<int>(values.size()), detail::mpi_type<T>(), all,
                  static_cast<int>(values.size()), detail::mpi_type<T>(), session().team);
    detail::add_rows(std::span<const T>(all, values.size() * members()), values);
  }
  template <class T>
  void start(std::span<T> values) const {
    detail::MpiSession& s = session();
    if (s.members == 1) return;
    if (s.running == s.sums.size()) s.sums.emplace_back();
    s.sums[s.running++].start(values, s.rank, s.members, s.team, s.back);
  }
  void progress() const {
    for (detail::MpiSum& sum : running())
      if (!sum.advance(false)) return;
  }
  void finish() const {
    for (detail::MpiSum& sum : running()) sum.advance(true);
    for (detail::MpiSum& sum : running()) sum.wait();
    session().running = 0;
  }

 private:
  static detail::MpiSession& session() { return detail::MpiSession::get(); }
  static std::span<detail::MpiSum> running() { return std::span(session().sums).first(session().running); }

  detail::MpiUse use_;
  Threads threads_;
};

}  // namespace strata
