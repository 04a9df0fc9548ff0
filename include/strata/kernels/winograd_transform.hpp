// The transforms of Winograd's convolution F(m x m, 3x3), m = 2 or 4, vectorised over the channels of an image:
// out = A^T ((G w G^T) * (B^T x B)) A, and with it the gradient by w = G^T (sum of (B^T x B) * (A dy A^T)) G.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels::detail {

template <class V>
STRATA_INLINE V constant(double x) {
  return V(static_cast<typename V::value_type>(x));
}

/// Whether a sum of squares overflowed, or has a NaN.
template <class V>
STRATA_INLINE bool is_spoilt(V squares) {
  return !simd::all(squares < constant<V>(std::numeric_limits<double>::infinity()));
}

/// The transforms of one line, for the points 0, p, -p (, q, -q), infinity in this order. B has no fractions but the
/// points' own, G has the rest. A transform's rows are made in parts that share terms.
template <int Tile>
struct Interpolation;

/// Points 0, +-1, infinity.
template <>
struct Interpolation<2> {
  /// B^T: the row of 0, those of +-1, that of infinity.
  template <int Part, class V>
  static STRATA_INLINE void input(const V* x, V* t, int step) {
    if constexpr (Part == 0) t[0] = x[2] - x[0];
    if constexpr (Part == 1) t[0] = x[2] + x[1], t[step] = x[2] - x[1];
    if constexpr (Part == 2) t[0] = x[3] - x[1];
  }
  /// A^T: the even or the odd row.
  template <int Parity, class V>
  static STRATA_INLINE void output(const V* t, V* y, int) {
    if constexpr (Parity == 0) y[0] = t[0] + (t[1] + t[2]);
    else y[0] = t[3] + (t[1] - t[2]);
  }
  /// G.
  template <class V>
  static STRATA_INLINE void weights(const V* w, V* u, int step) {
    const V half = constant<V>(0.5), even = half * (w[0] + w[2 * step]), odd = half * w[step];
    u[0] = -w[0];
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = w[2 * step];
  }
  /// A left inverse of G.
  template <class V>
  static STRATA_INLINE void original_weights(const V* u, V* w, int step) {
    w[0] = -u[0];
    w[step] = u[1] - u[2];
    w[2 * step] = u[3];
  }
  /// A.
  template <int Part, class V>
  static STRATA_INLINE void gradient(const V* y, V* t, int step) {
    if constexpr (Part == 0) t[0] = y[0];
    if constexpr (Part == 1) t[0] = y[0] + y[1], t[step] = y[0] - y[1];
    if constexpr (Part == 2) t[0] = y[1];
  }
  /// G^T.
  template <class V>
  static STRATA_INLINE void weight_gradient(const V* u, V* w, int step) {
    const V half = constant<V>(0.5), even = half * (u[1] + u[2]);
    w[0] = even - u[0];
    w[step] = half * (u[1] - u[2]);
    w[2 * step] = even + u[3];
  }
};

/// Points 0, +-3/4, +-3/2, infinity: a quarter of the error that 0, +-1, +-2, infinity have.
template <>
struct Interpolation<4> {
  static constexpr double p = 0.75, q = 1.5, p2 = p * p, q2 = q * q;
  static constexpr double p_scale = 1 / (2 * p2 * (p2 - q2)), q_scale = 1 / (2 * q2 * (q2 - p2));

