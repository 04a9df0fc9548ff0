// What the definition of a network offers, as constants of the compiler, and where a wrong one stops it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/algorithms.hpp>
#include <strata/core/text.hpp>
#include <strata/graph/chain.hpp>
#include <strata/graph/fusion.hpp>
#include <strata/graph/inference_plan.hpp>
#include <strata/graph/lower.hpp>
#include <strata/graph/training_plan.hpp>

namespace strata::detail {

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
template <class Graph, class Choice, std::size_t real_bytes>
inline constexpr auto inference_plan = plan_inference<Choice>(network<Graph>, fused_steps<Graph>, real_bytes);
template <class Graph>
inline constexpr auto training_places = share_places(network<Graph>);
template <class Graph>
inline constexpr auto training_plan = plan_training(network<Graph>, training_places<Graph>);

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
  /// What `Engine<Net, Choice>` runs on such numbers: fused steps and where their tensors live, on every processor the
  /// same.
  template <Algorithms Choice = Fast, class T = float>
  static constexpr const auto& inference_plan() {
    return detail::inference_plan<sound<graph>, Choice, sizeof(T)>;
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
  static constexpr std::size_t inference_arena_bytes = Batch * inference_plan<Choice>().arena_bytes;
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

}  // namespace strata::detail
