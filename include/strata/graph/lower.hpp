// A network as flat arrays: the nested definition is walked once, at compile time (builder.hpp), and becomes plain
// structs that every later pass (counts, names, memory, fusion, summary, files) reads in ordinary loops.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/bound.hpp>
#include <strata/core/element.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>
#include <strata/core/type_name.hpp>

namespace strata {

/// A layer's rules without its type.
struct LayerRules {
  Text (*type)();  ///< only errors and pictures ask: compilers take long to spell a type
  std::string_view class_name;
  Kind kind;
  Kind training_kind;
  Needs backward_needs;
  Link link;
  Probabilities probabilities;
  bool visible;
  bool merge;    ///< takes several tensors
  bool gathers;
  Views views;
  bool in_place;
  bool freezes;
  Element input_element, output_element;
  Problem (*check)(Shapes);
  Shape (*output_shape)(Shapes);
  Parameters (*parameters)(Shape);
  std::size_t (*macs)(Shape);
  std::size_t (*weights_size)(Shape, int);
  bool (*batched)(Shape);  ///< this and what follows: see core/layer.hpp
  Border (*border)(Shape);
  Border (*gradient_border)(Shape);
  RowWindow (*row_window)(Shape);
};

/// As the user spelled it: what `Hidden` and its like wrap.
template <class L>
constexpr Text spelling_of() {
  if constexpr (requires { typename L::wraps; }) return spelling_of<typename L::wraps>();
  else {
    const Text text = type_name<L>();
    if constexpr (requires { L::config.schema; })  // BatchNorm is a name of BatchNormWith<>
      if (text == std::string_view(Text() << L::config.schema.with_options << "<>")) return L::config.schema.spelling;
    return text;
  }
}

template <Layer L>
inline constexpr LayerRules layer_rules{
    &spelling_of<L>,
    L::class_name,
    rules<L>::kind,
    rules<L>::training_kind,
    rules<L>::backward_needs,
    rules<L>::link,
    rules<L>::probabilities,
    !requires { L::hidden; },
    MergeLayer<L>,
    rules<L>::gathers,
    rules<L>::views,
    rules<L>::in_place,
    rules<L>::freezes,
    rules<L>::input_element,
    rules<L>::output_element,
    &rules<L>::check,
    &rules<L>::output_shape,
    &rules<L>::parameters,
    &rules<L>::macs,
    &rules<L>::weights_size,
    &rules<L>::batched,
    &rules<L>::border,
    &rules<L>::gradient_border,
    &rules<L>::row_window,
};

/// Keras' names: the first `conv2d`, then `conv2d_1`. A node of a Graph has its own name, and is the prefix of the
/// layers in it where it stands for several: `block_conv2d_1`.
struct LayerName {
  std::string_view prefix{}, class_name{};
  int ordinal = 0;

  /// Without the number.
  template <class Out>
  constexpr void write_stem(Out& out) const {
    for (const char c : prefix) out << c;
    if (!prefix.empty() && !class_name.empty()) out << '_';
    write_snake_case(class_name, out);
  }
  constexpr operator Text() const {
    Text text;
    write_stem(text);
    if (ordinal > 0) text << '_' << ordinal;
    return text;
  }
};

/// One value that flows through the network. The first ones are the inputs.
struct TensorInfo {
  Shape shape{};
  int producer = -1;   ///< node
  int consumers = 0;   ///< how many nodes read it
  Element element = Element::real;
};

/// What training does with a parameter. Where the parameter lies does not depend on it, but for weights and state.
enum class Role { trained, frozen, state };

/// One layer in its place.
struct NodeInfo {
  const LayerRules* rules = nullptr;
  int layer = 0;         ///< position of the visible layer that it belongs to; Input is 0
  LayerName name{};      ///< that layer's name
  int first_operand = 0; ///< into Lowered::operands
  int operand_count = 0;
  int output = 0;        ///< tensor
  Shape input{};         ///< of the first operand
  bool frozen = false;                              ///< stands in a Frozen: its weights and state stay as they are
  std::size_t weight_count = 0, state_count = 0;   ///< elements of its parameters: trainable, frozen or not; others
  std::size_t weight_offset = 0, state_offset = 0; ///< in the arena of parameters
  std::size_t gradient_offset = 0;                 ///< of the weights, where they are trained, in that of gradients

