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
#include <deque>
#include <exception>
#include <memory>
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

/// A sum in the background: each process gets its share of all processes' values, adds, and gives the sums to all.
struct MpiSum {
  virtual ~MpiSum() = default;
  /// Whether the process's own share is added and on its way; `wait` until it is.
  virtual bool advance(bool wait) = 0;
  /// For the sums of all, after that.
  virtual void wait() = 0;
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
  MPI_Comm team = MPI_COMM_NULL;  ///< all processes; no message of the program's own is mistaken for one of it
  MPI_Comm back = MPI_COMM_NULL;  ///< the same for the second half of sums, which may start in between
  std::deque<std::unique_ptr<MpiSum>> sums;  ///< in the background, in the order in which they were started
  int users = 0;                             ///< objects that can still call
  bool torn = false;                         ///< the last of them went by an exception

  [[noreturn]] void abandon(std::string_view sentence) const {
    std::fprintf(stderr, "strata: process %d of %d: %.*s; all processes end\n", rank, members,
                 static_cast<int>(sentence.size()), sentence.data());
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    std::_Exit(EXIT_FAILURE);
  }

 private:
  MpiSession() {
    int running = 0, provided = 0;
    MPI_Initialized(&running);
    ours_ = running == 0;
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

template <class T>
class MpiSumOf : public MpiSum {
 public:
  MpiSumOf(std::span<T> values, const MpiSession& session)
      : values_(values), back_(session.back), shares_(values.size(), session.members) {
    own_ = values_.subspan(static_cast<std::size_t>(shares_.begins[static_cast<std::size_t>(session.rank)]),
                           static_cast<std::size_t>(shares_.sizes[static_cast<std::size_t>(session.rank)]));
    received_.resize(own_.size() * shares_.sizes.size());
    parts_ = Shares(received_.size(), session.members);
    MPI_Ialltoallv(values_.data(), shares_.sizes.data(), shares_.begins.data(), mpi_type<T>(), received_.data(),
                   parts_.sizes.data(), parts_.begins.data(), mpi_type<T>(), session.team, &request_);
  }
  bool advance(bool wait) override {
    int done = 1;
    if (wait && !added_)
      MPI_Wait(&request_, MPI_STATUS_IGNORE);
    else if (!wait)
      MPI_Test(&request_, &done, MPI_STATUS_IGNORE);
    if (added_ || done == 0) return added_;
    add_rows<T>(received_, own_);
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values_.data(), shares_.sizes.data(), shares_.begins.data(),
                    mpi_type<T>(), back_, &request_);
    return added_ = true;
  }
  void wait() override { MPI_Wait(&request_, MPI_STATUS_IGNORE); }

 private:
  /// The processes' shares of so many values, as MPI counts them.
  struct Shares {
    std::vector<int> sizes, begins;
    Shares() = default;
    Shares(std::size_t size, int members) {
      for (int m = 0; m < members; ++m) {
        const Share share(size, static_cast<std::size_t>(m), static_cast<std::size_t>(members));
        sizes.push_back(static_cast<int>(share.size())), begins.push_back(static_cast<int>(share.begin));
      }
    }
  };

  std::span<T> values_, own_;
  MPI_Comm back_;
  Shares shares_, parts_;
  std::vector<T> received_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  bool added_ = false;
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
/// the same bits, whatever the MPI: it moves numbers, and they are added here, in the order of the processes. A step
/// allocates what messages need.
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
    std::vector<T> all(values.size() * members());
    MPI_Allgather(values.data(), static_cast<int>(values.size()), detail::mpi_type<T>(), all.data(),
                  static_cast<int>(values.size()), detail::mpi_type<T>(), session().team);
    detail::add_rows<T>(all, values);
  }
  template <class T>
  void start(std::span<T> values) const {
    if (members() > 1) session().sums.push_back(std::make_unique<detail::MpiSumOf<T>>(values, session()));
  }
  void progress() const {
    for (const auto& sum : session().sums)
      if (!sum->advance(false)) return;
  }
  void finish() const {
    for (const auto& sum : session().sums) sum->advance(true);
    for (const auto& sum : session().sums) sum->wait();
    session().sums.clear();
  }

 private:
  static detail::MpiSession& session() { return detail::MpiSession::get(); }

  detail::MpiUse use_;
  Threads threads_;
};

}  // namespace strata
