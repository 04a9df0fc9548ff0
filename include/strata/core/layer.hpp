// What a layer is. The graph, the runtime and training know layers only through this header.
//
// A layer is an empty type with static members. It must have
//
//   class_name                          Keras' class name, as listed in a summary
//   output_shape(Shape in)              per sample; only called when check(in) found nothing wrong
//   forward(call)                       see Forward
//   backward(call)                      see Backward; only needed to train
//
// and may have (each is found by `requires`; the functions below give the default)
//
//   check(Shape in) -> Problem          why it cannot take this input                              (none)
//   parameters(Shape in)                its tensors: the only place where weights exist            (none)
//   macs(Shape in)                      multiply-adds of one sample's forward pass                 (0)
//   kind                                what fusion may do with it                                 (Kind::other)
//   training_kind                       kind in training, where it differs (Dropout)               (kind)
//   backward_needs                      which tensors must live until backward                     (input and output)
//   forward_training(call)              where it differs from inference                            (forward)
//   update_state(call)                  after the loss was found finite: moving averages           (nothing)
//   saved_size(in, batch)               elements kept from forward_training to backward            (0)
//   scratch_size<V>(in)                 elements of working memory of a forward call               (0)
//   backward_scratch_size<V>(in)        elements of working memory of a backward call              (0)
//   link                                the activation is the inverse link of a loss               (Link::none)
//   leaves                              an mp_list of the layers that it stands for                (itself)
//
// By kind, inference asks for more:
//
//   linear       packed_size<V>(in); pack<V, in>(parameters, scale, shift, packed); infer<Epilogue>(call)
//   affine       affine(in, parameters, scale, shift): y = scale[c] x + shift[c]
//   elementwise  apply(V x) -> V
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>

#include <strata/core/problem.hpp>
#include <strata/core/random.hpp>
#include <strata/core/shape.hpp>

namespace strata {

/// What fusion and the memory plan may do with a layer.
enum class Kind {
  input,        ///< the network's input
  linear,       ///< y = W x + b: takes a scale and shift per channel into its weights, and any epilogue
  affine,       ///< y = scale[c] x + shift[c] at inference
  elementwise,  ///< y[i] = f(x[i])
  view,         ///< same elements, perhaps another shape (at inference)
  other,
};

/// Tensors that a layer's backward pass reads, beside the output's gradient.
struct Needs {
  bool input = true;
  bool output = true;
};

/// Layers that a cross-entropy can undo for a stable, fused gradient (inverse links of generalised linear models).
enum class Link { none, softmax, sigmoid };

/// How a parameter starts. Fans as in Keras: receptive field x channels.
struct Initializer {
  enum Kind { zeros, ones, constant, glorot_uniform } kind = zeros;
  double fan_in = 0, fan_out = 0;
  double value = 0;
};

/// One tensor of a layer.
struct Parameter {
  std::string_view name{};
  Shape shape{};
  Initializer initializer{};
  bool trainable = true;
  double l2 = 0;  ///< adds l2 * sum(w^2) to the loss
};

/// A layer's tensors, in Keras' order.
struct Parameters {
  static constexpr std::size_t capacity = 4;

  std::array<Parameter, capacity> list{};
  std::size_t count = 0;

  constexpr Parameters() = default;
  constexpr Parameters(std::initializer_list<Parameter> parameters) {
    for (const Parameter& parameter : parameters) list[count++] = parameter;
  }
  constexpr const Parameter* begin() const { return list.data(); }
  constexpr const Parameter* end() const { return list.data() + count; }
};

/// A layer with what it learns from its place in a network: its input shape and all that follows from it.
template <class Layer, Shape In>
struct Bound;

/// The arguments of a layer's forward pass over a batch. `V`, the SIMD vector type, carries element type and
/// architecture.
template <class B, class V>
struct Forward {
  using Vector = V;
  using Scalar = typename V::value_type;
  static constexpr Shape input_shape = B::input_shape;
  static constexpr Shape output_shape = B::output_shape;