  /// B^T: the row of 0, those of +-p, those of +-q, that of infinity.
  template <int Part, class V>
  static STRATA_INLINE void input(const V* x, V* t, int step) {
    if constexpr (Part == 0 || Part == 3) {
      const V* d = x + (Part == 0 ? 0 : 1);
      t[0] = simd::fma(constant<V>(p2 * q2), d[0], simd::neg_fma(constant<V>(p2 + q2), d[2], d[4]));
    } else {
      const V point = constant<V>(Part == 1 ? p : q), other = constant<V>(Part == 1 ? q2 : p2);
      const V even = simd::neg_fma(other, x[2], x[4]), odd = simd::neg_fma(other, x[1], x[3]);
      t[0] = simd::fma(point, odd, even);
      t[step] = simd::neg_fma(point, odd, even);
    }
  }
  /// A^T: the even or the odd rows.
  template <int Parity, class V>
  static STRATA_INLINE void output(const V* t, V* y, int step) {
    if constexpr (Parity == 0) {
      const V at_p = t[1] + t[2], at_q = t[3] + t[4];
      y[0] = t[0] + (at_p + at_q);
      y[step] = simd::fma(constant<V>(p2), at_p, constant<V>(q2) * at_q);
    } else {
      const V at_p = t[1] - t[2], at_q = t[3] - t[4];
      y[0] = simd::fma(constant<V>(p), at_p, constant<V>(q) * at_q);
      y[step] = simd::fma(constant<V>(p * p2), at_p, simd::fma(constant<V>(q * q2), at_q, t[5]));
    }
  }
  /// G.
  template <class V>
  static STRATA_INLINE void weights(const V* w, V* u, int step) {
    const V even_p = simd::fma(constant<V>(p_scale * p2), w[2 * step], constant<V>(p_scale) * w[0]);
    const V even_q = simd::fma(constant<V>(q_scale * q2), w[2 * step], constant<V>(q_scale) * w[0]);
    u[0] = constant<V>(1 / (p2 * q2)) * w[0];
    u[1] = simd::fma(constant<V>(p_scale * p), w[step], even_p);
    u[2] = simd::neg_fma(constant<V>(p_scale * p), w[step], even_p);
    u[3] = simd::fma(constant<V>(q_scale * q), w[step], even_q);
    u[4] = simd::neg_fma(constant<V>(q_scale * q), w[step], even_q);
    u[5] = w[2 * step];
  }
  /// A left inverse of G.
  template <class V>
  static STRATA_INLINE void original_weights(const V* u, V* w, int step) {
    w[0] = constant<V>(p2 * q2) * u[0];
    w[step] = constant<V>(1 / (2 * p_scale * p)) * (u[1] - u[2]);
    w[2 * step] = u[5];
  }
  /// A.
  template <int Part, class V>
  static STRATA_INLINE void gradient(const V* y, V* t, int step) {
    if constexpr (Part == 0 || Part == 3) {
      t[0] = y[Part];
    } else {
      const V point = constant<V>(Part == 1 ? p : q), square = constant<V>(Part == 1 ? p2 : q2);
      const V even = simd::fma(square, y[2], y[0]), odd = simd::fma(square, y[3], y[1]);
      t[0] = simd::fma(point, odd, even);
      t[step] = simd::neg_fma(point, odd, even);
    }
  }
  /// G^T.
  template <class V>
  static STRATA_INLINE void weight_gradient(const V* u, V* w, int step) {
    const V even_p = constant<V>(p_scale) * (u[1] + u[2]), odd_p = constant<V>(p_scale * p) * (u[1] - u[2]);
    const V even_q = constant<V>(q_scale) * (u[3] + u[4]), odd_q = constant<V>(q_scale * q) * (u[3] - u[4]);
    w[0] = simd::fma(constant<V>(1 / (p2 * q2)), u[0], even_p + even_q);
    w[step] = odd_p + odd_q;
    w[2 * step] = simd::fma(constant<V>(p2), even_p, simd::fma(constant<V>(q2), even_q, u[5]));
  }
};

/// u = G w G^T, of 9 vectors of weights.
template <class V, int Tile, int... I>
STRATA_INLINE void transform_weights(const V* w, V* u, std::integer_sequence<int, I...>) {
  constexpr int n = sizeof...(I);
  simd::Array<V, 3 * n> t;  // [x][position y]
  for (int x = 0; x < 3; ++x) Interpolation<Tile>::weights(w + x, t + x * n, 3);
  (Interpolation<Tile>::weights(t + I, u + I * n, n), ...);
}

