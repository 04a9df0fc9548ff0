// What a layer is. The graph, the runtime and training know layers only through this header.
//
// A layer is an empty type with static members. It must have
//
//   class_name                          Keras' class name, as listed in a summary
//   output_shape(Shape in)              per sample; only called when check(in) found nothing wrong
//   forward(call)                       see Forward
//   backward(call)                      see Backward; only needed to train
//
// and may have (each is found by `requires`; the functions below give the default)
//
//   config, or schema                   its hyper-parameters as a value, or that it has none: see core/schema.hpp
//   check(Shape in) -> Problem          why it cannot take this input                              (none)
//   parameters(Shape in)                its tensors: the only place where weights exist            (none)
//   macs(Shape in)                      multiply-adds of one sample's forward pass                 (0)
//   kind                                what fusion may do with it                                 (Kind::other)
//   training_kind                       kind in training, where it differs (Dropout)               (kind)
//   backward_needs                      which tensors must live until backward                     (input and output)
//   forward_training(call)              where it differs from inference                            (forward)
//   update_state(call)                  after the loss was found finite, unless frozen: averages       (nothing)
//   saved_size(in, batch)               elements kept from forward_training to backward            (0)
//   scratch_size<V>(in)                 elements of working memory of a forward call               (0)
//   backward_scratch_size<V>(in)        elements of working memory of a backward call              (0)
//   kernel_name<Target>(in) -> Text     what inference runs, for `explain`                         (none)
//   by<Choice>                          the layer that computes the same by a choice of Algorithms          (itself)
//   link                                the activation is the inverse link of a loss               (Link::none)
//   makes_probabilities                 true: its output is probabilities, which a loss with from_logits = true refuses;
//                                       false: surely none, refused without it   (false for linear layers, else unknown)
//   keeps_probabilities                 true: its output is probabilities, or none, as its inputs (views, concatenations)
//   freezes                             true: in a Frozen it runs as at inference, also in training. Then forward is
//                                       called, nothing is gathered, and a backward whose call is `fixed` makes
//                                       forward's gradient by the input: it reads neither input nor output, and adds to
//                                       no gradient nor accumulator (false: as in training, its gradients are dropped)
//   leaves                              an mp_list of the layers that it stands for                (itself)
//   views                               whether it takes, and makes, images with borders and images that are slices of
//                                       wider ones, as calls say: at inference only, or always, also in training, where
//                                       its neighbours can so spare a convolution the copy of its input; as with
//                                       shares, not for what derives from it and has passes of its own         (none)
//   input_element, output_element       what the numbers that it reads and makes are, of a linear layer or one of no
//                                       kind: calls have pointers to such. For inference; views pass on what comes (real)
//   itself                              its own type: what derives from it is refused with another forward if it inherits
//                                       kind or link, with another backward if it inherits freezes
//   shares                              true: infer and all that training calls for samples or once a step (forward,
//                                       backward, gather…, prepare, finish_gradients) do the part of the work that
//                                       detail::part_of(call) says: see core/part.hpp. What one part writes, gradients
//                                       of weights too, no other part writes or reads; `gathered` and `scratch` are a
//                                       thread's own. It does not hold for what derives from it and has a forward or
//                                       backward of its own                                                     (false)
//   in_place                            true: forward may write its output over an operand of the same shape
//                                                                                     (element-wise and affine layers)
//
// A merge takes several tensors: its check and output_shape have `Shapes` (a span) in place of the Shape.
//
// A batch is run in parts, sample by sample or by several threads. Therefore
//
//   backward(call)                      adds to the parameters' gradients
//   gradient_border(in)                 the zeros that backward likes to have around the output's gradient      (none)
//   batched, batched(in)                true: wants many samples a call, because it has more weights than data  (false)
//   prepared_size<V>(in)                elements that prepare(call) makes of the parameters, once a step, for
//                                       forward and backward to read: packed weights                            (0)
//   accumulator_size<V>(in)             elements of a thread that backward adds to, in a form of its own;
//                                       finish_gradients(call) turns their sum into gradients                   (0)
//   gathered_size(in)                   doubles of a thread for what a layer must know of a whole batch:
//                                       gather(call) adds samples to them, then conclude(call) sees every thread's,
//                                       then forward_training runs; before backward the same with gather_gradients
//                                       and conclude_gradients. Of a team both see the sum of all members' (0)
//   to_sums(in, gathered)               for teams, where what gather leaves cannot be added: makes it numbers that can;
//   from_sums(in, gathered)             and the way back from their sum
//
// By kind, inference asks for more (`Target` is an InferenceTarget):
//
//   linear       packed_size<Target>(in); pack<Target, in>(parameters, scale, shift, packed); infer<Epilogue>(call);
//                infer_scratch_size<Call>(batch) (0); border(in): the zeros it likes to have around its input (none);
//                packing<Target>(in): the number of the packing, where there are several (0);
//                weights_size(in, largest_tile): elements of packed weights, at most, on any processor, with Winograd's
//                tiles up to that size: what a sweep reads once for several samples (its parameters).
//                An image's rows may be wider than the image, in the input and in the output: see Infer
//                row_window(in): of layers that share their work: which rows of the input a row of the output needs; a
//                call `by_rows` makes just the rows from a to b of the output for Part{a, b, height}  (not by rows)
//   affine       affine(in, parameters, scale, shift): y = scale[c] x + shift[c]
//   elementwise  apply(V x) -> V; forward and backward may be called in place
//                Of these two kinds training may call forward once more before backward: for the same bits
//   sum          becomes part of the epilogue of the step that makes its last operand; in training its gradient is that of
//                each operand of its shape, whose input_gradient may be null
//   concatenation  is not run: operands are made where they belong, in slices of the output, or copied there
//   padding      border(in): its zeros. Likewise: the operand is made in its place, or copied there
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <strata/core/border.hpp>
#include <strata/core/calls.hpp>
#include <strata/core/contract.hpp>
#include <strata/core/element.hpp>
#include <strata/core/facts.hpp>
#include <strata/core/problem.hpp>
#include <strata/core/schema.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/window.hpp>

