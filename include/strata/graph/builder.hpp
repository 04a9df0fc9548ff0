// What a definition emits its layers into, one after the other: their names, shapes, parameters' places and faults.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <strata/core/hash.hpp>
#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/lower.hpp>

namespace strata {

namespace detail {

/// A name as a number, since compilers count every step of a comparison: FNV-1a of its characters. A name that ends in
/// _1, _2, … could also be that of another stem with this number.
struct NameHash {
  std::uint64_t whole = hash_start, before_number = 0;
  int number = 0;  ///< at the end, behind a '_'; 0: none

  constexpr NameHash& operator<<(char c) {
    const bool digit = c >= '0' && c <= '9';
    if (c == '_') before_number = whole, number = 0;
    else if (!digit || (number == 0 && c == '0') || number > 100'000'000) before_number = 0;
    if (before_number != 0 && digit) number = 10 * number + (c - '0');
    whole = add_to_hash(whole, static_cast<unsigned char>(c));
    return *this;
  }
};

}  // namespace detail

/// Appends nodes. A combinator emits its parts in the order of its `leaves`.
template <std::size_t N, std::size_t Operands = N>
class Builder {
 public:
  /// Appends a leaf that reads tensor `input`; returns its output tensor.
  constexpr int leaf(const LayerRules& rules, int input) { return merge(rules, std::array{input}); }

  /// Appends a leaf that reads several tensors.
  template <std::size_t Count>
  constexpr int merge(const LayerRules& rules, const std::array<int, Count>& inputs) {
    if (graph_.fault.problem) return inputs[0];
    const bool is_input = rules.kind == Kind::input;
    const std::size_t index = graph_.node_count;
    if (rules.visible) {
      if (index > 0) ++layer_;
      name_ = unique_name(rules);
    }
    std::array<Shape, Count> in{};
    Element element = rules.output_element, other = rules.input_element;  // another than that is what it does not read
    if (!is_input && index > 0)
      for (std::size_t i = 0; i < Count; ++i) {
        const TensorInfo& operand = graph_.tensor(inputs[i]);
        in[i] = operand.shape;
        if (operand.element != rules.input_element) other = operand.element;
      }
    Shape out{};
    const auto refuse = [&](const Problem& problem) {
      graph_.fault = {problem, &rules, layer_, name_, in[0], {}};
      for (std::size_t i = 0; Count > 1 && i < Count; ++i)
        graph_.fault.operands << (i > 0 ? ", " : "") << Text(node_of(inputs[i]).name) << ' ' << in[i];
      return inputs[0];
    };
    if (const Problem problem = place_problem(rules, in, is_input, out)) return refuse(problem);
    if (rules.kind == Kind::view) element = other;
    else if (other != rules.input_element)
      return refuse(element_problem("an operand holds numbers that the layer does not read", other,
                                    rules.input_element, "put a layer between them that makes these of those"));
    NodeInfo& node = graph_.nodes[index];
    node.rules = &rules;
    node.frozen = frozen_;
    node.layer = layer_;
    node.name = name_;
    node.output = static_cast<int>(index);
    node.first_operand = operand_count_;
    if (!is_input) {
      for (const int input : inputs) {
        graph_.operands[static_cast<std::size_t>(operand_count_++)] = input;
        ++graph_.tensors[static_cast<std::size_t>(input)].consumers;
      }
      node.operand_count = static_cast<int>(Count);
      node.input = in[0];
      if (!place_parameters(node, refuse)) return inputs[0];
      graph_.mac_count += rules.macs(in[0]);
      graph_.layer_count += rules.visible;
    }
    graph_.input_count += is_input;
    graph_.tensors[index] = {out, static_cast<int>(index), 0, element};
    ++graph_.node_count;
    return node.output;
  }

  /// Names the layers to come after a node of a Graph: the only one, or each with the node's name as a prefix. Returns
  /// what `end_node` takes to go on as before.
  constexpr auto begin_node(std::string_view name, bool single) {
    return std::exchange(scope_, {name, single, name_count_});
  }
  constexpr void end_node(const auto& outer) { scope_ = outer; }

