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
#include <strata/graph/node_order.hpp>
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

/// What an output of a node is called: s:1.
template <FixedString Name, std::size_t K>
inline constexpr auto output_name = [] {
  constexpr Text text = Text(Name) << ':' << K;
  return FixedString<text.length>{std::string_view(text)};
}();

/// Output K of Count of a node with several: a node with one.
template <FixedString Name, class Branch, std::size_t K, std::size_t Count, FixedString... Reads>
struct NodeOutput;

template <class Part>
struct one_for_each_output {
  using type = boost::mp11::mp_list<Part>;
};
template <FixedString Name, SeveralOutputs L, FixedString... Reads>
struct one_for_each_output<Node<Name, L, Reads...>> {
  static constexpr std::size_t count = boost::mp11::mp_size<typename L::branches>::value;
  template <class K>
  using output = NodeOutput<Name, boost::mp11::mp_rename<boost::mp11::mp_at<typename L::branches, K>, Chain>, K::value,
                            count, Reads...>;
  using type = boost::mp11::mp_transform<output, boost::mp11::mp_iota_c<count>>;
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
  static constexpr std::size_t several = 0;
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

template <FixedString Name, class Branch, std::size_t K, std::size_t Count, FixedString... Reads>
struct node_parts<NodeOutput<Name, Branch, K, Count, Reads...>>
    : node_parts<Node<output_name<Name, K>, Branch, Reads...>> {
  static constexpr std::size_t several = Count;
};

template <class Part>
struct is_node : std::false_type {};
template <FixedString Name, class L, FixedString... Reads>
struct is_node<Node<Name, L, Reads...>> : std::true_type {};
template <FixedString Name, class Branch, std::size_t K, std::size_t Count, FixedString... Reads>
struct is_node<NodeOutput<Name, Branch, K, Count, Reads...>> : std::true_type {};
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
                                                           {node_parts<Nodes>::several...},
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
  using leaves = typename std::conditional_t<sound, in_order<std::make_index_sequence<order.count>>, Nothing>::leaves;
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
    for (std::size_t i = 0; i < order.count; ++i) {
      const std::size_t node = order.order[i];
      for (std::size_t r = order.first[node]; r < order.first[node + 1]; ++r)
        operands[r - order.first[node]] = tensors[order.reads[r]];
      tensors[node] = steps[node](builder, operands.data());
    }
    for (std::size_t k = 0; k < results.size(); ++k) results[k] = tensors[order.results[k]];
    return results;
  }
};

template <class... Parts>
using named_nodes = boost::mp11::mp_rename<
    boost::mp11::mp_rotate_right_c<boost::mp11::mp_append<typename one_for_each_output<Parts>::type...>, 1>,
    NamedNodes>;

}  // namespace detail

/// A network of named nodes in any order. Each names the nodes that it reads; merges (`Add<>`, `Concatenate<>`,
/// `Multiply<>`, `Average<>`, `Maximum<>`) read several. Keras: the functional API.
///
///     struct Net : Graph<Node<"x", Input<32, 32, 3>>,
///                        Node<"a", Conv2D<8, 3, Same>, "x">,
///                        Node<"y", Concatenate<>, "a", "x">,
///                        Outputs<"y">> {};
///
/// Several inputs are in the order of their nodes, several outputs in that of `Outputs<"y", "z">`. The outputs of a
/// layer that has several, `Node<"s", Split<2>, "x">`, are read as `"s:0"` and `"s:1"`.
/// A cycle, an unknown or repeated name, or a node that reaches no output is an error of the definition.
template <class... Nodes>
  requires layers_are_spelled<"Node<...>, Outputs<...>">
struct Graph : detail::Definition<detail::sound<detail::named_nodes<Nodes...>>> {
  static auto examined()
      -> std::bool_constant<detail::no_fault_in_layer<detail::named_nodes<Nodes...>>()>;  // why: the last note
};

}  // namespace strata