namespace strata {

/// A layer with what it learns from its place in a network: its input shapes and all that follows from them.
template <class Layer, Shape... In>
struct Bound;

/// The compile-time half of the contract.
template <class L>
concept MergeLayer = requires(Shapes in) {
  { L::class_name } -> std::convertible_to<std::string_view>;
  { L::output_shape(in) } -> std::same_as<Shape>;
};
template <class L>
concept Layer = MergeLayer<L> || requires(Shape in) {
  { L::class_name } -> std::convertible_to<std::string_view>;
  { L::output_shape(in) } -> std::same_as<Shape>;
};

/// What of a layer is not as this header lists it.
template <Layer L>
constexpr Problem contract_problem() {
  return detail::contract_problem<L, std::conditional_t<MergeLayer<L>, Shapes, Shape>>();
}

/// A node without a row in the summary: the activation in `Conv2D<8, 3, activation<ReLU>>`.
template <class L>
struct Hidden : L {
  using wraps = L;
  static constexpr bool hidden = true;
};

/// The contract with its defaults filled in: `rules<L>::parameters(in)` works for every layer.
template <class L>
struct rules {
  static constexpr Kind kind = [] {
    if constexpr (requires { L::kind; }) return L::kind;
    else return Kind::other;
  }();
  static constexpr Kind training_kind = [] {
    if constexpr (requires { L::training_kind; }) return L::training_kind;
    else return kind;
  }();
  static constexpr Needs backward_needs = [] {
    if constexpr (requires { L::backward_needs; }) return L::backward_needs;
    else return Needs{};
  }();
  static constexpr Link link = [] {
    if constexpr (requires { L::link; }) return L::link;
    else return Link::none;
  }();
  static constexpr Probabilities probabilities = [] {
    if constexpr (requires { L::makes_probabilities; })
      return L::makes_probabilities ? Probabilities::made : Probabilities::none;
    else if (kind == Kind::linear) return Probabilities::none;
    else if (kind == Kind::sum) return Probabilities::lost;
    else if (kind == Kind::view || kind == Kind::concatenation || requires { requires L::keeps_probabilities; })
      return Probabilities::kept;
    else return Probabilities::unknown;
  }();
  static constexpr bool batched(Shape in) {
    if constexpr (requires { L::batched(in); }) return L::batched(in);
    else if constexpr (requires { L::batched; }) return L::batched;
    else return false;
  }
  /// Derived from a layer, with a forward or backward of its own: what holds for that layer's need not for these.
  static constexpr bool passes_its_own = [] {
    if constexpr (requires { requires !std::is_same_v<L, typename L::itself>; })
      return !detail::inherits_passes<L, typename L::itself>();
    else return false;
  }();
  static constexpr bool shares = [] {
    if constexpr (requires { L::shares; }) return L::shares && !passes_its_own;
    else return false;
  }();
  static constexpr Views views = [] {
    if constexpr (requires { L::views; }) return passes_its_own ? (std::min)(L::views, Views::inference) : L::views;
    else if (kind == Kind::elementwise || kind == Kind::affine || detail::places(kind)) return Views::inference;
    else return Views::none;
  }();
  static constexpr bool in_place = [] {
    if constexpr (requires { L::in_place; }) return L::in_place;
    else return kind == Kind::elementwise || kind == Kind::affine;
  }();
  static constexpr Element input_element = [] {
    if constexpr (requires { L::input_element; }) return L::input_element;
    else return Element::real;
  }();
  static constexpr Element output_element = [] {
    if constexpr (requires { L::output_element; }) return L::output_element;
    else return Element::real;
  }();
  static constexpr bool freezes = [] {
    if constexpr (requires { L::freezes; }) return L::freezes;
    else return false;
  }();
  /// Layers that look at a whole batch before they go on.
  static constexpr bool gathers = requires(Shape in) { L::gathered_size(in); };