  /// So many nodes at the start may be inputs.
  constexpr void expect_inputs(std::size_t count) { inputs_ = count; }

  /// Whether the layers to come are frozen; returns whether those before were.
  constexpr bool freeze(bool frozen) { return std::exchange(frozen_, frozen); }

  /// What makes the whole definition wrong.
  constexpr void fail(const Problem& problem) { graph_.fault.problem = problem; }

  /// Returns the network, given the tensors that it returns.
  template <std::size_t Count>
  constexpr Lowered<N, Operands> finish(const std::array<int, Count>& outputs) {
    if (!graph_.fault.problem) check_names();
    for (const int output : outputs)
      if (const TensorInfo& made = graph_.tensor(output); !graph_.fault.problem && made.element != Element::real) {
        const NodeInfo& node = node_of(output);
        graph_.fault = {element_problem("an output of a network does not hold real numbers", made.element,
                                        Element::real, "end in a layer that makes real numbers of those"),
                        node.rules, node.layer, node.name, {}, {}};
      }
    if (graph_.fault.problem) return graph_;
    for (const int output : outputs) graph_.operands[static_cast<std::size_t>(operand_count_++)] = output;
    graph_.output_count = Count;
    for (std::size_t n = 0; n < graph_.node_count; ++n) graph_.nodes[n].state_offset += graph_.weight_count;
    return graph_;
  }

 private:
  static constexpr bool positive(Shape shape) {
    for (int axis = 0; axis < shape.rank; ++axis)
      if (shape[axis] <= 0) return false;
    return true;
  }

  static constexpr Problem element_problem(const char* rule, Element received, Element expected, const char* remedy) {
    return {rule, BasicText<200>(name_of(expected)) << " numbers", remedy,
            BasicText<200>(name_of(received)) << " numbers"};
  }
  static constexpr Problem too_large(const char* what, Shape shape) {
    return {"a tensor is too large", Text("fewer than 2147483647 elements"), "make its sizes smaller",
            Text(what) << shape};
  }

  /// Why the layer cannot stand here; where it can, also its output's shape.
  constexpr Problem place_problem(const LayerRules& rules, Shapes in, bool is_input, Shape& out) const {
    if (graph_.node_count == 0 && !is_input)
      return {"a network starts with its Input", Text("Input<height, width, channels> first"),
              "put Input in front; a Sequential without it is a block for use inside another", rules.type()};
    if (graph_.node_count >= inputs_ && is_input)
      return {"Input in the middle of a network", Text("one Input, the first layer"), "remove this Input",
              rules.type()};
    if (Problem problem = rules.check(in)) return problem;
    out = rules.output_shape(in);
    if (!positive(out))
      return {"a size is zero or negative", Text("an output of positive sizes"), "give positive sizes",
              Text("an output of ") << out};
    if (out.has_too_many()) return too_large("an output of ", out);
    Shape padded = in[0];
    if (const Border border = rules.border(in[0]); border != Border{}) padded = bordered(in[0], border);
    if (padded.has_too_many()) return too_large("a padded input of ", padded);
    constexpr std::size_t large = 1u << 20;  // compilers count every step, and no smaller image has so large a gradient
    if (padded.size() > large || out.size() > large)
      if (padded = bordered(out, rules.gradient_border(in[0])); padded.has_too_many())
        return too_large("a padded gradient of ", padded);
    return {};
  }

  constexpr LayerName unique_name(const LayerRules& rules) {
    const std::string_view class_name = scope_.single ? std::string_view{} : rules.class_name;
    for (stem_ = scope_.first_stem; stem_ < name_count_; ++stem_)
      if (LayerName& name = stems_[stem_].name; same(name.class_name, class_name) && same(name.prefix, scope_.name))
        return {scope_.name, class_name, ++name.ordinal};
    stems_[name_count_++] = {{scope_.name, class_name, 0}, &rules, layer_, false};
    return stems_[stem_].name;
  }