/// w of u = G w G^T, whose positions are `step` elements apart: 9 vectors of weights, to rounding. What cannot be told
/// from 0 is 0, so that its product with infinity is no number.
template <class V, int Tile, int... I>
STRATA_INLINE void original_weights(const typename V::value_type* u, int step, V* w,
                                    std::integer_sequence<int, I...>) {
  constexpr int n = sizeof...(I);
  constexpr double noise = 16 * std::numeric_limits<typename V::value_type>::epsilon();
  simd::Array<V, 3 * n> t;  // [x][position y]
  for (int y = 0; y < n; ++y) {
    const V line[] = {simd::load<V>(u + (y * n + I) * step)...};
    Interpolation<Tile>::original_weights(line, t + y, n);
  }
  for (int x = 0; x < 3; ++x) Interpolation<Tile>::original_weights(t + x * n, w + x, 3);
  V largest = constant<V>(0);
  for (int k = 0; k < 9; ++k) largest = (simd::max)(largest, simd::abs(w[k]));
  for (int k = 0; k < 9; ++k)
    w[k] = simd::select(simd::abs(w[k]) < constant<V>(noise) * largest, constant<V>(0), w[k]);
}

template <int Step, class V, int... I>
STRATA_INLINE void write_positions(const V* v, typename V::value_type* out, std::integer_sequence<int, I...>) {
  (simd::store(out + I * Step, v[I]), ...);
}

/// What is transformed, B^T x B or A dy A^T: the transform of a line of so many cells.
template <int Tile>
struct InputLine {
  static constexpr int length = Tile + 2, points = Tile + 2;
  template <int Part, class V>
  static STRATA_INLINE void transform(const V* x, V* t, int step) {
    Interpolation<Tile>::template input<Part>(x, t, step);
  }
};
template <int Tile>
struct GradientLine {
  static constexpr int length = Tile, points = Tile + 2;
  template <int Part, class V>
  static STRATA_INLINE void transform(const V* y, V* t, int step) {
    Interpolation<Tile>::template gradient<Part>(y, t, step);
  }
};

/// The first row that a part gives.
constexpr int first_row(int part) { return (std::max)(2 * part - 1, 0); }

/// Elements from one to the next: rows and pixels of an image, positions of the transformed domain.
struct TransformSteps {
  int row, pixel, position;
};

template <class V, class Line, int Row, int Width, int Part, int... I>
STRATA_INLINE void transform_column(const typename V::value_type* x, V* t, std::integer_sequence<int, I...>) {
  const V column[] = {read<V, Width>(x + I * Row)...};
  Line::template transform<Part>(column, t, Line::length);
}
template <class V, class Line, int Step, int... Part>
STRATA_INLINE void transform_row(const V* t, typename V::value_type* out, std::integer_sequence<int, Part...>) {
  V u[Line::points];
  (Line::template transform<Part>(t, u + first_row(Part), 1), ...);
  write_positions<Step>(u, out, Indices<Line::points>{});
}
/// The rows of positions that one part gives, by columns and then by rows: 12 vectors at most are under way.
template <class V, class Line, TransformSteps steps, int Width, int Part, int... I>
STRATA_INLINE void transform_part(const typename V::value_type* x, typename V::value_type* out,
                                  std::integer_sequence<int, I...> line) {
  constexpr Indices<Line::points / 2 + 1> parts;
  constexpr int row = Line::points * steps.position;
  V t[2 * Line::length];
  (transform_column<V, Line, steps.row, Width, Part>(x + I * steps.pixel, t + I, line), ...);
  out += first_row(Part) * row;
  transform_row<V, Line, steps.position>(t, out, parts);
  if constexpr (0 < Part && Part + 1 < parts.size())
    transform_row<V, Line, steps.position>(t + Line::length, out + row, parts);
}
/// All positions of one tile and one vector of channels.
template <class V, class Line, TransformSteps steps, int Width, int... Part>
STRATA_INLINE void transform_parts(const typename V::value_type* x, typename V::value_type* out,
                                   std::integer_sequence<int, Part...>) {
  (transform_part<V, Line, steps, Width, Part>(x, out, Indices<Line::length>{}), ...);
}
/// One tile of all channels.
template <class V, class Line, TransformSteps steps, int Channels>
STRATA_INLINE void transform_tile(const typename V::value_type* x, typename V::value_type* out) {
  constexpr int lanes = simd::lanes<V>, rest = Channels % lanes;
  constexpr Indices<Line::points / 2 + 1> parts;
  int c = 0;
  for (; c + lanes <= Channels; c += lanes) transform_parts<V, Line, steps, lanes>(x + c, out + c, parts);
  if constexpr (rest > 0) transform_parts<V, Line, steps, rest>(x + c, out + c, parts);
}

}  // namespace strata::kernels::detail