  /// Computed, not stored: compilers are slow with large constants.
  constexpr Parameters parameters() const { return operand_count == 0 ? Parameters{} : rules->parameters(input); }
  /// Of each parameter, in the arena.
  constexpr std::array<std::size_t, Parameters::capacity> offsets() const {
    std::array<std::size_t, Parameters::capacity> offsets{};
    std::size_t weight = weight_offset, state = state_offset, p = 0;
    for (const Parameter& parameter : parameters()) {
      std::size_t& next = parameter.trainable ? weight : state;
      offsets[p++] = next;
      next += parameter.shape.size();
    }
    return offsets;
  }
  constexpr std::size_t parameter_count() const { return weight_count + state_count; }
  constexpr std::size_t trainable_count() const { return frozen ? 0 : weight_count; }
  constexpr Role role(const Parameter& parameter) const {
    return !parameter.trainable ? Role::state : frozen ? Role::frozen : Role::trained;
  }
  /// Where the gradient of the weight at `offset` lies.
  constexpr std::size_t gradient_at(std::size_t offset) const { return offset - weight_offset + gradient_offset; }

  /// Runs in training as at inference.
  constexpr bool fixed() const { return frozen && rules->freezes; }
  constexpr bool gathers() const { return rules->gathers && !fixed(); }
};

/// The first faulty layer of a definition.
struct Fault {
  Problem problem{};
  const LayerRules* rules = nullptr;
  int layer = 0;
  LayerName name{};
  Shape input{};
  Text operands{};  ///< of a merge: a 8x8x3, x 4x4x3

  constexpr const char* class_name() const { return rules ? rules->class_name.data() : "Graph"; }
};

/// The network as values.
template <std::size_t N, std::size_t Operands = N>
struct Lowered {
  std::array<NodeInfo, N> nodes{};
  std::array<TensorInfo, N> tensors{};
  std::array<int, Operands> operands{};  ///< tensors that the nodes read, then the outputs
  std::size_t node_count = 0, input_count = 0, output_count = 0;
  std::size_t layer_count = 0;      ///< visible layers without Input, as Keras counts them
  std::size_t weight_count = 0;     ///< elements: with the frozen ones
  std::size_t trainable_count = 0;
  std::size_t state_count = 0;
  std::size_t mac_count = 0;
  Fault fault{};

  /// Among all operands.
  constexpr std::size_t slot(std::size_t node, int operand) const {
    return static_cast<std::size_t>(nodes[node].first_operand + operand);
  }
  constexpr int input_of(std::size_t node, int operand = 0) const { return operands[slot(node, operand)]; }
  constexpr const LayerRules& rules_of(int node) const { return *nodes[static_cast<std::size_t>(node)].rules; }
  constexpr Kind kind_of(int node) const { return rules_of(node).kind; }
  constexpr const TensorInfo& tensor(int index) const { return tensors[static_cast<std::size_t>(index)]; }
  constexpr Shape input_shape_of(std::size_t node, int operand = 0) const {
    return nodes[node].operand_count == 0 ? Shape{} : tensor(input_of(node, operand)).shape;
  }
  constexpr std::size_t parameter_count() const { return weight_count + state_count; }
  /// f(offset, gradient offset, size) for each run of trained weights that lie side by side: one where none is frozen.
  template <class F>
  constexpr void for_each_trained_run(F&& f) const {
    for (std::size_t n = 0; n < node_count; ++n) {
      const NodeInfo& first = nodes[n];
      std::size_t size = 0;
      for (; n < node_count && (nodes[n].weight_count == 0 || !nodes[n].frozen); ++n) size += nodes[n].weight_count;
      if (size > 0) f(first.weight_offset, first.gradient_offset, size);
    }
  }
  constexpr int output(std::size_t index = 0) const {
    const NodeInfo& last = nodes[node_count - 1];
    return operands[static_cast<std::size_t>(last.first_operand + last.operand_count) + index];
  }
  constexpr bool is_real() const {
    for (std::size_t t = 0; t < node_count; ++t)
      if (tensors[t].element != Element::real) return false;
    return true;
  }
  constexpr bool is_output(std::size_t tensor) const {
    for (std::size_t k = 0; k < output_count; ++k)
      if (output(k) == static_cast<int>(tensor)) return true;
    return false;
  }
};

/// The layer of a network's node in its place.
template <class Net, std::size_t I>
using LayerOf = boost::mp11::mp_at_c<typename Net::leaves, I>;

namespace detail {
template <class Net, std::size_t I,
          class = std::make_index_sequence<Net::network().nodes[I].operand_count == 0
                                               ? std::size_t{1}
                                               : static_cast<std::size_t>(Net::network().nodes[I].operand_count)>>
struct bound_of;
template <class Net, std::size_t I, std::size_t... Operand>
struct bound_of<Net, I, std::index_sequence<Operand...>> {
  using type = Bound<LayerOf<Net, I>, Net::network().input_shape_of(I, static_cast<int>(Operand))...>;
};
}  // namespace detail

template <class Net, std::size_t I>
using BoundOf = typename detail::bound_of<Net, I>::type;

}  // namespace strata
