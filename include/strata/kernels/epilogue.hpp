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

/// After(Before(x) + residual), where `residual` is the element of another image at the same place, whose rows and
/// pixels are `Row` and `Pixel` elements apart.
template <class Before, int Row, int Pixel, class After = Identity>
struct AddResidual {
  static constexpr int residual_row = Row, residual_pixel = Pixel;
  template <class V>
  static STRATA_INLINE V apply(V x, V residual) {
    return After::apply(Before::apply(x) + residual);
  }
};

template <class Epilogue>
inline constexpr bool has_residual = requires { Epilogue::residual_row; };

}  // namespace strata