  std::size_t batch;
  const Scalar* input;              ///< (batch, input_shape)
  Scalar* output;                   ///< (batch, output_shape)
  const Scalar* const* parameters;  ///< in declared order
  Scalar* saved;                    ///< saved_size elements, kept for backward; null at inference
  Scalar* scratch;                  ///< scratch_size elements
  Random random;                    ///< a new stream at each training step
};

/// The arguments of a layer's backward pass over a batch.
template <class B, class V>
struct Backward {
  using Vector = V;
  using Scalar = typename V::value_type;
  static constexpr Shape input_shape = B::input_shape;
  static constexpr Shape output_shape = B::output_shape;

  std::size_t batch;
  const Scalar* input;
  const Scalar* output;
  const Scalar* output_gradient;
  Scalar* input_gradient;           ///< to be overwritten; null where nobody reads it
  const Scalar* const* parameters;
  Scalar* const* parameter_gradients;  ///< to be overwritten; one for each trainable parameter
  Scalar* saved;
  Scalar* scratch;
  Random random;  ///< the stream that forward had
};

/// The arguments of update_state.
template <class B, class V>
struct StateUpdate {
  using Scalar = typename V::value_type;
  static constexpr Shape input_shape = B::input_shape;

  std::size_t batch;
  Scalar* const* parameters;
  const Scalar* saved;
};

/// The arguments of a linear layer's inference on one sample.
template <class B, class V>
struct Infer {
  using Vector = V;
  using Scalar = typename V::value_type;
  static constexpr Shape input_shape = B::input_shape;
  static constexpr Shape output_shape = B::output_shape;

  const Scalar* input;
  const Scalar* packed;
  Scalar* output;
  Scalar* scratch;
};

/// The compile-time half of the contract.
template <class L>
concept Layer = requires(Shape in) {
  { L::class_name } -> std::convertible_to<std::string_view>;
  { L::output_shape(in) } -> std::same_as<Shape>;
};

/// A node without a row in the summary: the activation in `Conv2D<8, 3, activation<ReLU>>`.
template <class L>
struct Hidden : L {
  using wraps = L;
  static constexpr bool hidden = true;
};

/// The contract with its defaults filled in: `rules<L>::parameters(in)` works for every layer.
template <class L>
struct rules {
  static constexpr Kind kind = [] {
    if constexpr (requires { L::kind; }) return L::kind;
    else return Kind::other;
  }();
  static constexpr Kind training_kind = [] {
    if constexpr (requires { L::training_kind; }) return L::training_kind;
    else return kind;
  }();
  static constexpr Needs backward_needs = [] {
    if constexpr (requires { L::backward_needs; }) return L::backward_needs;
    else return Needs{};
  }();
  static constexpr Link link = [] {
    if constexpr (requires { L::link; }) return L::link;
    else return Link::none;
  }();
  static constexpr Problem check(Shape in) {
    if constexpr (requires { L::check(in); }) return L::check(in);
    else return {};
  }
  static constexpr Parameters parameters(Shape in) {
    if constexpr (requires { L::parameters(in); }) return L::parameters(in);
    else return {};
  }
  static constexpr std::size_t macs(Shape in) {
    if constexpr (requires { L::macs(in); }) return L::macs(in);
    else return 0;
  }
  static constexpr std::size_t saved_size(Shape in, std::size_t batch) {
    if constexpr (requires { L::saved_size(in, batch); }) return L::saved_size(in, batch);
    else return 0;
  }
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    if constexpr (requires { L::template scratch_size<V>(in); }) return L::template scratch_size<V>(in);
    else return 0;
  }
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    if constexpr (requires { L::template backward_scratch_size<V>(in); })
      return L::template backward_scratch_size<V>(in);
    else return 0;
  }
};

}  // namespace strata
