// Transposing small matrices: how weights are turned.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <strata/core/inline.hpp>

namespace strata::kernels {

namespace detail {

/// Four floats or two doubles, whatever the vectors of the kernels are: shuffles inside 16 bytes are cheap everywhere.
template <class T>
struct Quad {
  typedef T type __attribute__((vector_size(16)));
  static constexpr int lanes = static_cast<int>(16 / sizeof(T));
};

template <class T>
STRATA_INLINE typename Quad<T>::type read_quad(const T* p) {
  typename Quad<T>::type v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
STRATA_INLINE void write_quad(T* p, typename Quad<T>::type v) {
  std::memcpy(p, &v, sizeof v);
}

STRATA_INLINE void transpose_quad(const float* in, std::ptrdiff_t in_row, float* out, std::ptrdiff_t out_row) {
  const auto a = read_quad(in), b = read_quad(in + in_row), c = read_quad(in + 2 * in_row),
             d = read_quad(in + 3 * in_row);
  const auto ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const auto cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  write_quad(out, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
  write_quad(out + out_row, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
  write_quad(out + 2 * out_row, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
  write_quad(out + 3 * out_row, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}
STRATA_INLINE void transpose_quad(const double* in, std::ptrdiff_t in_row, double* out, std::ptrdiff_t out_row) {
  const auto a = read_quad(in), b = read_quad(in + in_row);
  write_quad(out, __builtin_shufflevector(a, b, 0, 2));
  write_quad(out + out_row, __builtin_shufflevector(a, b, 1, 3));
}

}  // namespace detail

/// out[column][row] = in[row][column]; rows of `in` and of `out` begin `in_row` and `out_row` elements apart.
template <class T>
STRATA_NOINLINE void transpose(int rows, int columns, const T* in, std::ptrdiff_t in_row, T* out,
                               std::ptrdiff_t out_row) {
  constexpr int lanes = detail::Quad<T>::lanes;
  if (rows < lanes || columns < lanes) {
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < columns; ++c) out[c * out_row + r] = in[r * in_row + c];
    return;
  }
  for (int left = 0; left < columns; left += lanes)
    for (int top = 0; top < rows; top += lanes) {  // the last squares may overlap those before
      const int r = (std::min)(top, rows - lanes), c = (std::min)(left, columns - lanes);
      detail::transpose_quad(in + r * in_row + c, in_row, out + c * out_row + r, out_row);
    }
}

}  // namespace strata::kernels
