// Threads by OpenMP. Link strata::openmp, or compile with -fopenmp.
//
//     ParallelEngine<Net, OpenMP> engine{model, OpenMP{2}};
//     Trainer trainer{model, loss, optimizer, Seed{1}, OpenMP{2}};
#pragma once

#ifndef _OPENMP
#error "strata/parallel/openmp.hpp needs OpenMP: link the CMake target strata::openmp, or compile and link with -fopenmp"
#endif

#include <omp.h>

#include <cstddef>
#include <exception>
#include <string>

#include <strata/core/error.hpp>

namespace strata {

/// `OpenMP{}` has as many threads as OpenMP would take (OMP_NUM_THREADS, or one a processor). The same number of
/// threads gives the same results to the bit. An exception in a thread is thrown in the caller.
class OpenMP {
 public:
  OpenMP() : OpenMP(omp_get_max_threads()) {}
  explicit OpenMP(int threads) : threads_(threads) {
    if (threads < 1)
      detail::raise<InvalidArgument>("OpenMP: expected at least 1 thread, received " + std::to_string(threads));
  }

  std::size_t threads() const { return static_cast<std::size_t>(threads_); }

  template <class F>
  void run(F&& f) const {
#ifdef __cpp_exceptions
    std::exception_ptr failure;
    const auto call = [&](int t) {
      try {
        f(static_cast<std::size_t>(t));
      } catch (...) {
#pragma omp critical(strata_parallel_failure)
        failure = std::current_exception();
      }
    };
#else
    const auto call = [&](int t) { f(static_cast<std::size_t>(t)); };
#endif
#pragma omp parallel for num_threads(threads_) schedule(static, 1)
    for (int t = 0; t < threads_; ++t) call(t);
#ifdef __cpp_exceptions
    if (failure) std::rethrow_exception(failure);
#endif
  }

 private:
  int threads_;
};

}  // namespace strata
