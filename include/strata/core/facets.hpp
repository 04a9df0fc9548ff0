// The facets of a layer: members that go together, as concepts. A layer of a kind has that kind's facet; a facet that
// is there by half would be passed over without a word, so it is refused.
#pragma once

#include <concepts>
#include <cstddef>

#include <strata/core/facts.hpp>
#include <strata/core/problem.hpp>

namespace strata {

namespace detail {

/// A name that a layer has, too, is ambiguous in both: so it is found whatever stands behind it.
struct Names {
  int affine, apply, backward, border, conclude, conclude_gradients, finish_gradients, from_sums, gather,
      gather_gradients, infer, pack, packed_size, prepare, to_sums;
};
template <class L>
struct WithNames : L, Names {};

}  // namespace detail

/// Folds a following normalisation into its weights and applies an epilogue: `Kind::linear`.
template <class L>
concept LinearFacet = !requires { &detail::WithNames<L>::packed_size; } &&
                      !requires { &detail::WithNames<L>::pack; } && !requires { &detail::WithNames<L>::infer; };

/// y = scale[c] x + shift[c]: `Kind::affine`.
template <class L>
concept AffineFacet = !requires { &detail::WithNames<L>::affine; };

/// y[i] = f(x[i]): `Kind::elementwise`.
template <class L>
concept ElementwiseFacet = !requires { &detail::WithNames<L>::apply; };

/// Zeros around its operand: `Kind::padding`.
template <class L>
concept PaddingFacet = !requires { &detail::WithNames<L>::border; };

/// Looks at a whole batch before it goes on; one that trains does so backward, too.
template <class L>
concept GatheringFacet =
    requires { &L::gathered_size; } && !requires { &detail::WithNames<L>::gather; } &&
    !requires { &detail::WithNames<L>::conclude; } &&
    (requires { &detail::WithNames<L>::backward; } || (!requires { &detail::WithNames<L>::gather_gradients; } &&
                                                       !requires { &detail::WithNames<L>::conclude_gradients; }));

/// What it gathers can be made sums, which a team's members add.
template <class L>
concept SummingFacet =
    !requires { &detail::WithNames<L>::to_sums; } && !requires { &detail::WithNames<L>::from_sums; };

/// Packs its weights once for all calls of a training step.
template <class L>
concept PreparingFacet =
    requires { &L::template prepared_size<int>; } && !requires { &detail::WithNames<L>::prepare; };

/// Adds up its gradients in a form of its own.
template <class L>
concept AccumulatingFacet =
    requires { &L::template accumulator_size<int>; } && !requires { &detail::WithNames<L>::finish_gradients; };

/// Reads or makes other numbers than real ones; what is fused, placed or passed on has no function that could.
template <class L>
concept ElementFacet = !requires { L::kind; } || L::kind == Kind::linear || L::kind == Kind::other;

namespace detail {

/// Where one member of a facet is, the others must be.
template <class L>
constexpr Problem facet_problem() {
  struct Half {
    bool found;
    const char *rule, *expected;
  };
  constexpr Kind kind = [] {
    if constexpr (requires { { (L::kind) } -> std::same_as<const Kind&>; }) return L::kind;
    else return Kind::other;
  }();
  constexpr bool gathers = requires { &L::gathered_size; } || requires { &L::template gather<int>; };
  constexpr bool typed = requires { L::input_element; } || requires { L::output_element; };
  constexpr bool sums = !requires { &WithNames<L>::to_sums; } || !requires { &WithNames<L>::from_sums; };
  for (const Half& half : {
           Half{kind == Kind::linear && !LinearFacet<L>, "a linear layer by half",
                "packed_size<Target>(in), pack<Target, in>(...) and infer<Epilogue>(call)"},
           Half{kind == Kind::affine && !AffineFacet<L>, "an affine layer by half",
                "affine(in, parameters, scale, shift)"},
           Half{kind == Kind::elementwise && !ElementwiseFacet<L>, "an element-wise layer by half", "apply(V x)"},
           Half{kind == Kind::padding && !PaddingFacet<L>, "a padding layer by half", "border(in)"},
           Half{gathers && !GatheringFacet<L>, "a gathering layer by half",
                "gathered_size(in), gather(call) and conclude(call); with backward also gather_gradients(call) and "
                "conclude_gradients(call)"},
           Half{gathers && sums && !SummingFacet<L>, "sums of what is gathered by half",
                "to_sums(in, gathered) and from_sums(in, gathered)"},
           Half{typed && !ElementFacet<L>, "an element by half", "Kind::linear or Kind::other, and its function"},
           Half{requires { &L::template prepared_size<int>; } && !PreparingFacet<L>, "prepared weights by half",
                "prepared_size<V>(in) and prepare(call)"},
           Half{requires { &L::template accumulator_size<int>; } && !AccumulatingFacet<L>, "accumulators by half",
                "accumulator_size<V>(in) and finish_gradients(call)"},
       })
    if (half.found)
      return {half.rule, half.expected, "add what is missing: strata/core/layer.hpp lists the members of a layer",
              "some of it"};
  return {};
}

}  // namespace detail

}  // namespace strata