  static constexpr Problem contract = contract_problem<L>();  // once, not for each node: clang++ counts its steps

  static constexpr Problem check(Shapes in) {
    if constexpr (contract) return contract;
    else if constexpr (MergeLayer<L>) return L::check(in);
    else if constexpr (requires { L::check(in[0]); }) return L::check(in[0]);
    else return {};
  }
  static constexpr Shape output_shape(Shapes in) {
    if constexpr (MergeLayer<L>) return L::output_shape(in);
    else return L::output_shape(in[0]);
  }
  static constexpr Parameters parameters(Shape in) {
    if constexpr (requires { L::parameters(in); }) return L::parameters(in);
    else return {};
  }
  static constexpr std::size_t macs(Shape in) {
    if constexpr (requires { L::macs(in); }) return L::macs(in);
    else return 0;
  }
  static constexpr std::size_t weights_size(Shape in, int largest_tile) {
    if constexpr (requires { L::weights_size(in, largest_tile); }) return L::weights_size(in, largest_tile);
    std::size_t size = 0;
    for (const Parameter& parameter : parameters(in)) size += parameter.shape.size();
    return size;
  }
  static constexpr std::size_t saved_size(Shape in, std::size_t batch) {
    if constexpr (requires { L::saved_size(in, batch); }) return L::saved_size(in, batch);
    else return 0;
  }
  template <class V>
  static constexpr std::size_t scratch_size(Shape in) {
    if constexpr (requires { L::template scratch_size<V>(in); }) return L::template scratch_size<V>(in);
    else return 0;
  }
  template <class V>
  static constexpr std::size_t backward_scratch_size(Shape in) {
    if constexpr (requires { L::template backward_scratch_size<V>(in); })
      return L::template backward_scratch_size<V>(in);
    else return 0;
  }
  template <class V>
  static constexpr std::size_t prepared_size(Shape in) {
    if constexpr (requires { L::template prepared_size<V>(in); }) return L::template prepared_size<V>(in);
    else return 0;
  }
  template <class V>
  static constexpr std::size_t accumulator_size(Shape in) {
    if constexpr (requires { L::template accumulator_size<V>(in); }) return L::template accumulator_size<V>(in);
    else return 0;
  }
  static constexpr std::size_t gathered_size(Shape in) {
    if constexpr (gathers) return L::gathered_size(in);
    else return 0;
  }
  template <class Infer>
  static constexpr std::size_t infer_scratch_size(std::size_t batch) {
    if constexpr (requires { L::template infer_scratch_size<Infer>(batch); })
      return L::template infer_scratch_size<Infer>(batch);
    else return 0;
  }
  template <class Target>
  static constexpr int packing(Shape in) {
    if constexpr (requires { L::template packing<Target>(in); }) return L::template packing<Target>(in);
    else return 0;
  }
  template <class Target>
  static constexpr Text kernel_name(Shape in) {
    if constexpr (requires { L::template kernel_name<Target>(in); }) return L::template kernel_name<Target>(in);
    else return {};
  }
  static constexpr Border gradient_border(Shape in) {
    if constexpr (requires { L::gradient_border(in); }) return L::gradient_border(in);
    else return {};
  }
  static constexpr Border border(Shape in) {
    if constexpr (requires { L::border(in); }) return L::border(in);
    else return {};
  }
  static constexpr RowWindow row_window(Shape in) {
    if constexpr (requires { L::row_window(in); }) return L::row_window(in);
    else return {};
  }
};

/// A layer with a fault: g++ prints the sentence as the name of this type.
template <FixedString Sentence, class L>
struct invalid_layer {
  static_assert(sizeof(L) == 0, "the definition of a layer is wrong: see the sentence above");
};

/// Whether a layer keeps the contract, before any network has it: true, or an error with its sentence (clang prints the
/// rule as a call's argument).
///
///     static_assert(check_contract<MyLayer>());
template <Layer L>
constexpr bool check_contract([[maybe_unused]] const char* rule = contract_problem<L>().rule) {
#if defined __clang__
  if (rule != nullptr) __builtin_trap();
#else
  if constexpr (constexpr Problem problem = contract_problem<L>(); problem) {
    constexpr Text text = Text(problem.rule) << ": expected " << problem.expected << ", received " << problem.received;
    [[maybe_unused]] invalid_layer<FixedString<text.length>{std::string_view(text)}, L> definition;
  }
#endif
  return true;
}

}  // namespace strata