  /// Weights are found by their layers' names: no two layers that have some may share one.
  constexpr void check_names() {
    struct Key {
      detail::NameHash hash;
      std::size_t stem;
    };
    std::array<Key, N> keys{};
    std::size_t count = 0;
    for (std::size_t s = 0; s < name_count_; ++s) {
      if (!stems_[s].has_weights) continue;
      keys[count].stem = s;
      stems_[s].name.write_stem(keys[count++].hash);
    }
    const auto end = keys.begin() + static_cast<std::ptrdiff_t>(count);
    std::sort(keys.begin(), end, [](const Key& a, const Key& b) { return a.hash.whole < b.hash.whole; });
    const auto refuse = [&](std::size_t s) {
      const Stem& stem = stems_[s];
      const LayerName name{stem.name.prefix, stem.name.class_name, 0};
      graph_.fault = {{"two layers with weights have one name", Text("layers of different names"),
                       "rename a node, or the class of a layer", Text("another ") << Text(name)},
                      stem.rules, stem.layer, name, {}, {}};
    };
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0 && keys[i - 1].hash.whole == keys[i].hash.whole)
        return refuse((std::max)(keys[i - 1].stem, keys[i].stem));
      const detail::NameHash& hash = keys[i].hash;
      if (hash.before_number == 0 || hash.number == 0) continue;
      const auto other = std::lower_bound(keys.begin(), end, hash.before_number,
                                          [](const Key& key, std::uint64_t wanted) { return key.hash.whole < wanted; });
      if (other != end && other->hash.whole == hash.before_number && stems_[other->stem].name.ordinal >= hash.number)
        return refuse(keys[i].stem);
    }
  }
  constexpr const NodeInfo& node_of(int tensor) const {
    return graph_.nodes[static_cast<std::size_t>(graph_.tensor(tensor).producer)];
  }

  /// Weights first, then the state, without gaps: the arena is what a weight file holds. Gradients of trained weights
  /// only, in the same order.
  template <class Refuse>
  constexpr bool place_parameters(NodeInfo& node, Refuse refuse) {
    const Parameters parameters = node.parameters();
    if (parameters.count > Parameters::capacity)
      return refuse({"a layer has too many parameters", Text("at most ") << Parameters::capacity,
                     "join some of them to one, or make two layers of it",
                     Text() << parameters.count << " parameters"}), false;
    for (const Parameter& parameter : parameters) {
      if (parameter.shape.has_too_many()) return refuse(too_large("weights of ", parameter.shape)), false;
      for (const Parameter* other = parameters.begin(); other != &parameter; ++other)
        if (same(other->name, parameter.name))
          return refuse({"two parameters of a layer have one name", Text("different names"), "rename one of them",
                         Text("two parameters ") << parameter.name}), false;
      (parameter.trainable ? node.weight_count : node.state_count) += parameter.shape.size();
    }
    stems_[stem_].has_weights |= node.parameter_count() > 0;
    node.weight_offset = graph_.weight_count;
    node.state_offset = graph_.state_count;  // from the end of the weights: see finish
    node.gradient_offset = graph_.trainable_count;
    graph_.weight_count += node.weight_count;
    graph_.trainable_count += node.trainable_count();
    graph_.state_count += node.state_count;
    return true;
  }

  Lowered<N, Operands> graph_{};
  /// What layers of one class and prefix have in common: the name, with the last ordinal given out; the first of them.
  struct Stem {
    LayerName name{};
    const LayerRules* rules = nullptr;
    int layer = 0;
    bool has_weights = false;
  };
  /// The node, or the layer with a name of its own, that the layers to come belong to.
  struct Scope {
    std::string_view name{};
    bool single = false;
    std::size_t first_stem = 0;
  };
  Scope scope_{};
  std::array<Stem, N> stems_{};
  std::size_t stem_ = 0;  ///< of the layer at hand
  std::size_t name_count_ = 0, inputs_ = 1;
  bool frozen_ = false;
  LayerName name_{};
  int layer_ = 0;
  int operand_count_ = 0;
};

}  // namespace strata
