// Members of a layer that are nearly those of the contract: they would be passed over without a word, and the layer
// would lose its rule or its weights.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <strata/core/border.hpp>
#include <strata/core/problem.hpp>
#include <strata/core/shape.hpp>

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

/// A function that has a name of the contract and cannot be called as the contract says (another signature, or `static`
/// forgotten), or one that is nearly called so. `Parameters` is the type of that name, `Takes` what check is given.
template <class L, class Parameters, class Takes>
constexpr Problem contract_problem() {
  using std::same_as, std::size_t;
  const auto nearly = [](const char* rule, const char* expected, const char* received = "another signature") {
    return Problem{rule, expected,
                   "write it so, or call it otherwise: strata/core/layer.hpp lists the members of a layer", received};
  };
  if constexpr (requires { &L::check; } && !requires(Takes in) { { L::check(in) } -> same_as<Problem>; })
    return nearly("its check is not that of a layer", "static constexpr Problem check(Shape in)");
  if constexpr (requires { &L::parameters; } && !requires(Shape in) { { L::parameters(in) } -> same_as<Parameters>; })
    return nearly("its parameters is not that of a layer", "static constexpr Parameters parameters(Shape in)");
  if constexpr (requires { &L::macs; } && !requires(Shape in) { { L::macs(in) } -> same_as<size_t>; })
    return nearly("its macs is not that of a layer", "static constexpr std::size_t macs(Shape in)");
  if constexpr (requires { &L::saved_size; } && !requires(Shape in) { { L::saved_size(in, 1) } -> same_as<size_t>; })
    return nearly("its saved_size is not that of a layer",
                  "static constexpr std::size_t saved_size(Shape in, std::size_t batch)");
  if constexpr (requires { &L::gathered_size; } && !requires(Shape in) { { L::gathered_size(in) } -> same_as<size_t>; })
    return nearly("its gathered_size is not that of a layer", "static constexpr std::size_t gathered_size(Shape in)");
  if constexpr (requires { &L::border; } && !requires(Shape in) { { L::border(in) } -> same_as<Border>; })
    return nearly("its border is not that of a layer", "static constexpr Border border(Shape in)");
  if constexpr (requires { &L::chek; } || requires { &L::checks; } || requires { &L::check_shape; })
    return nearly("a member is nearly called check", "check", "chek, checks or check_shape");
  if constexpr (requires { &L::parameter; } || requires { &L::params; } || requires { &L::weights; })
    return nearly("a member is nearly called parameters", "parameters", "parameter, params or weights");
  if constexpr (requires { typename L::itself; })
    if constexpr (!std::same_as<L, typename L::itself> && !std::is_final_v<L>) return heir_problem<L>();
  return {};
}

}  // namespace strata::detail
