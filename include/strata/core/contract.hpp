// Members of a layer that are nearly those of the contract: they would be passed over without a word, and the layer
// would lose its rule or its weights.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <strata/core/border.hpp>
#include <strata/core/element.hpp>
#include <strata/core/facets.hpp>
#include <strata/core/facts.hpp>
#include <strata/core/problem.hpp>
#include <strata/core/shape.hpp>
#include <strata/core/window.hpp>

namespace strata::detail {

/// What derives from a layer, and another class that derives from the same. A name that the first has of its own is
/// ambiguous here; an inherited one is one function, found twice.
template <class Base>
struct Sibling : Base {};
template <class L, class Base = typename L::itself>
struct WithSibling : L, Sibling<Base> {};

/// Whether L has no forward and backward of its own, but those of a base.
template <class L, class Base>
constexpr bool inherits_passes() {
  if constexpr (std::is_final_v<L>) {
    return false;
  } else {
    using Both = WithSibling<L, Base>;
    return requires { &Both::template forward<int>; } &&
           (!requires { &L::template forward_training<int>; } || requires { &Both::template forward_training<int>; }) &&
           (!requires { &L::template backward<int>; } || requires { &Both::template backward<int>; });
  }
}

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
           Slip{(requires { L::input_element; } && !requires { { (L::input_element) } -> same_as<const Element&>; }) ||
                    (requires { L::output_element; } &&
                     !requires { { (L::output_element) } -> same_as<const Element&>; }) ||
                    requires { typename L::input_element; } || requires { typename L::output_element; },
                "its element is not that of a layer", "static constexpr Element output_element, or input_element",
                "another type"},
           Slip{(requires { L::batched; } && !requires { { (L::batched) } -> same_as<const bool&>; } &&
                     !requires(Shape in) { { L::batched(in) } -> same_as<bool>; }) ||
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
           Slip{requires { &L::element; } || requires { &L::input_elements; } || requires { &L::output_elements; } ||
                    requires { &L::output_type; } || requires { typename L::output_type; },
                "a member is nearly called output_element", "input_element or output_element",
                "element, input_elements, output_elements or output_type"},
           Slip{requires { &L::mac; } || requires { &L::mac_count; } || requires { &L::flops; },
                "a member is nearly called macs", "macs", "mac, mac_count or flops"},
           Slip{requires { &L::save_size; } || requires { &L::saved_sizes; }, "a member is nearly called saved_size",
                "saved_size", "save_size or saved_sizes"},
           Slip{requires { &L::needs; } || requires { &L::backward_need; }, "a member is nearly called backward_needs",
                "backward_needs", "needs or backward_need"},
           Slip{requires { &L::template kernel_names<int>; } || requires { &L::kernel_names; },
                "a member is nearly called kernel_name", "kernel_name", "kernel_names"},
           Slip{requires { &L::template update_states<int>; } || requires { &L::template update<int>; },
                "a member is nearly called update_state", "update_state", "update_states or update"},
           Slip{requires { &L::template forward_train<int>; } || requires { &L::template train<int>; },
                "a member is nearly called forward_training", "forward_training", "forward_train or train"},
           Slip{requires { &L::template backwards<int>; } || requires { &L::template backpropagate<int>; },
                "a member is nearly called backward", "backward", "backwards or backpropagate"},
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
