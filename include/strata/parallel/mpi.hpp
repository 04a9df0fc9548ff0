// Processes by MPI, on one machine or on many. Link strata::mpi, and run with mpirun. The C interface of the standard
// is all that is used.
//
//     Trainer trainer{model, loss, optimizer, Seed{1}, Mpi{}};                    // mpirun -n 4 program
//     Trainer trainer{model, loss, optimizer, Seed{1}, Mpi{OpenMP{2}}};           // two threads in each process
//     Trainer trainer{model, loss, optimizer, Seed{1}, Unsynchronized{Mpi{}}};    // batch normalisation of each share
#pragma once

#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <strata/core/arena.hpp>
#include <strata/core/error.hpp>
#include <strata/core/parallel.hpp>

namespace strata {

namespace detail {

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
  int users = 0;                  ///< objects that can still call
  bool torn = false;              ///< the last of them went by an exception
  Arena<std::byte> received;

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
    MPI_Comm_size(team, &members);
    MPI_Comm_rank(team, &rank);
    std::set_terminate(terminate);
  }
  /// The other processes wait for one that has left its work.
  ~MpiSession() {
    int over = 0;
    MPI_Finalized(&over);
    if (over != 0) return;
    if (users > 0 || torn) abandon("the program ended in the midst of its work");
    MPI_Comm_free(&team);
    if (ours_) MPI_Finalize();
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
/// the same bits, whatever the MPI: it moves numbers, and they are added here, in the order of the processes.
///
/// Where one process alone cannot go on, because an exception leaves `fit`, main or the life of an Mpi, it says so and
/// ends all by MPI_Abort; where one is killed, mpirun does.
template <class Threads = Serial>
class Mpi {
 public:
  explicit Mpi(Threads threads = {}) : threads_(std::move(threads)) {}

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
    constexpr std::size_t few = 4096;  // of all processes: everybody gets everything
    if (members() == 1 || values.empty()) return;
    if (values.size() * members() <= few) {
      const std::span<T> all = room<T>(values.size() * members());
      MPI_Allgather(values.data(), static_cast<int>(values.size()), type<T>(), all.data(),
                    static_cast<int>(values.size()), type<T>(), session().team);
      add(all, values);
    } else {  // each process adds its share of the values
      const Shares shares(values.size(), members());
      const std::size_t own = static_cast<std::size_t>(shares.sizes[rank()]);
      const std::span<T> all = room<T>(own * members());
      const Shares parts(all.size(), members());
      MPI_Alltoallv(values.data(), shares.sizes.data(), shares.begins.data(), type<T>(), all.data(), parts.sizes.data(),
                    parts.begins.data(), type<T>(), session().team);
      add(all, values.subspan(static_cast<std::size_t>(shares.begins[rank()]), own));
      MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values.data(), shares.sizes.data(), shares.begins.data(),
                     type<T>(), session().team);
    }
  }

 private:
  template <class T>
  static MPI_Datatype type() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    return std::is_same_v<T, float> ? MPI_FLOAT : MPI_DOUBLE;
  }

  /// The processes' shares of so many values, as MPI counts them.
  struct Shares {
    std::vector<int> sizes, begins;
    Shares(std::size_t size, std::size_t members) : sizes(members), begins(members) {
      for (std::size_t m = 0; m < members; ++m) {
        const detail::Share share(size, m, members);
        sizes[m] = static_cast<int>(share.size()), begins[m] = static_cast<int>(share.begin);
      }
    }
  };

  static detail::MpiSession& session() { return detail::MpiSession::get(); }

  template <class T>
  static std::span<T> room(std::size_t size) {
    Arena<std::byte>& memory = session().received;
    if (memory.size() < size * sizeof(T)) memory = Arena<std::byte>(size * sizeof(T));
    return {reinterpret_cast<T*>(memory.data()), size};
  }

  /// The sum of rows as long as `sum`.
  template <class T>
  static void add(std::span<T> rows, std::span<T> sum) {
    std::copy_n(rows.begin(), sum.size(), sum.begin());
    for (std::size_t row = sum.size(); row < rows.size(); row += sum.size())
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += rows[row + i];
  }

  detail::MpiUse use_;
  Threads threads_;
};

}  // namespace strata
