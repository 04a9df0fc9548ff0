// Whether a loss can train a network, and how: looked at by the compiler.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include <strata/graph/sequential.hpp>
#include <strata/train/loss.hpp>

namespace strata::detail {

template <class Net, class Loss>
constexpr Problem training_problem() {
  if (std::is_same_v<typename Net::graph, Nothing>) return {};  // a faulty definition has had its error
  if (Net::trainable_param_count == 0)
    return {"nothing to train", Text("a network with trainable parameters"), "add a layer that has some, such as Dense",
            Text("none")};
  if constexpr (requires { Loss::check(Net::output_shape); })
    return Loss::check(Net::output_shape);
  else
    return {};
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
  if (rule != nullptr) throw rule;
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

/// Whether the network's last node is the one that the loss can undo, for an exact gradient that never overflows.
template <class Net, class Loss>
inline constexpr bool ends_in_link = [] {
  constexpr std::size_t last = Net::network().node_count - 1;
  if constexpr (requires { Loss::link; })
    return last > 0 && Loss::link != Link::none && Net::network().nodes[last].rules->link == Loss::link &&
           Net::network().input_of(last) == static_cast<int>(last) - 1;
  else
    return false;
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
