// The arguments of a layer's functions. `B` is the layer in its place (core/bound.hpp): calls know its shapes.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <strata/core/border.hpp>
#include <strata/core/element.hpp>
#include <strata/core/machine.hpp>
#include <strata/core/random.hpp>
#include <strata/core/shape.hpp>

namespace strata {

/// What prepare makes of the parameters, once a step.
template <class B, class V>
struct Prepare {
  using Vector = V;
  using Scalar = typename Vector::value_type;
  static constexpr Shape input_shape = B::input_shape;

  const Scalar* const* parameters;
  Scalar* prepared;  ///< prepared_size elements
  bool training;     ///< backward will follow
};

/// The arguments of a layer's forward pass over some samples of a batch. `V`, the SIMD vector type, carries element
/// type and architecture.
/// `In` is the first operand's border, `Others` are those of a merge's others.
template <class B, class V, Border In = Border{}, Border Out = Border{}, Border... Others>
struct Forward {
  using Vector = V;
  using Scalar = typename Vector::value_type;
  static constexpr Border input_border = In;  ///< for layers with `views`: see Infer
  static constexpr Border output_border = Out;
  static constexpr std::array<Border, B::input_count> input_borders{In, Others...};
  static constexpr Shape input_shape = B::input_shape;
  static constexpr Shape output_shape = B::output_shape;
  static constexpr auto input_shapes = B::input_shapes;
  static constexpr std::size_t input_count = B::input_count;

  std::size_t batch;                ///< samples of this call
  std::size_t first;                ///< the first one's number in the batch
  const Stored<Scalar, B::input_element>* input;          ///< (batch, input_shape)
  const Stored<Scalar, B::input_element>* const* inputs;  ///< of a merge, input_count tensors
  Stored<Scalar, B::output_element>* output;              ///< (batch, output_shape)
  const Scalar* const* parameters;  ///< in declared order
  const Scalar* prepared;
  double* gathered;  ///< gathered_size elements
  Scalar* saved;     ///< saved_size elements of the whole batch, kept for backward; null at inference
  Scalar* scratch;   ///< scratch_size elements
  Random random;     ///< a new stream at each training step
};

/// The arguments of a layer's backward pass over some samples of a batch. `Fixed`: see `freezes` in core/layer.hpp.
template <class B, class V, Border In = Border{}, Border Out = Border{}, Border InGradient = Border{},
          Border OutGradient = Border{}, bool Fixed = false>
struct Backward {
  using Vector = V;
  using Scalar = typename Vector::value_type;
  static constexpr Border input_border = In;
  static constexpr Border output_border = Out;
  static constexpr Border input_gradient_border = InGradient;
  static constexpr Border output_gradient_border = OutGradient;
  static constexpr bool fixed = Fixed;
  static constexpr Shape input_shape = B::input_shape;
  static constexpr Shape output_shape = B::output_shape;
  static constexpr auto input_shapes = B::input_shapes;
  static constexpr std::size_t input_count = B::input_count;

  std::size_t batch, first;
  const Scalar* input;
  const Scalar* const* inputs;
  const Scalar* output;
  const Scalar* output_gradient;
  Scalar* input_gradient;          ///< to be overwritten; null where nobody reads it
  Scalar* const* input_gradients;  ///< of a merge
  const Scalar* const* parameters;
  const Scalar* prepared;
  Scalar* const* parameter_gradients;  ///< to be added to; one for each trainable parameter, null for the others
  Scalar* accumulator;                 ///< accumulator_size elements, to be added to
  double* gathered;
  Scalar* saved;
  Scalar* scratch;
  Random random;  ///< the stream that forward had
};

/// The arguments of update_state.
template <class B, class V>
struct UpdateState {
  using Vector = V;
  using Scalar = typename Vector::value_type;
  static constexpr Shape input_shape = B::input_shape;

  Scalar* const* parameters;
  const Scalar* saved;
};

/// The arguments of conclude and conclude_gradients.
template <class B, class V>
struct Conclude {
  using Vector = V;
  using Scalar = typename Vector::value_type;
  static constexpr Shape input_shape = B::input_shape;

  std::size_t batch;                         ///< samples of the whole batch
  std::span<const double* const> gathered;   ///< of each thread
  const Scalar* const* parameters;
  Scalar* const* parameter_gradients;        ///< to be added to; of conclude_gradients only
  Scalar* saved;
};

/// The arguments of finish_gradients.
template <class B, class V>
struct FinishGradients {
  using Vector = V;
  using Scalar = typename Vector::value_type;
  static constexpr Shape input_shape = B::input_shape;

  const Scalar* accumulator;           ///< the sum of all threads'
  Scalar* const* parameter_gradients;  ///< to be added to
};

/// What inference code is made for.
template <class V, int Samples = 1, detail::Home Weights = detail::Home::second_cache>
struct InferenceTarget {
  using Vector = V;
  static constexpr int samples = Samples;  ///< that share one reading of the weights
  static constexpr detail::Home home = Weights;  ///< of all weights of the network
};

/// The arguments of a linear layer's inference. Where a border is not empty, the image lies in a larger one: its rows
/// are `row_of(shape, border)` and its pixels `pixel_of(shape, border)` elements apart (pixels have gaps only for
/// layers with `strided`). Around the input are zeros; the output's border must not be touched.
template <class B, class T, Border In = Border{}, Border Out = Border{}, bool ByRows = false>
struct Infer {
  using Vector = typename T::Vector;
  using Scalar = typename Vector::value_type;
  static constexpr Shape input_shape = B::input_shape;
  static constexpr Shape output_shape = B::output_shape;
  using target = T;
  static constexpr Border input_border = In;
  static constexpr Border output_border = Out;
  static constexpr bool by_rows = ByRows;  ///< a part of the work is a band of rows: see `row_window`

  std::size_t batch;
  const Stored<Scalar, B::input_element>* input;  ///< its first cell; samples are `input_step` elements apart
  const Scalar* packed;
  Stored<Scalar, B::output_element>* output;
  const Scalar* residual;   ///< see kernels/epilogue.hpp; null where the epilogue adds none
  std::size_t input_step, output_step, residual_step;
  Scalar* scratch;          ///< infer_scratch_size elements
};

}  // namespace strata
