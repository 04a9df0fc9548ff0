// Inference of batches by several threads.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <strata/core/parallel.hpp>
#include <strata/runtime/engine.hpp>

namespace strata {

/// An Engine whose batches are shared out among threads, sample by sample: the bits are those of one thread.
///
///     ParallelEngine<Net, OpenMP> engine{model, OpenMP{2}};
///     engine(input, output);                     // one caller at a time
///
/// A call allocates nothing and throws InvalidArgument where Engine does.
template <class Net, class Parallel, Algorithms Choice = Fast, class V = simd::Vector<float>>
class ParallelEngine {
 public:
  using engine_type = Engine<Net, Choice, V>;
  using T = typename engine_type::T;

  explicit ParallelEngine(const Model<Net, T>& model, Parallel parallel = {})
      : engine_(model), parallel_(std::move(parallel)), workspaces_(parallel_.threads()) {}

  /// As Engine: inputs (batch, input_shape), outputs (batch, output_shape).
  void operator()(const typename engine_type::Inputs& inputs, const typename engine_type::Outputs& outputs) {
    const std::size_t batch = engine_type::batch_of(inputs, outputs);
    if (batch == 1) return engine_.run_samples(inputs, outputs, workspaces_[0], 0, 1);
    parallel_.run([&](std::size_t t) {
      const detail::Share share(batch, t, workspaces_.size());
      engine_.run_samples(inputs, outputs, workspaces_[t], share.begin, share.size());
    });
  }

 private:
  engine_type engine_;
  Parallel parallel_;
  std::vector<typename engine_type::Workspace> workspaces_;
};

template <class Net, class T, class Parallel>
ParallelEngine(const Model<Net, T>&, Parallel) -> ParallelEngine<Net, Parallel, Fast, simd::Vector<T>>;

}  // namespace strata
