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
#include <string>

#include <strata/core/error.hpp>
#include <strata/core/parallel.hpp>

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
    detail::FirstFailure failure;
#pragma omp parallel for num_threads(threads_) schedule(static, 1)
    for (int t = 0; t < threads_; ++t) failure.guard([&] { f(static_cast<std::size_t>(t)); });
    failure.rethrow();
  }

 private:
  int threads_;
};

}  // namespace strata
