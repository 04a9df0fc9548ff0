/// @file
/// Calls a layer's functions as the runtime would.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <strata/core/layer.hpp>
#include <strata/core/random.hpp>

#include "harness/guarded.hpp"
#include "harness/layer_functions.hpp"

namespace strata::test {

/// A layer and its memory for one batch.
template <class T>
class AnyLayerRun {
 public:
  AnyLayerRun(const LayerFunctions<T>& functions, std::size_t batch_size, Edge edge = Edge::end);

  /// Random values, the same ones in float and double.
  void randomize();

  void forward();
  void forward_training();
  /// What the layer says that it does not need is not there.
  void backward(bool with_input_gradient = true);
  void update_state();
  /// `function` is one of the layer's that write the output; `scale` and `shift` may be empty.
  void run_kind(void (*function)(const Arguments<T>&), std::span<T> scale, std::span<T> shift);

  bool intact() const;
  std::string title() const;

  const LayerFunctions<T>& layer;
  std::size_t batch;
  Guarded<T> input, input_gradient, output, output_gradient, saved, prepared, accumulator;
  Guarded<double> gathered;
  std::vector<Guarded<T>> parameters, gradients;
  Random random{Seed{7}};

 private:
  void call(void (*function)(const Arguments<T>&), std::size_t scratch_size, Arguments<T> arguments,
            Needs given = {.input = true, .output = true});

  Edge edge_;
};

extern template class AnyLayerRun<float>;
extern template class AnyLayerRun<double>;

template <class L, Shape In, class T>
struct LayerRun : AnyLayerRun<T> {
  explicit LayerRun(std::size_t samples) : AnyLayerRun<T>(functions<L, In, T>, samples) {}
};

}  // namespace strata::test
