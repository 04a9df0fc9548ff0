// Graph: a network of named nodes, for what is no chain of blocks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/text.hpp>
#include <strata/core/type_name.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/sequential.hpp>

namespace strata {

/// A layer, block or merge of a Graph with the names of the nodes that it reads. The name becomes the layer's: weights
/// are `a/kernel`. In a block with several layers it is the prefix of theirs: `a_conv2d/kernel`.
template <FixedString Name, Spelled<"MaxPooling2D<>"> Layer, FixedString... Inputs>
struct Node;

/// The nodes whose values a Graph returns.
template <FixedString... Names>
struct Outputs;

template <class... Nodes>
  requires layers_are_spelled<"Node<...>, Outputs<...>">
struct Graph;

namespace detail {

/// A Graph's nodes, inputs first and each after those it reads; a node's operands are `reads[first[n]]` to
/// `reads[first[n + 1] - 1]`.
template <std::size_t N, std::size_t Reads, std::size_t Results>
struct NodeOrder {
  Problem problem{};
  std::array<std::size_t, N> order{};
  std::array<std::size_t, Reads> reads{};
  std::array<std::size_t, N + 1> first{};
  std::array<std::size_t, Results> results{};  ///< nodes
};

/// What is known of a Graph before its layers are.
template <std::size_t N, std::size_t Reads, std::size_t Results>
struct NodeNames {
  std::array<std::string_view, N> names;
  std::array<std::size_t, N> counts;  ///< how many nodes each reads
  std::array<bool, N> inputs;         ///< is an Input
  std::array<bool, N> merges;         ///< may read several
  std::array<std::string_view, Reads> reads;
  std::array<std::string_view, Results> results;
};

/// Finds names in linear-logarithmic time; compilers count every step.
template <std::size_t N>
class NameIndex {
 public:
  constexpr explicit NameIndex(const std::array<std::string_view, N>& names) : names_(names) {
    for (std::size_t n = 0; n < N; ++n) sorted_[n] = n;
    std::sort(sorted_.begin(), sorted_.end(), [&](std::size_t a, std::size_t b) { return names_[a] < names_[b]; });
  }
  /// The node of this name, or N.
  constexpr std::size_t find(std::string_view name) const {
    const auto place = std::lower_bound(sorted_.begin(), sorted_.end(), name,
                                        [&](std::size_t node, std::string_view key) { return names_[node] < key; });
    return place != sorted_.end() && names_[*place] == name ? *place : N;
  }
  /// A node with the name of another, or N.
  constexpr std::size_t repeated() const {
    for (std::size_t i = 1; i < N; ++i)
      if (names_[sorted_[i - 1]] == names_[sorted_[i]]) return sorted_[i];
    return N;
  }

 private:
  const std::array<std::string_view, N>& names_;
  std::array<std::size_t, N> sorted_{};
};

template <std::size_t N, std::size_t Reads, std::size_t Results>
class NodeSorter {
 public:
  constexpr explicit NodeSorter(const NodeNames<N, Reads, Results>& nodes) : nodes_(nodes) {
    resolve();
    if (!sorted_.problem) check_arities();
    for (const bool inputs : {true, false})
      for (std::size_t n = 0; n < N && !sorted_.problem; ++n)
        if (nodes_.inputs[n] == inputs) visit(n);
    if (!sorted_.problem) check_reach();
  }
  constexpr const NodeOrder<N, Reads, Results>& result() const { return sorted_; }

 private:
  enum class Mark { unseen, open, done };

  constexpr void resolve() {
    for (std::size_t n = 0; n < N; ++n) sorted_.first[n + 1] = sorted_.first[n] + nodes_.counts[n];
    const NameIndex<N> index(nodes_.names);
    if (const std::size_t n = index.repeated(); n < N) {
      sorted_.problem = {"a name is used twice", Text("nodes of different names"), "rename one of them",
                         Text("two nodes ") << nodes_.names[n]};
      return;
    }
    for (const std::string_view name : nodes_.names)
      if ((sorted_.problem = name_problem(name))) return;
    const auto unknown = [&](std::string_view name, const Text& reader) {
      sorted_.problem = {"no node has this name", Text("the name of a node"), "add the node, or look at the spelling",
                         Text(name) << ", read by " << reader};
    };
    for (std::size_t n = 0; n < N; ++n)
      for (std::size_t r = sorted_.first[n]; r < sorted_.first[n + 1]; ++r)
        if ((sorted_.reads[r] = index.find(nodes_.reads[r])) == N)
          return unknown(nodes_.reads[r], Text("node ") << nodes_.names[n]);
    for (std::size_t k = 0; k < Results; ++k) {
      const std::string_view name = nodes_.results[k];
      if ((sorted_.results[k] = index.find(name)) == N) return unknown(name, Text("Outputs"));
      const auto before = sorted_.results.begin() + static_cast<std::ptrdiff_t>(k);
      if (std::find(sorted_.results.begin(), before, sorted_.results[k]) != before)
        sorted_.problem = {"an output is named twice", Text("different names in Outputs"), "remove one of them",
                           Text("two outputs ") << name};
      else if (Results > 1 && nodes_.inputs[sorted_.results[k]])
        sorted_.problem = {"an output is an Input", Text("names of nodes with layers in Outputs"), "remove it",
                           Text("output ") << name};
      if (sorted_.problem) return;
    }
  }

