// The words in which a layer says what it is: see layer.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

#include <strata/core/shape.hpp>

namespace strata {

/// What fusion and the memory plan may do with a layer.
enum class Kind {
  input,        ///< the network's input
  linear,       ///< y = W x + b: takes a scale and shift per channel into its weights, and any epilogue
  affine,       ///< y = scale[c] x + shift[c] at inference
  elementwise,  ///< y[i] = f(x[i])
  sum,          ///< y[i] = x0[i] + x1[i] + …, of tensors of one shape
  concatenation,  ///< its operands side by side in the last axis
  padding,        ///< its operand inside of a larger image of zeros
  view,         ///< same elements, perhaps another shape (at inference)
  other,
};

namespace detail {

/// Layers that only say where their operands are.
constexpr bool places(Kind kind) { return kind == Kind::concatenation || kind == Kind::padding; }

}  // namespace detail

/// When a layer works on images whose pixels and rows have other cells between them.
enum class Views { none, inference, always };

/// Tensors that a layer's backward pass reads, beside the output's gradient.
struct Needs {
  bool input = true;
  bool output = true;
};

/// Layers that a cross-entropy can undo for a stable, fused gradient (inverse links of generalised linear models).
enum class Link { none, softmax, sigmoid };

/// What a loss must know of a layer's output: whether it is probabilities or surely not, made so, kept as it came, or
/// lost, where none stay none.
enum class Probabilities { unknown, none, made, kept, lost };

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
  std::size_t bytes = sizeof(float);  ///< of an element in Keras
};

/// A layer's tensors, in Keras' order.
struct Parameters {
  static constexpr std::size_t capacity = 8;

  std::array<Parameter, capacity> list{};
  std::size_t count = 0;  ///< those beyond the capacity, which a network refuses, are not kept

  constexpr Parameters() = default;
  constexpr Parameters(std::initializer_list<Parameter> parameters) {
    for (const Parameter& parameter : parameters) add(parameter);
  }
  constexpr void add(const Parameter& parameter) {
    if (count < capacity) list[count] = parameter;
    ++count;
  }
  constexpr const Parameter* begin() const { return list.data(); }
  constexpr const Parameter* end() const { return list.data() + (count < capacity ? count : capacity); }
};

/// The shapes of a merge's operands.
using Shapes = std::span<const Shape>;

}  // namespace strata
