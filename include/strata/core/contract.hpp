// Members of a layer that are nearly those of the contract, and facets of it that are there by half: they would be
// passed over without a word, and the layer would lose its rule or its weights.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <strata/core/border.hpp>
#include <strata/core/facts.hpp>
#include <strata/core/problem.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/window.hpp>

namespace strata::detail {

/// What derives from a layer, and another class that derives from the same. A name that the first has of its own is
/// ambiguous here; an inherited one is one function, found twice.
template <class Base>
struct Sibling : Base {};
template <class L>
struct WithSibling : L, Sibling<typename L::itself> {};

/// Inference, losses and Frozen go by what a layer says of itself, so that they would not meet the other function.
template <class L>
constexpr Problem heir_problem() {
  using Both = WithSibling<L>;
  const auto own = [](const char* rule, const char* expected, const char* remedy) {
    return Problem{rule, expected, remedy, "one of its own"};
  };
  constexpr bool applies = requires { &L::itself::template apply<int>; };
  constexpr bool same_function =
      requires { &Both::template forward<int>; } &&
      (!applies || (requires { &Both::template apply<int>; } && requires { &Both::template derivative<int>; }));
  if constexpr (!same_function && (requires { &Both::kind; } || requires { &Both::link; }))
    return own("a class that derives from a layer has another function", "its base's forward, apply and derivative",
               "derive from Elementwise<...>, or from no layer");
  if constexpr (requires { &L::freezes; } && requires { &Both::freezes; } &&
                !requires { &Both::template backward<int>; })
    return own("a class that derives from a layer has another backward", "its base's backward",
               "add static constexpr bool freezes = false");
  return {};
}

/// A name that a layer has, too, is ambiguous in both: so it is found whatever stands behind it.
struct Names {
  int affine, apply, backward, border, conclude, conclude_gradients, finish_gradients, from_sums, gather,
      gather_gradients, infer, pack, packed_size, prepare, to_sums;
};
template <class L>
struct WithNames : L, Names {};

/// What a layer has to have for each facet: where one member is, the others must be.
template <class L>
constexpr Problem facet_problem() {
  using Both = WithNames<L>;
  const auto half = [](const char* rule, const char* expected) {
    return Problem{rule, expected, "add what is missing: strata/core/layer.hpp lists the members of a layer",
                   "some of it"};
  };
  constexpr Kind kind = [] {
    if constexpr (requires { { (L::kind) } -> std::same_as<const Kind&>; }) return L::kind;
    else return Kind::other;
  }();
  if constexpr (kind == Kind::linear &&
                (requires { &Both::packed_size; } || requires { &Both::pack; } || requires { &Both::infer; }))
    return half("a linear layer by half", "packed_size<Target>(in), pack<Target, in>(...) and infer<Epilogue>(call)");
  if constexpr (kind == Kind::affine && requires { &Both::affine; })
    return half("an affine layer by half", "affine(in, parameters, scale, shift)");
  if constexpr (kind == Kind::elementwise && requires { &Both::apply; })
    return half("an element-wise layer by half", "apply(V x)");
  if constexpr (kind == Kind::padding && requires { &Both::border; })
    return half("a padding layer by half", "border(in)");

  if constexpr (requires { &L::gathered_size; }) {
    if (requires { &Both::gather; } || requires { &Both::conclude; })
      return half("a gathering layer by half", "gathered_size(in), gather(call) and conclude(call)");
    if (!requires { &Both::backward; } &&
        (requires { &Both::gather_gradients; } || requires { &Both::conclude_gradients; }))
      return half("a gathering layer by half", "gather_gradients(call) and conclude_gradients(call)");
    if (requires { &Both::to_sums; } != requires { &Both::from_sums; })
      return half("sums of what is gathered by half", "to_sums(in, gathered) and from_sums(in, gathered)");
  } else if constexpr (requires { &L::template gather<int>; }) {
    return half("a gathering layer by half", "gathered_size(in), gather(call) and conclude(call)");
  }
  if constexpr (requires { &L::template prepared_size<int>; } && requires { &Both::prepare; })
    return half("prepared weights by half", "prepared_size<V>(in) and prepare(call)");
  if constexpr (requires { &L::template accumulator_size<int>; } && requires { &Both::finish_gradients; })
    return half("accumulators by half", "accumulator_size<V>(in) and finish_gradients(call)");
  return {};
}

/// A function that has a name of the contract and cannot be called as the contract says (another signature, or `static`
/// forgotten), a value of another type, or a name that is nearly one of the contract. `Takes` is what check is given.
template <class L, class Takes>
constexpr Problem contract_problem() {
  using std::same_as, std::size_t;
  struct Slip {
    bool found;
    const char *rule, *expected, *received = "another signature";
  };
  for (const Slip& slip : {
           Slip{requires { &L::check; } && !requires(Takes in) { { L::check(in) } -> same_as<Problem>; },
                "its check is not that of a layer", "static constexpr Problem check(Shape in)"},
           Slip{requires { &L::parameters; } && !requires(Shape in) { { L::parameters(in) } -> same_as<Parameters>; },
                "its parameters is not that of a layer", "static constexpr Parameters parameters(Shape in)"},
           Slip{requires { &L::macs; } && !requires(Shape in) { { L::macs(in) } -> same_as<size_t>; },
                "its macs is not that of a layer", "static constexpr std::size_t macs(Shape in)"},
           Slip{requires { &L::saved_size; } && !requires(Shape in) { { L::saved_size(in, 1) } -> same_as<size_t>; },
                "its saved_size is not that of a layer",
                "static constexpr std::size_t saved_size(Shape in, std::size_t batch)"},
           Slip{requires { &L::gathered_size; } && !requires(Shape in) { { L::gathered_size(in) } -> same_as<size_t>; },
                "its gathered_size is not that of a layer", "static constexpr std::size_t gathered_size(Shape in)"},
           Slip{requires { &L::weights_size; } &&
                    !requires(Shape in) { { L::weights_size(in, 4) } -> same_as<size_t>; },
                "its weights_size is not that of a layer",
                "static constexpr std::size_t weights_size(Shape in, int largest_tile)"},
           Slip{requires { &L::border; } && !requires(Shape in) { { L::border(in) } -> same_as<Border>; },
                "its border is not that of a layer", "static constexpr Border border(Shape in)"},
           Slip{requires { &L::gradient_border; } &&
                    !requires(Shape in) { { L::gradient_border(in) } -> same_as<Border>; },
                "its gradient_border is not that of a layer", "static constexpr Border gradient_border(Shape in)"},
           Slip{requires { &L::row_window; } && !requires(Shape in) { { L::row_window(in) } -> same_as<RowWindow>; },
                "its row_window is not that of a layer", "static constexpr RowWindow row_window(Shape in)"},

           // What is no template has an address.
           Slip{requires { &L::scratch_size; } || requires { &L::backward_scratch_size; } ||
                    requires { &L::prepared_size; } || requires { &L::accumulator_size; },
                "a size of its memory is not that of a layer",
                "template <class V> static constexpr std::size_t ..._size(Shape in)"},
           Slip{requires { &L::packed_size; } || requires { &L::packing; } || requires { &L::kernel_name; } ||
                    requires { &L::infer_scratch_size; },
                "a member for inference is not that of a layer", "template <class Target>, of the call's type"},
           Slip{requires { &L::forward; } || requires { &L::forward_training; } || requires { &L::backward; } ||
                    requires { &L::update_state; } || requires { &L::prepare; } || requires { &L::finish_gradients; } ||
                    requires { &L::gather; } || requires { &L::conclude; } || requires { &L::gather_gradients; } ||
                    requires { &L::conclude_gradients; },
                "a function that takes a call is not that of a layer",
                "template <class Call> static void forward(const Call& call), and the others likewise"},

           Slip{(requires { L::kind; } && !requires { { (L::kind) } -> same_as<const Kind&>; }) ||
                    (requires { L::training_kind; } && !requires { { (L::training_kind) } -> same_as<const Kind&>; }),
                "its kind is not that of a layer", "static constexpr Kind kind", "another type"},
           Slip{requires { L::backward_needs; } && !requires { { (L::backward_needs) } -> same_as<const Needs&>; },
                "its backward_needs is not that of a layer", "static constexpr Needs backward_needs", "another type"},
           Slip{requires { L::link; } && !requires { { (L::link) } -> same_as<const Link&>; },
                "its link is not that of a layer", "static constexpr Link link", "another type"},
           Slip{requires { L::views; } && !requires { { (L::views) } -> same_as<const Views&>; },
                "its views is not that of a layer", "static constexpr Views views", "another type"},
           Slip{(requires { L::batched; } && !requires { { (L::batched) } -> same_as<const bool&>; }) ||
                    (requires { L::shares; } && !requires { { (L::shares) } -> same_as<const bool&>; }) ||
                    (requires { L::in_place; } && !requires { { (L::in_place) } -> same_as<const bool&>; }) ||
                    (requires { L::freezes; } && !requires { { (L::freezes) } -> same_as<const bool&>; }) ||
                    (requires { L::makes_probabilities; } &&
                     !requires { { (L::makes_probabilities) } -> same_as<const bool&>; }) ||
                    (requires { L::keeps_probabilities; } &&
                     !requires { { (L::keeps_probabilities) } -> same_as<const bool&>; }),
                "what it says of itself is no value", "static constexpr bool in_place = true, or false",
                "another type"},

           Slip{requires { &L::chek; } || requires { &L::checks; } || requires { &L::check_shape; },
                "a member is nearly called check", "check", "chek, checks or check_shape"},
           Slip{requires { &L::parameter; } || requires { &L::params; } || requires { &L::weights; },
                "a member is nearly called parameters", "parameters", "parameter, params or weights"},
           Slip{requires { &L::borders; } || requires { &L::strided; }, "a member is nearly called views", "views",
                "borders or strided"},
       })
    if (slip.found)
      return {slip.rule, slip.expected,
              "write it so, or call it otherwise: strata/core/layer.hpp lists the members of a layer", slip.received};
  if constexpr (requires { typename L::itself; })
    if constexpr (!same_as<L, typename L::itself> && !std::is_final_v<L>)
      if (const Problem problem = heir_problem<L>()) return problem;
  if constexpr (!std::is_final_v<L>) return facet_problem<L>();
  return {};
}

}  // namespace strata::detail