  constexpr void check_arities() {
    std::size_t inputs = 0;
    for (std::size_t n = 0; n < N; ++n) {
      const std::size_t count = nodes_.counts[n];
      inputs += nodes_.inputs[n];
      if (nodes_.inputs[n] ? count > 0 : count == 0)
        sorted_.problem = {nodes_.inputs[n] ? "an Input reads no node" : "a node reads nothing",
                           Text(nodes_.inputs[n] ? "no name after an Input" : "after the layer, the name of a node"),
                           nodes_.inputs[n] ? "remove the names" : "name the nodes that it reads",
                           Text("node ") << nodes_.names[n] << " with " << count << (count == 1 ? " name" : " names")};
      else if (count > 1 && !nodes_.merges[n])
        sorted_.problem = {"only a merge reads several nodes", Text("one name after the layer"),
                           "join them first in a node Concatenate<>, Add<> or the like",
                           Text("node ") << nodes_.names[n] << " with " << count << " names"};
      if (sorted_.problem) return;
    }
    if (inputs == 0)
      sorted_.problem = {"a Graph starts with an Input", Text("a node with an Input"), "add one", Text("none")};
  }

  /// Depth first, with a stack of its own: compilers limit the depth of recursion.
  constexpr void visit(std::size_t start) {
    if (marks_[start] != Mark::unseen) return;
    std::array<std::size_t, N> path{};
    std::size_t depth = 0;
    const auto enter = [&](std::size_t node) {
      marks_[node] = Mark::open;
      next_[node] = sorted_.first[node];
      path[depth++] = node;
    };
    enter(start);
    while (depth > 0) {
      const std::size_t node = path[depth - 1];
      if (next_[node] == sorted_.first[node + 1]) {
        marks_[node] = Mark::done;
        sorted_.order[sorted_count_++] = node;
        --depth;
        continue;
      }
      const std::size_t read = sorted_.reads[next_[node]++];
      if (marks_[read] == Mark::unseen) enter(read);
      else if (marks_[read] == Mark::open) {
        Text cycle(nodes_.names[read]);
        std::size_t place = 0;
        while (path[place] != read) ++place;
        for (++place; place < depth; ++place) cycle << " reads " << nodes_.names[path[place]];
        sorted_.problem = {"nodes form a cycle", Text("nodes that read what comes before them"),
                           "remove one of these readings", cycle << " reads " << nodes_.names[read]};
        return;
      }
    }
  }

  constexpr void check_reach() {
    std::array<bool, N> reaches{};
    for (const std::size_t node : sorted_.results) reaches[node] = true;
    for (std::size_t i = N; i-- > 0;) {
      const std::size_t node = sorted_.order[i];
      if (!reaches[node]) {
        sorted_.problem = {"a node reaches no output", Text("a way from every node to Outputs"),
                           "remove the node, or let another read it", Text("node ") << nodes_.names[node]};
        return;
      }
      for (std::size_t r = sorted_.first[node]; r < sorted_.first[node + 1]; ++r) reaches[sorted_.reads[r]] = true;
    }
  }

  const NodeNames<N, Reads, Results>& nodes_;
  NodeOrder<N, Reads, Results> sorted_{};
  std::array<Mark, N> marks_{};
  std::array<std::size_t, N> next_{};  ///< reading to be looked at
  std::size_t sorted_count_ = 0;
};

template <class N>
struct node_parts;
template <FixedString Name, class L, FixedString... Reads>
struct node_parts<Node<Name, L, Reads...>> {
  using layer = L;
  using all_leaves = typename leaves_of<L>::type;
  static constexpr std::string_view name = Name;
  static constexpr std::array<std::string_view, sizeof...(Reads)> reads{std::string_view(Reads)...};
  static constexpr bool input = rules<leaf_t<L>>::kind == Kind::input;
  static constexpr bool merge = MergeLayer<L>;
  static constexpr std::size_t extra = merge ? std::max<std::size_t>(sizeof...(Reads), 1) - 1
                                             : detail::extra_operands<L>::value;

  template <class Builder>
  static constexpr int emit(Builder& builder, const int* operands) {
    builder.begin_node(name, is_one_layer<all_leaves>);
    if constexpr (merge && sizeof...(Reads) > 0) {
      std::array<int, sizeof...(Reads)> inputs{};
      std::copy_n(operands, sizeof...(Reads), inputs.begin());
      return builder.merge(layer_rules<L>, inputs);
    } else {
      return detail::emit<L>(builder, *operands);
    }
  }
};

template <class Part>
struct is_node : std::false_type {};
template <FixedString Name, class L, FixedString... Reads>
struct is_node<Node<Name, L, Reads...>> : std::true_type {};
template <class Part>
struct is_part : is_node<Part> {};
template <FixedString... Names>
struct is_part<Outputs<Names...>> : std::true_type {};

/// What a Graph is made of, its last part first. Here: not Outputs and then nodes.
template <class... Parts>
struct NamedNodes {
  using leaves = Nothing::leaves;
  static constexpr std::size_t input_count = 1, output_count = 1;
  static constexpr std::size_t extra_operands = 0;
  using others = boost::mp11::mp_remove_if<boost::mp11::mp_list<Parts...>, is_part>;
  using wrong = boost::mp11::mp_front<boost::mp11::mp_append<others, boost::mp11::mp_list<Parts..., Graph<>>>>;

