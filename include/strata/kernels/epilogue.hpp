// What a kernel does to a result that is still in registers: f(x), lane by lane.
#pragma once

#include <strata/core/inline.hpp>

namespace strata {

/// The epilogue that changes nothing. Every element-wise layer is an epilogue too.
struct Identity {
  template <class V>
  static STRATA_INLINE V apply(V x) {
    return x;
  }
};

/// One epilogue after the other: `Compose<A, B>` is B(A(x)).
template <class... Steps>
struct Compose {
  template <class V>
  static STRATA_INLINE V apply(V x) {
    ((x = Steps::apply(x)), ...);
    return x;
  }
};

}  // namespace strata
