// Whether a loss can train a network, and how: looked at by the compiler.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include <strata/graph/sequential.hpp>
#include <strata/train/loss.hpp>
#include <strata/train/output_losses.hpp>

namespace strata::detail {

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

/// SparseCategoricalCrossentropy: a softmax over one class is always 1: expected …, received 1; use BinaryCrossentropy
/// …
template <class Net, class Loss>
constexpr Text training_sentence() {
  const Problem problem = training_problem<Net, Loss>();
  Text text;
  if (!problem) return text;
  text << type_name<Loss>() << ": " << problem.rule << ": expected " << problem.expected << ", received ";
  if (problem.received.empty())
    text << "an output of " << Net::output_shape;
  else
    text << problem.received;
  return text << "; " << problem.remedy;
}

/// No constant for a problem: clang cannot print a computed sentence, but prints the arguments of such a call.
constexpr bool fault_in_training(const char* rule, [[maybe_unused]] const char* remedy, [[maybe_unused]] Shape output) {
  if (rule != nullptr) __builtin_trap();
  return true;
}

/// A loss that does not suit its network: g++ prints the sentence as the name of this type.
template <FixedString Sentence, class Net, class Loss>
struct invalid_training {
#ifdef __clang__
  static constexpr Problem problem = training_problem<Net, Loss>();
  static_assert(fault_in_training(problem.rule, problem.remedy, Net::output_shape));
#else
  static_assert(sizeof(Loss) == 0, "this loss cannot train this network: see the sentence above");
#endif
};

/// The one place where a wrong loss stops the compiler.
template <class Net, class Loss>
constexpr void examine_training() {
  constexpr Text text = training_sentence<Net, Loss>();
  if constexpr (!text.empty()) [[maybe_unused]]
    invalid_training<FixedString<text.length>{std::string_view(text)}, Net, Loss> definition;
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

template <class Loss>
constexpr bool takes_logits(const Loss& loss) {
  if constexpr (requires { loss.from_logits; })
    return loss.from_logits;
  else
    return false;
}

/// The loss, told that it gets logits.
template <class Loss>
constexpr Loss with_logits(Loss loss, [[maybe_unused]] bool on_logits) {
  if constexpr (requires { loss.from_logits; }) loss.from_logits |= on_logits;
  return loss;
}

}  // namespace strata::detail
