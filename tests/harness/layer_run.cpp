#include "harness/layer_run.hpp"

#include <algorithm>

#include "harness/catch.hpp"

namespace strata::test {
namespace {

template <class T>
std::vector<T*> pointers(const std::vector<Guarded<T>>& tensors) {
  std::vector<T*> all;
  for (const Guarded<T>& tensor : tensors) all.push_back(tensor.data());
  return all;
}

}  // namespace

template <class T>
AnyLayerRun<T>::AnyLayerRun(const LayerFunctions<T>& functions, std::size_t batch_size, Edge edge)
    : layer(functions),
      batch(batch_size),
      input(batch * layer.in.size(), edge),
      input_gradient(batch * layer.in.size(), edge),
      output(batch * layer.out.size(), edge),
      output_gradient(batch * layer.out.size(), edge),
      saved(layer.saved_size(batch), edge),
      prepared(layer.prepared_size, edge),
      accumulator(layer.accumulator_size, edge),
      gathered(2 * layer.gathered_size, edge),
      edge_(edge) {
  for (const Parameter& parameter : layer.parameters) {
    parameters.emplace_back(parameter.shape.size(), edge);
    if (parameter.trainable) gradients.emplace_back(parameter.shape.size(), edge);
  }
}

template <class T>
void AnyLayerRun<T>::randomize() {
  const auto fill = [](Guarded<T>& tensor, Random values, bool positive) {
    for (std::size_t i = 0; i < tensor.size(); ++i)
      tensor.data()[i] = static_cast<T>(static_cast<float>(positive ? 0.5 + values.uniform(i) : values.normal(i)));
  };
  fill(input, random.split(0), false);
  fill(output_gradient, random.split(1), false);
  for (std::size_t p = 0; p < parameters.size(); ++p)
    fill(parameters[p], random.split(2 + p), layer.parameters.list[p].initializer.kind == Initializer::ones);
}

template <class T>
void AnyLayerRun<T>::forward() {
  call(layer.forward, layer.scratch_size, {});
}

template <class T>
void AnyLayerRun<T>::forward_training() {
  saved.forget();
  call(layer.forward_training, layer.scratch_size, {.saved = saved.data()});
}

template <class T>
void AnyLayerRun<T>::backward(bool with_input_gradient) {
  input_gradient.forget();
  for (Guarded<T>& gradient : gradients) gradient.forget();
  call(layer.backward, layer.backward_scratch_size,
       {.output_gradient = output_gradient.data(),
        .input_gradient = with_input_gradient ? input_gradient.data() : nullptr,
        .saved = saved.data()},
       layer.needs);
}

template <class T>
void AnyLayerRun<T>::update_state() {
  call(layer.update_state, 0, {.saved = saved.data()}, {false, false});
}

template <class T>
void AnyLayerRun<T>::run_kind(void (*function)(const Arguments<T>&), std::span<T> scale, std::span<T> shift) {
  const Guarded<T> packed(layer.packed_size, edge_);
  call(function, std::max(layer.scratch_size, layer.infer_scratch_size(batch)),
       {.scale = scale.data(), .shift = shift.data(), .packed = packed.data()});
  CHECK(packed.intact());
}

template <class T>
bool AnyLayerRun<T>::intact() const {
  const auto is_intact = [](const Guarded<T>& tensor) { return tensor.intact(); };
  return prepared.intact() && accumulator.intact() && gathered.intact() && input.intact() && input_gradient.intact() &&
         output.intact() && output_gradient.intact() && saved.intact() && std::ranges::all_of(parameters, is_intact) &&
         std::ranges::all_of(gradients, is_intact);
}

template <class T>
std::string AnyLayerRun<T>::title() const {
  return std::string(std::string_view(layer.name() << " on " << layer.in << ", batch " << batch));
}

template <class T>
void AnyLayerRun<T>::call(void (*function)(const Arguments<T>&), std::size_t scratch_size, Arguments<T> arguments,
                          Needs given) {
  const Guarded<T> scratch(scratch_size, edge_), nothing(std::max(input.size(), output.size()), edge_);
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
  if (!scratch.intact() || !nothing.intact()) FAIL_CHECK("scratch memory: written past its ends");
}

template class AnyLayerRun<float>;
template class AnyLayerRun<double>;

}  // namespace strata::test