  template <class Builder>
  static constexpr std::array<int, 1> outputs(Builder& builder) {
    builder.fail({"a Graph is made of nodes and Outputs", Text("Node<name, layer, names...>, ..., Outputs<names...>"),
                  "give every layer a Node, and put the Outputs at the end", type_name<wrong>()});
    return {};
  }
};
template <FixedString... Results, class... Nodes>
  requires(sizeof...(Results) > 0 &&
           sum_of(std::array<std::size_t, sizeof...(Nodes)>{is_node<Nodes>::value...}) == sizeof...(Nodes))
struct NamedNodes<Outputs<Results...>, Nodes...> {
  static constexpr std::size_t count = sizeof...(Nodes), output_count = sizeof...(Results);
  static constexpr std::size_t input_count = sum_of(std::array<std::size_t, count>{node_parts<Nodes>::input...});
  static constexpr std::size_t read_count =
      sum_of(std::array<std::size_t, count>{node_parts<Nodes>::reads.size()...});

  static constexpr auto order = [] {
    NodeNames<count, read_count, output_count> nodes{{node_parts<Nodes>::name...},
                                                           {node_parts<Nodes>::reads.size()...},
                                                           {node_parts<Nodes>::input...},
                                                           {node_parts<Nodes>::merge...},
                                                           {},
                                                           {std::string_view(Results)...}};
    std::size_t next = 0;
    const auto append = [&](const auto& reads) {
      for (const std::string_view read : reads) nodes.reads[next++] = read;
      return 0;
    };
    (void)std::initializer_list<int>{0, append(node_parts<Nodes>::reads)...};
    return NodeSorter(nodes).result();
  }();

  template <class Indices>
  struct in_order;
  template <std::size_t... I>
  struct in_order<std::index_sequence<I...>> {
    using all = boost::mp11::mp_list<Nodes...>;
    using leaves = boost::mp11::mp_append<
        typename node_parts<boost::mp11::mp_at_c<all, order.order[I]>>::all_leaves...>;
  };
  static constexpr bool sound = order.problem.rule == nullptr;
  using leaves = typename std::conditional_t<sound, in_order<std::make_index_sequence<count>>, Nothing>::leaves;
  static constexpr std::size_t extra_operands =
      sum_of(std::array<std::size_t, count>{node_parts<Nodes>::extra...}) + output_count - 1;

  template <class Builder>
  static constexpr auto outputs(Builder& builder) {
    std::array<int, output_count> results{};
    if (!sound) return builder.fail(order.problem), results;
    builder.expect_inputs(input_count);
    using Step = int (*)(Builder&, const int*);
    constexpr std::array<Step, count> steps{&node_parts<Nodes>::template emit<Builder>...};
    std::array<int, count> tensors{};
    std::array<int, read_count + 1> operands{};
    for (const std::size_t node : order.order) {
      for (std::size_t r = order.first[node]; r < order.first[node + 1]; ++r)
        operands[r - order.first[node]] = tensors[order.reads[r]];
      tensors[node] = steps[node](builder, operands.data());
    }
    for (std::size_t k = 0; k < results.size(); ++k) results[k] = tensors[order.results[k]];
    return results;
  }
};

template <class... Parts>
using named_nodes =
    boost::mp11::mp_rename<boost::mp11::mp_rotate_right_c<boost::mp11::mp_list<Parts...>, 1>, NamedNodes>;

}  // namespace detail

/// A network of named nodes in any order. Each names the nodes that it reads; merges (`Add<>`, `Concatenate<>`,
/// `Multiply<>`, `Average<>`, `Maximum<>`) read several. Keras: the functional API.
///
///     struct Net : Graph<Node<"x", Input<32, 32, 3>>,
///                        Node<"a", Conv2D<8, 3, Same>, "x">,
///                        Node<"y", Concatenate<>, "a", "x">,
///                        Outputs<"y">> {};
///
/// Several inputs are in the order of their nodes, several outputs in that of `Outputs<"y", "z">`.
/// A cycle, an unknown or repeated name, or a node that reaches no output is an error of the definition.
template <class... Nodes>
  requires layers_are_spelled<"Node<...>, Outputs<...>">
struct Graph : detail::Definition<detail::sound<detail::named_nodes<Nodes...>>> {
  static auto examined()
      -> std::bool_constant<detail::no_fault_in_layer<detail::named_nodes<Nodes...>>()>;  // why: the last note
};

}  // namespace strata
