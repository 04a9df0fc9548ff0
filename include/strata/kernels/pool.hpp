// Pooling over NHWC images: windows in the plane, SIMD over the channels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include <strata/core/inline.hpp>
#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/simd.hpp>

namespace strata::kernels {

/// Windows along one axis: window i covers those cells of [i stride - before, i stride - before + size) that exist.
struct PoolAxis {
  int input, output;
  int size, stride, before;

  /// Some window reaches over an edge.
  constexpr bool clipped() const { return before > 0 || (output - 1) * stride + size > input; }
};

struct PoolGeometry {
  PoolAxis rows, columns;
  int channels;
  int row, pixel;          ///< input elements from one row and one pixel to the next
  int out_row, out_pixel;  ///< output elements likewise

  /// Of images without borders.
  constexpr PoolGeometry(PoolAxis down, PoolAxis across, int c)
      : rows(down), columns(across), channels(c), row(across.input * c), pixel(c), out_row(across.output * c),
        out_pixel(c) {}

  constexpr int input_size() const { return rows.input * row; }
  constexpr int output_size() const { return rows.output * out_row; }
};

/// The cells of one window.
template <PoolGeometry g>
struct PoolWindow {
  int top, left, height, width;

  PoolWindow(int y, int x) {
    place<g.rows>(y, top, height);
    place<g.columns>(x, left, width);
  }

  /// Where a cell is, in elements of the image.
  STRATA_INLINE int cell(int y, int x) const { return (top + y) * g.row + (left + x) * g.pixel; }

  /// f(cell, its number in the window), row by row.
  template <class F>
  STRATA_INLINE void for_each_cell(F f) const {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) f(cell(y, x), y * width + x);
  }

 private:
  template <PoolAxis axis>
  static STRATA_INLINE void place(int i, int& begin, int& count) {
    const int first = i * axis.stride - axis.before;
    begin = axis.clipped() ? std::max(0, first) : first;
    count = axis.clipped() ? std::min(axis.input, first + axis.size) - begin : axis.size;
  }
};

/// The largest value of a window; its gradient goes to the first one.
struct MaxPool {
  static constexpr bool backward_reads_input = true;

  template <class V, class Cells, class Load>
  static STRATA_INLINE V forward(const Cells& window, Load load) {
    V largest(-std::numeric_limits<typename V::value_type>::infinity());
    window.for_each_cell([&](int cell, int) STRATA_INLINE_LAMBDA { largest = simd::max(largest, load(cell)); });
    return largest;
  }
  template <class V, class Cells, class Load, class Add>
  static STRATA_INLINE void backward(const Cells& window, V gradient, Load load, Add add) {
    using T = typename V::value_type;
    V largest(-std::numeric_limits<T>::infinity()), first(T(0));
    window.for_each_cell([&](int cell, int number) STRATA_INLINE_LAMBDA {
      const V x = load(cell);
      first = simd::select(x > largest, V(static_cast<T>(number)), first);
      largest = simd::max(largest, x);
    });
    window.for_each_cell([&](int cell, int number) STRATA_INLINE_LAMBDA {
      add(cell, simd::select(first == V(static_cast<T>(number)), gradient, V(T(0))));
    });
  }
};

/// The mean of the cells of a window that exist.
struct AveragePool {
  static constexpr bool backward_reads_input = false;

  template <class V, class Cells, class Load>
  static STRATA_INLINE V forward(const Cells& window, Load load) {
    V sum(typename V::value_type(0));
    for (int y = 0; y < window.height; ++y) {  // sums of row sums: large windows round less
      V row(typename V::value_type(0));
      for (int x = 0; x < window.width; ++x) row = row + load(window.cell(y, x));
      sum = sum + row;
    }
    return sum * share<V>(window);
  }
  template <class V, class Cells, class Load, class Add>
  static STRATA_INLINE void backward(const Cells& window, V gradient, Load, Add add) {
    window.for_each_cell([&](int cell, int) STRATA_INLINE_LAMBDA { add(cell, gradient * share<V>(window)); });
  }

 private:
  template <class V, class Cells>
  static STRATA_INLINE V share(const Cells& window) {
    return V(1 / static_cast<typename V::value_type>(window.height * window.width));
  }
};

/// f(window, first output element, first channel, lanes) for each vector of channels of each output pixel of an image.
template <class V, PoolGeometry g, class F>
STRATA_INLINE void for_each_output(F f) {
  for (int y = 0; y < g.rows.output; ++y)
    for (int x = 0; x < g.columns.output; ++x) {
      const PoolWindow<g> window(y, x);
      const int pixel = y * g.out_row + x * g.out_pixel;
      for_each_channel_vector<V, g.channels>(
          [&](int c, auto lanes) STRATA_INLINE_LAMBDA { f(window, pixel + c, c, lanes); });
    }
}

/// (batch, rows.input, columns.input, channels) to (batch, rows.output, columns.output, channels); one image where they
/// have borders.
template <class V, PoolGeometry g, class Pool, class T = typename V::value_type>
STRATA_NOINLINE void pool(std::size_t batch, const T* input, T* output) {
  for (; batch > 0; --batch, input += g.input_size(), output += g.output_size())
    for_each_output<V, g>([&](const PoolWindow<g>& window, int place, int c, auto lanes) STRATA_INLINE_LAMBDA {
      const auto load = [&](int cell) STRATA_INLINE_LAMBDA { return lanes.load(input + cell + c); };
      lanes.store(output + place, Pool::template forward<V>(window, load));
    });
}

/// Overwrites `input_gradient`; windows that overlap add up.
template <class V, PoolGeometry g, class Pool, class T = typename V::value_type>
STRATA_NOINLINE void pool_backward(std::size_t batch, const T* input, const T* output_gradient, T* input_gradient) {
  for (std::size_t sample = 0; sample < batch; ++sample) {
    const T* const x = Pool::backward_reads_input ? input + sample * g.input_size() : nullptr;
    const T* const dy = output_gradient + sample * g.output_size();
    T* const dx = input_gradient + sample * g.input_size();
    std::fill_n(dx, g.input_size(), T(0));
    for_each_output<V, g>([&](const PoolWindow<g>& window, int out, int c, auto lanes) STRATA_INLINE_LAMBDA {
      const auto load = [&](int cell) STRATA_INLINE_LAMBDA { return lanes.load(x + cell + c); };
      const auto add = [&](int cell, V part) STRATA_INLINE_LAMBDA {
        lanes.store(dx + cell + c, lanes.load(dx + cell + c) + part);
      };
      Pool::backward(window, lanes.load(dy + out), load, add);
    });
  }
}

}  // namespace strata::kernels
