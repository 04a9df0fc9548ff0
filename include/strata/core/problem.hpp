// How a layer says, at compile time, what is wrong with its definition.
#pragma once

#include <strata/core/text.hpp>

namespace strata {

/// The reason a layer cannot stand where it stands. Empty (`rule == nullptr`) means that all is well.
///
///     return Problem{"the kernel is larger than the input", Text() << "an input of at least 5x5",
///                    "use Same padding or a smaller kernel"};
///
/// The network adds which layer it is and what it received. `rule` and `remedy` are literals, because some compilers
/// (clang before 16) print only those.
struct Problem {
  const char* rule = nullptr;
  BasicText<200> expected{};  ///< short, as compilers fill it for every layer that is right, too
  const char* remedy = "";
  BasicText<200> received{};  ///< what came, where that is not the layer's input shape

  constexpr explicit operator bool() const { return rule != nullptr; }
};

}  // namespace strata
