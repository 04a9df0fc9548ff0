// A chain of layers, blocks and branches, and how it is lowered: what Sequential, Graph and Frozen are made of.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/layer.hpp>
#include <strata/core/text.hpp>
#include <strata/core/type_name.hpp>
#include <strata/graph/builder.hpp>
#include <strata/graph/lower.hpp>

namespace strata {

/// The input of a network, without the batch: `Input<32, 32, 3>`, `Input<784>`.
template <int... Extents>
struct Input {
  static constexpr const char* class_name = "InputLayer";
  static constexpr Kind kind = Kind::input;
  static constexpr Shape output_shape(Shape) { return {Extents...}; }
  static constexpr Problem check(Shape) {
    if (sizeof...(Extents) < 1 || sizeof...(Extents) > Shape::max_rank)
      return {"an Input has one to five sizes", Text("Input<height, width, channels> or Input<features>"), "",
              Text() << sizeof...(Extents) << " sizes"};
    return {};
  }
};

template <class... Layers>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Sequential;

namespace detail {

/// Takes the place of anything else in a list of layers.
template <class L>
struct NotALayer {
  using wraps = L;
  static constexpr const char* class_name = "Unknown";
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Problem check(Shape) {
    return {"this type is not a layer", Text("class_name and output_shape(Shape)"), "see strata/core/layer.hpp",
            type_name<L>()};
  }
};

template <class L>
struct leaf {
  using type = std::conditional_t<Layer<L>, L, NotALayer<L>>;
};
template <class L>
struct leaf<Hidden<L>> {
  using type = Hidden<typename leaf<L>::type>;
};
template <class L>
using leaf_t = typename leaf<L>::type;

template <class... Layers>
struct Chain;

/// Branches over one input and the merge of their outputs: `L::branches` is a list of chains, themselves lists.
template <class L>
concept Branching = requires {
  typename L::branches;
  typename L::merge;
};

/// Several outputs: branches over one input, which no merge takes.
template <class L>
concept SeveralOutputs = requires { typename L::branches; } && !requires { typename L::merge; };

/// Takes its place where a layer has one output.
template <SeveralOutputs L>
struct leaf<L> {
  struct type {
    using wraps = L;
    static constexpr const char* class_name = "SeveralOutputs";
    static constexpr Shape output_shape(Shape in) { return in; }
    static constexpr Problem check(Shape) {
      return {"a layer with several outputs is a node of a Graph", "a layer with one output",
              "give it a Node, and read its outputs by number, as s:0", type_name<L>()};
    }
  };
};

template <class L>
struct leaves_of {
  using type = boost::mp11::mp_list<leaf_t<L>>;
};
template <class L>
  requires requires { typename L::leaves; }
struct leaves_of<L> {
  using type = boost::mp11::mp_transform<leaf_t, typename L::leaves>;
};
template <class... Layers>
struct leaves_of<boost::mp11::mp_list<Layers...>> {
  using type = boost::mp11::mp_append<boost::mp11::mp_list<>, typename leaves_of<Layers>::type...>;
};
template <Branching L>
struct leaves_of<L> {
  using type = boost::mp11::mp_push_back<typename leaves_of<boost::mp11::mp_flatten<typename L::branches>>::type,
                                         leaf_t<typename L::merge>>;
};

template <std::size_t N>
constexpr std::size_t sum_of(const std::array<std::size_t, N>& counts) {
  std::size_t sum = 0;
  for (const std::size_t count : counts) sum += count;
  return sum;
}

/// One layer of a summary, with what hides behind it.
template <class Leaves>
inline constexpr bool is_one_layer = false;
template <class... Leaves>
inline constexpr bool is_one_layer<boost::mp11::mp_list<Leaves...>> =
    (0 + ... + static_cast<int>(layer_rules<Leaves>.visible)) == 1;

/// Why this cannot be a layer's name.
constexpr Problem name_problem(std::string_view name) {
  if (!name.empty() && std::find(name.begin(), name.end(), '/') == name.end()) return {};
  return {"no name of a layer", Text("a name without '/', which stands before a parameter's"), "rename the node",
          Text("the name \"") << name << '"'};
}

/// Operands that the merges in `L` have beyond one each.
template <class L>
struct extra_operands {
  static constexpr std::size_t value = [] {
    if constexpr (requires { L::extra_operands; }) return L::extra_operands;
    else return 0;
  }();
};
template <class... Layers>
struct extra_operands<boost::mp11::mp_list<Layers...>> {
  static constexpr std::size_t value =
      sum_of(std::array<std::size_t, sizeof...(Layers)>{extra_operands<Layers>::value...});
};
template <Branching L>
struct extra_operands<L> {
  static constexpr std::size_t value = extra_operands<boost::mp11::mp_flatten<typename L::branches>>::value +
                                       boost::mp11::mp_size<typename L::branches>::value - 1;
};

template <class List>
struct emit_leaves;
template <class... Leaves>
struct emit_leaves<boost::mp11::mp_list<Leaves...>> {
  template <class Builder>
  static constexpr int into(Builder& builder, int tensor) {
    const std::array<const LayerRules*, sizeof...(Leaves)> all{&layer_rules<Leaves>...};
    for (const LayerRules* rules : all) tensor = builder.leaf(*rules, tensor);
    return tensor;
  }
};

template <class Branches>
struct emit_branches;
template <class... Branches>
struct emit_branches<boost::mp11::mp_list<Branches...>> {
  template <class Merge, class Builder>
  static constexpr int into(Builder& builder, int tensor) {
    const std::array outputs{boost::mp11::mp_rename<Branches, Chain>::emit(builder, tensor)...};
    return builder.merge(layer_rules<leaf_t<Merge>>, outputs);
  }
};

/// Emits a layer, a layer that stands for several leaves, branches, or a combinator that has an `emit` of its own.
template <class L, class Builder>
constexpr int emit(Builder& builder, int tensor) {
  if constexpr (Branching<L>)
    return emit_branches<typename L::branches>::template into<typename L::merge>(builder, tensor);
  else if constexpr (requires { L::emit(builder, tensor); }) return L::emit(builder, tensor);
  else return emit_leaves<typename leaves_of<L>::type>::into(builder, tensor);
}

/// A chain without the checks of a definition.
template <class... Layers>
struct Chain {
  using leaves = typename leaves_of<boost::mp11::mp_list<Layers...>>::type;
  static constexpr std::size_t input_count = 1, output_count = 1;
  static constexpr std::size_t extra_operands = detail::extra_operands<boost::mp11::mp_list<Layers...>>::value;

  template <class Builder>
  static constexpr int emit(Builder& builder, int tensor) {
    using Step = int (*)(Builder&, int);
    for (const Step step : std::array<Step, sizeof...(Layers)>{&detail::emit<Layers, Builder>...})
      tensor = step(builder, tensor);
    return tensor;
  }
  /// Emits all as a network; returns what it returns.
  template <class Builder>
  static constexpr std::array<int, 1> outputs(Builder& builder) {
    return {emit(builder, 0)};
  }
};

template <class Graph>
constexpr auto lower() {
  using boost::mp11::mp_size;
  constexpr bool empty = mp_size<typename Graph::leaves>::value == 0;
  using Source = std::conditional_t<empty, Chain<NotALayer<Sequential<>>>, Graph>;
  constexpr std::size_t leaves = mp_size<typename Source::leaves>::value;
  Builder<leaves, leaves + Source::extra_operands> builder;
  return builder.finish(Source::outputs(builder));
}

}  // namespace detail

}  // namespace strata
