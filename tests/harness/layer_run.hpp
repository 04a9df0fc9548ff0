/// @file
/// Calls a layer's functions as the runtime would.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <strata/core/layer.hpp>
#include <strata/core/random.hpp>

#include "harness/catch.hpp"
#include "harness/guarded.hpp"
#include "harness/layer_functions.hpp"

namespace strata::test {

/// A layer and its memory for one batch.
template <class T>
class AnyLayerRun {
 public:
  AnyLayerRun(const LayerFunctions<T>& functions, std::size_t batch_size)
      : layer(functions),
        batch(batch_size),
        input(batch * layer.in.size()),
        input_gradient(batch * layer.in.size()),
        output(batch * layer.out.size()),
        output_gradient(batch * layer.out.size()),
        saved(layer.saved_size(batch)),
        prepared(layer.prepared_size),
        accumulator(layer.accumulator_size),
        gathered(2 * layer.gathered_size) {
    for (const Parameter& parameter : layer.parameters) {
      parameters.emplace_back(parameter.shape.size());
      if (parameter.trainable) gradients.emplace_back(parameter.shape.size());
    }
  }

  /// Random values, the same ones in float and double.
  void randomize() {
    const auto fill = [](Guarded<T>& tensor, Random values, bool positive) {
      for (std::size_t i = 0; i < tensor.size(); ++i)
        tensor.data()[i] = static_cast<T>(static_cast<float>(positive ? 0.5 + values.uniform(i) : values.normal(i)));
    };
    fill(input, random.split(0), false);
    fill(output_gradient, random.split(1), false);
    for (std::size_t p = 0; p < parameters.size(); ++p)
      fill(parameters[p], random.split(2 + p), layer.parameters.list[p].initializer.kind == Initializer::ones);
  }

  void forward() { call(layer.forward, layer.scratch_size, {}); }
  void forward_training() {
    saved.forget();
    call(layer.forward_training, layer.scratch_size, {.saved = saved.data()});
  }
  /// What the layer says that it does not need is not there.
  void backward(bool with_input_gradient = true) {
    input_gradient.forget();
    for (Guarded<T>& gradient : gradients) gradient.forget();
    call(layer.backward, layer.backward_scratch_size,
         {.output_gradient = output_gradient.data(),
          .input_gradient = with_input_gradient ? input_gradient.data() : nullptr,
          .saved = saved.data()},
         layer.needs);
  }
  void update_state() { call(layer.update_state, 0, {.saved = saved.data()}, {false, false}); }
  /// `function` is one of the layer's that write the output; `scale` and `shift` may be empty.
  void run_kind(void (*function)(const Arguments<T>&), std::span<T> scale, std::span<T> shift) {
    Guarded<T> packed(layer.packed_size);
    call(function, std::max(layer.scratch_size, layer.infer_scratch_size(batch)),
         {.scale = scale.data(), .shift = shift.data(), .packed = packed.data()});
    CHECK(packed.intact());
  }

  bool intact() const {
    const auto is_intact = [](const Guarded<T>& tensor) { return tensor.intact(); };
    return prepared.intact() && accumulator.intact() && gathered.intact() && input.intact() &&
           input_gradient.intact() && output.intact() && output_gradient.intact() && saved.intact() &&
           std::ranges::all_of(parameters, is_intact) && std::ranges::all_of(gradients, is_intact);
  }

  const LayerFunctions<T>& layer;
  std::size_t batch;
  Guarded<T> input, input_gradient, output, output_gradient, saved, prepared, accumulator;
  Guarded<double> gathered;
  std::vector<Guarded<T>> parameters, gradients;
  Random random{Seed{7}};

 private:
  void call(void (*function)(const Arguments<T>&), std::size_t scratch_size, Arguments<T> arguments,
            Needs given = {.input = true, .output = true}) {
    Guarded<T> scratch(scratch_size), nothing(std::max(input.size(), output.size()));
    const auto parameter_pointers = pointers(parameters), gradient_pointers = pointers(gradients);
    const bool writes_output = arguments.output_gradient == nullptr && given.output;
    if (writes_output) output.forget();
    arguments.batch = batch;
    arguments.input = given.input ? input.data() : nothing.data();
    arguments.output = given.output ? output.data() : nothing.data();
    arguments.parameters = parameter_pointers.data();
    arguments.parameter_gradients = gradient_pointers.data();
    arguments.scratch = scratch.data();
    arguments.prepared = prepared.data();
    arguments.accumulator = accumulator.data();
    arguments.gathered = gathered.data();
    arguments.random = random;
    function(arguments);
    CHECK(scratch.intact());
    CHECK(nothing.intact());
  }

  static std::vector<T*> pointers(std::vector<Guarded<T>>& tensors) {
    std::vector<T*> all;
    for (Guarded<T>& tensor : tensors) all.push_back(tensor.data());
    return all;
  }
};

template <class L, Shape In, class T>
struct LayerRun : AnyLayerRun<T> {
  explicit LayerRun(std::size_t batch) : AnyLayerRun<T>(functions<L, In, T>(), batch) {}
};

}  // namespace strata::test
