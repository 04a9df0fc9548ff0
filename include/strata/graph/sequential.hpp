// Sequential: a chain of layers as a type, and the constants of a closed network.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/algorithms.hpp>
#include <strata/graph/inference_plan.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/training_plan.hpp>

namespace strata {

/// The input of a network, without the batch: `Input<32, 32, 3>`, `Input<784>`.
template <int... Extents>
struct Input {
  static constexpr const char* class_name = "InputLayer";
  static constexpr Kind kind = Kind::input;
  static constexpr Shape output_shape(Shape) { return {Extents...}; }
  static constexpr Problem check(Shape) {
    if (sizeof...(Extents) < 1 || sizeof...(Extents) > 3)
      return {"an Input has one to three sizes", Text("Input<height, width, channels> or Input<features>"), "",
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

/// layer 4 (conv2d_1, Conv2D<32, 5>): the kernel is larger than the input: expected …, received 3x3x64; use Same …
constexpr Text sentence(const Fault& fault) {
  Text text;
  if (!fault.problem) return text;
  if (fault.rules == nullptr) text << "Graph";
  else text << "layer " << fault.layer << " (" << Text(fault.name) << ", " << fault.rules->type() << ')';
  text << ": " << fault.problem.rule << ": expected " << fault.problem.expected << ", received ";
  if (!fault.problem.received.empty()) text << fault.problem.received;
  else text << fault.input;
  if (!fault.operands.empty()) text << " of " << fault.operands;
  if (*fault.problem.remedy != 0) text << "; " << fault.problem.remedy;
  return text;
}

template <class Graph>
inline constexpr auto network = lower<Graph>();
template <class Graph>
inline constexpr auto fused_steps = fuse_steps(network<Graph>);  // apart: compilers limit what one constant takes
template <class Graph, class Choice>
inline constexpr auto inference_plan = plan_inference<Choice>(network<Graph>, fused_steps<Graph>);
template <class Graph>
inline constexpr auto training_plan = plan_training(network<Graph>);

/// Stands in for a faulty network, so that one mistake is one error.
struct Nothing : Chain<Input<1>> {};

template <class Graph>
using sound = std::conditional_t<network<Graph>.fault.problem.rule == nullptr, Graph, Nothing>;

/// A network whose definition has had its error.
template <class Net>
inline constexpr bool refused = std::is_same_v<sound<typename Net::graph>, Nothing>;

/// A definition with a fault: g++ prints the sentence as the name of this type.
template <FixedString Sentence, class Graph>
struct invalid_network {
  static_assert(sizeof(Graph) == 0, "the definition of a network is wrong: see the sentence above");
};

/// The one place where a wrong definition stops the compiler: true, or no constant. clang before C++26 cannot print a
/// computed sentence, but prints the arguments of such a call.
template <class Graph>
constexpr bool no_fault_in_layer([[maybe_unused]] int index = network<Graph>.fault.layer,
                                 [[maybe_unused]] const char* class_name = network<Graph>.fault.class_name(),
                                 [[maybe_unused]] const char* rule = network<Graph>.fault.problem.rule,
                                 [[maybe_unused]] const char* remedy = network<Graph>.fault.problem.remedy,
                                 [[maybe_unused]] Shape input = network<Graph>.fault.input) {
#if __cpp_static_assert >= 202306L
  constexpr Text text = sentence(network<Graph>.fault);
  static_assert(text.empty(), std::string_view(text));
#elif !defined __clang__
  constexpr Text text = sentence(network<Graph>.fault);
  if constexpr (!text.empty()) [[maybe_unused]]
    invalid_network<FixedString<text.length>{std::string_view(text)}, Graph> definition;
#else
  if (rule != nullptr) __builtin_trap();
#endif
  return true;
}

/// A closed network is looked at where it is defined, a block where it is used.
template <class Graph, class First = boost::mp11::mp_front<boost::mp11::mp_push_back<typename Graph::leaves, void>>,
          bool closed = rules<First>::kind == Kind::input>
struct defined {
  using type = Graph;
  using examined = Nothing;
};
template <class Graph, class First>
struct defined<Graph, First, true> {
  using type = sound<Graph>;
  using examined = Graph;
};

/// What a definition offers. All members but the first are constants of the closed network (Keras
/// `Model.count_params()`, `Model.output_shape`, …).
template <class Source>
struct Definition {
  using graph = Source;
  using leaves = typename graph::leaves;
  static constexpr std::size_t extra_operands = graph::extra_operands;

  template <class Builder>
  static constexpr int emit(Builder& builder, int tensor)
    requires requires { graph::emit(builder, tensor); }
  {
    return graph::emit(builder, tensor);
  }
  template <class Builder>
  static constexpr auto outputs(Builder& builder) {
    return graph::outputs(builder);
  }

  /// The network as values: nodes, tensors, parameters.
  static constexpr const auto& network() {
    static_assert(no_fault_in_layer<graph>());  // why: the last note
    return detail::network<sound<graph>>;
  }
  /// What `Engine<Net, Choice>` runs: fused steps and where their tensors live, on every processor the same.
  template <Algorithms Choice = Fast>
  static constexpr const auto& inference_plan() {
    return detail::inference_plan<sound<graph>, Choice>;
  }
  /// The order of a training step, and where its tensors and their gradients live.
  static constexpr const auto& training_plan() { return detail::training_plan<sound<graph>>; }

  /// Of the only, or the first, input and output.
  static constexpr Shape input_shape = network().tensor(0).shape;
  static constexpr Shape output_shape = network().tensor(network().output()).shape;
  static constexpr std::size_t input_count = graph::input_count, output_count = graph::output_count;
  static constexpr std::array<Shape, input_count> input_shapes = [] {
    std::array<Shape, input_count> shapes{};
    for (std::size_t i = 0; i < input_count; ++i) shapes[i] = network().tensors[i].shape;
    return shapes;
  }();
  static constexpr std::array<Shape, output_count> output_shapes = [] {
    std::array<Shape, output_count> shapes{};
    for (std::size_t k = 0; k < output_count; ++k) shapes[k] = network().tensor(network().output(k)).shape;
    return shapes;
  }();
  static constexpr std::size_t param_count = network().parameter_count();
  static constexpr std::size_t trainable_param_count = network().trainable_count;
  static constexpr std::size_t non_trainable_param_count = param_count - trainable_param_count;
  /// Bytes of activations between the steps of `Engine<Net, Choice>`, input and output apart: of a call, whatever its
  /// batch, or of `Batch` calls at once. `Engine::workspace_bytes` adds the working memory of the steps.
  template <std::size_t Batch = 1, Algorithms Choice = Fast>
  static constexpr std::size_t inference_arena_bytes =
      Batch * sizeof(float) * inference_plan<Choice>().arena_size;
  /// Bytes of activations and their gradients in a training step of one thread, the input and parameters apart.
  template <std::size_t Batch = 1>
  static constexpr std::size_t training_arena_bytes =
      sizeof(float) * (Batch * training_plan().whole_size + training_plan().single_size);
  /// Layers as Keras counts them: Input and fused activations are none.
  static constexpr std::size_t layer_count = network().layer_count;
  /// Multiply-adds of one sample's forward pass.
  static constexpr std::size_t mac_count = network().mac_count;
};

template <class Net>
concept HasGraph = requires { typename Net::graph; };
template <class Net>
concept Defined = requires {
  typename Net::graph;
  requires std::is_same_v<typename Net::graph, sound<typename Net::graph>>;
};
struct Undefined : Definition<Nothing> {};

/// Where a type that is no network, or a block, meets its error. A `struct Net : Sequential<...>` whose base a compiler
/// itself refuses has had one and is left an empty class.
template <class Net>
constexpr bool examined() {
  static_assert(HasGraph<Net> || std::is_empty_v<Net>,
                "this type is no network: expected one such as struct Net : Sequential<Input<...>, ...> {}, as in "
                "Model<Net>, Engine<Net> and summary<Net>()");
  if constexpr (HasGraph<Net>) return no_fault_in_layer<typename Net::graph>();
  return true;
}

/// What takes a network takes a `network_of<Net, examined<Net>()>`, so that one mistake is one error: an empty network
/// in place of what is none. (The constant stands at each use, where clang needs the fewest lines for it.)
template <class Net, bool>
struct network_of {
  using type = std::conditional_t<Defined<Net>, Net, Undefined>;
};

/// An empty class that was never meant for a network meets one when code is generated.
[[gnu::error("this type is no network: expected struct Net : Sequential<Input<...>, ...> {} or a Graph")]]
void is_no_network();
template <class Net>
void examine_network() {
  if constexpr (!HasGraph<Net>) is_no_network();
}

}  // namespace detail

/// A network when it starts with Input, else a block that other networks use as a layer.
///
///     struct Net : Sequential<Input<32, 32, 3>, Conv2D<32, 3, Same>, BatchNorm, Sigmoid> {};
///     static_assert(Net::param_count == 1'024);
template <class... Layers>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Sequential : detail::Definition<typename detail::defined<detail::Chain<Layers...>>::type> {
  /// The definition is looked at here. (In the type of a function: of a class with a wrong member of another kind clang
  /// drops all that derives from it, and every use of the network would be one more error.)
  static auto examined() -> std::bool_constant<
      detail::no_fault_in_layer<typename detail::defined<detail::Chain<Layers...>>::examined>()>;  // why: the last note
};

namespace detail {
template <class Start, class... Layers>
Sequential<Layers...> body_of(const Sequential<Start, Layers...>&);
}  // namespace detail

/// What a chain has behind its Input, as a block: the body of an imported network, for another head.
///
///     struct Transfer : Sequential<Input<96, 96, 3>, Frozen<BodyOf<Net>>, GlobalAveragePooling2D, Dense<10>> {};
template <class Net>
using BodyOf = decltype(detail::body_of(std::declval<const Net&>()));

}  // namespace strata
