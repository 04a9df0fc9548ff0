// Whether a loss can train a network, and how: looked at by the compiler, and its options before anything runs.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <strata/core/error.hpp>
#include <strata/core/one_or_more.hpp>
#include <strata/graph/sequential.hpp>
#include <strata/runtime/model.hpp>
#include <strata/train/loss.hpp>
#include <strata/train/output_losses.hpp>

namespace strata::detail {

template <class T>
concept IsLoss = requires { losses_of<T>::template type<0>::targets_per_sample(Shape{}); };
template <class T>
concept IsOptimizer = requires {
  { T::slots } -> std::convertible_to<std::size_t>;
};

/// Whether these are a loss and an optimiser; where not, an error says so, and nothing is to be made of them.
template <class Loss, class Optimizer>
constexpr bool examine_roles() {
  static_assert(!IsLoss<Optimizer> || !IsOptimizer<Loss>,
                "loss and optimiser are exchanged: write fit(model, data, Adam{}, SparseCategoricalCrossentropy{}) and "
                "Trainer{model, SparseCategoricalCrossentropy{}, Adam{}}");
  static_assert(IsLoss<Loss> || IsOptimizer<Loss>, "not a loss: strata/train/loss.hpp says what a loss has");
  static_assert(IsOptimizer<Optimizer> || IsLoss<Optimizer>,
                "not an optimiser: strata/train/optimizers.hpp says what an optimiser has");
  return IsLoss<Loss> && IsOptimizer<Optimizer>;
}

/// What training takes first: `M` is the type of an argument.
template <class M>
inline constexpr bool is_model = false;
template <class Net, class T>
inline constexpr bool is_model<Model<Net, T>&> = true;

/// Takes the place of the network where there is none.
struct NoModel {};
template <class M>
constexpr bool examine_model() {
  static_assert(is_model<M>, "expected a model that can change, such as Model<Net> model; give that to fit or Trainer, "
                             "not the network's type, a constant or a temporary");
  return is_model<M>;
}

template <class Net, class Loss>
constexpr Problem training_problem() {
  if (refused<Net>) return {};
  if (Net::trainable_param_count == 0)
    return {"nothing to train", Text("a network with trainable parameters"), "add a layer that has some, such as Dense",
            Text("none")};
  if constexpr (losses_of<Loss>::count != Net::output_count)
    return {"each output has one loss", Text() << Net::output_count, "give Losses{...}, one for each name in Outputs",
            Text() << losses_of<Loss>::count};
  else
    return []<std::size_t... K>(std::index_sequence<K...>) {
      Problem problem;
      const auto look = [&]<std::size_t I>() {
        using L = typename losses_of<Loss>::template type<I>;
        if constexpr (requires { L::check(Shape{}); })
          if (!problem) problem = L::check(Net::output_shapes[I]);
      };
      (look.template operator()<K>(), ...);
      return problem;
    }(std::make_index_sequence<Net::output_count>{});
}

template <class Net, class Loss>
inline constexpr Problem problem_in_training = training_problem<Net, Loss>();

/// SparseCategoricalCrossentropy: a softmax over one class is always 1: expected …, received 1; use BinaryCrossentropy
/// …
template <class Net, class Loss>
constexpr Text training_sentence() {
  constexpr const Problem& problem = problem_in_training<Net, Loss>;
  Text text;
  if (!problem) return text;
  text << type_name<Loss>() << ": " << problem.rule << ": expected " << problem.expected << ", received ";
  if (problem.received.empty())
    text << "an output of " << Net::output_shape;
  else
    text << problem.received;
  return text << "; " << problem.remedy;
}

/// A loss that does not suit its network: g++ prints the sentence as the name of this type.
template <FixedString Sentence, class Net, class Loss>
struct invalid_training {
  static_assert(sizeof(Loss) == 0, "this loss cannot train this network: see the sentence above");
};

/// The one place where a wrong loss stops the compiler, as `no_fault_in_layer` does.
template <class Net, class Loss>
constexpr bool no_fault_in_training([[maybe_unused]] const char* rule = problem_in_training<Net, Loss>.rule,
                                    [[maybe_unused]] const char* remedy = problem_in_training<Net, Loss>.remedy,
                                    [[maybe_unused]] Shape output = Net::output_shape) {
#if __cpp_static_assert >= 202306L
  constexpr Text text = training_sentence<Net, Loss>();
  static_assert(text.empty(), std::string_view(text));
#elif !defined __clang__
  constexpr Text text = training_sentence<Net, Loss>();
  if constexpr (!text.empty()) [[maybe_unused]]
    invalid_training<FixedString<text.length>{std::string_view(text)}, Net, Loss> definition;
#else
  if (rule != nullptr) __builtin_trap();
#endif
  return true;
}

/// Whether an output's node is one that the loss can undo, for an exact gradient that never overflows; nobody else may
/// read what the two read.
template <class Net, class Loss, std::size_t Output = 0>
inline constexpr bool ends_in_link = [] {
  constexpr const auto& network = Net::network();
  if constexpr (requires { Loss::link; }) {
    std::size_t tensor = static_cast<std::size_t>(network.output(Output));
    if (tensor < network.input_count || Loss::link == Link::none || network.nodes[tensor].rules->link != Loss::link ||
        network.tensors[tensor].consumers > 0)
      return false;
    do {
      tensor = static_cast<std::size_t>(network.input_of(tensor));
      if (network.tensors[tensor].consumers > 1 || network.is_output(tensor)) return false;
    } while (tensor >= network.input_count && network.nodes[tensor].rules->training_kind == Kind::view);
    return true;
  } else {
    return false;
  }
}();

/// Losses, and metrics, that can be told whether they get logits.
template <class T>
concept KnowsLogits = requires(T& loss) { loss.from_logits = true; };

template <class Loss>
constexpr bool takes_logits(const Loss& loss) {
  if constexpr (requires { loss.from_logits; })
    return loss.from_logits;
  else
    return false;
}

/// The loss or metric, told that it gets logits.
template <class T>
constexpr decltype(auto) with_logits(const T& loss, [[maybe_unused]] bool on_logits) {
  if constexpr (KnowsLogits<T>) {
    T told = loss;
    told.from_logits |= on_logits;
    return told;
  } else {
    return (loss);
  }
}

/// The node that decides whether a tensor holds probabilities, and what it decided.
struct ProbabilitiesFound {
  Probabilities what = Probabilities::unknown;
  std::size_t node = 0;
};

template <std::size_t N, std::size_t Operands>
ProbabilitiesFound find_probabilities(const Lowered<N, Operands>& network, std::size_t tensor) {
  std::array<ProbabilitiesFound, N> found{};
  for (std::size_t n = network.input_count; n <= tensor && n < network.node_count; ++n) {
    const NodeInfo& node = network.nodes[n];
    const bool lost = node.rules->probabilities == Probabilities::lost;
    found[n] = {node.rules->probabilities, n};
    if (found[n].what != Probabilities::kept && !lost) continue;
    found[n] = found[static_cast<std::size_t>(network.input_of(n))];
    for (int i = 1; i < node.operand_count; ++i)
      if (found[static_cast<std::size_t>(network.input_of(n, i))].what != found[n].what) found[n] = {};
    if (lost && found[n].what == Probabilities::made) found[n] = {};
  }
  return found[tensor];
}

/// Throws InvalidArgument where an option of the loss is out of range, or where the loss of this output surely takes
/// probabilities for logits or logits for probabilities.
template <class Net, std::size_t Output, class Loss>
void validate_loss(const Loss& loss) {
  if constexpr (requires { loss.validate(); }) loss.validate();
  if constexpr (requires { loss.from_logits; }) {
    constexpr const auto& network = Net::network();
    const bool from_logits = takes_logits(loss);
    const ProbabilitiesFound end = find_probabilities(network, static_cast<std::size_t>(network.output(Output)));
    if (end.what != (from_logits ? Probabilities::made : Probabilities::none)) return;
    std::string activation = "Softmax or Sigmoid";
    if constexpr (requires { Loss::link; })
      activation = Loss::link == Link::softmax ? "Softmax" : Loss::link == Link::sigmoid ? "Sigmoid" : activation;
    const NodeInfo& node = network.nodes[end.node];
    const Text layer = node.rules->type();
    raise<InvalidArgument>(
        Text() << type_name<Loss>() << ": the network ends in " << layer << " (" << Text(node.name)
               << "), whose output is " << (from_logits ? "probabilities: expected .from_logits = false"
                                                        : "logits: expected .from_logits = true")
               << ", received " << (from_logits ? "true; leave it out, or take the " : "false; set it, or put ")
               << (from_logits ? std::string_view(layer) : std::string_view(activation))
               << (from_logits ? " away" : " at the end"));
  }
}
template <class Net, class Loss>
void validate_losses(const Loss& loss) {
  each<losses_of<Loss>::count>([&]<std::size_t K>() { validate_loss<Net, K>(losses_of<Loss>::template get<K>(loss)); });
}

}  // namespace strata::detail
