// Pooling over NHWC images: windows in the plane, SIMD over the channels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

/// Windows along one axis: window i covers those cells of [i stride - before, i stride - before + size) that exist.
struct PoolAxis {
  int input, output;
  int size, stride, before;
  int after = 0;  ///< cells beyond the input that count where padding does

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
  int padded_height, padded_width;

  PoolWindow(int y, int x) {
    place<g.rows>(y, top, height, padded_height);
    place<g.columns>(x, left, width, padded_width);
  }

  /// Where a cell is, in elements of the image.
  STRATA_INLINE int cell(int y, int x) const { return (top + y) * g.row + (left + x) * g.pixel; }

  /// f(cell), row by row.
  template <class F>
  STRATA_INLINE void for_each_cell(F f) const {
    if constexpr (unrolled)
      if (whole())
        return [&]<int... I>(std::integer_sequence<int, I...>) STRATA_INLINE_LAMBDA { (f(cell_of(I)), ...); }(all);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) f(cell(y, x));
  }

  /// join(load(cell)…) over all cells: of many, each row's, then the rows'. Sums round less so, and no value waits for
  /// all before it.
  template <class Load, class Join>
  STRATA_INLINE auto reduce(Load load, Join join) const {
    if constexpr (unrolled)
      if (whole())
        return [&]<int... I>(std::integer_sequence<int, I...>)
            STRATA_INLINE_LAMBDA { return join(load(cell_of(I))...); }(all);
    const auto row = [&](int y) STRATA_INLINE_LAMBDA {
      auto joined = load(cell(y, 0));
      for (int x = 1; x < width; ++x) joined = join(joined, load(cell(y, x)));
      return joined;
    };
    auto joined = row(0);
    for (int y = 1; y < height; ++y) joined = join(joined, row(y));
    return joined;
  }

 private:
  /// Windows up to 3x3 are unrolled where no edge cuts them.
  static constexpr bool unrolled = g.rows.size * g.columns.size <= 9;
  static constexpr std::make_integer_sequence<int, unrolled ? g.rows.size * g.columns.size : 0> all{};

  STRATA_INLINE bool whole() const { return height == g.rows.size && width == g.columns.size; }
  STRATA_INLINE int cell_of(int number) const { return cell(number / g.columns.size, number % g.columns.size); }

  template <PoolAxis axis>
  static STRATA_INLINE void place(int i, int& begin, int& count, int& padded) {
    const int first = i * axis.stride - axis.before;
    begin = axis.clipped() ? (std::max)(0, first) : first;
    count = axis.clipped() ? (std::min)(axis.input, first + axis.size) - begin : axis.size;
    padded = axis.clipped() ? (std::min)(axis.input + axis.after - first, axis.size) : axis.size;
  }
};

/// The largest value of a window, or NaN where it has one. Its gradient goes to the first cell that holds it.
struct MaxPool {
  static constexpr bool backward_reads_input = true;

  template <class V, class Cells, class Load>
  static STRATA_INLINE V forward(const Cells& window, Load load) {
    return window.reduce(load, [](auto... x) STRATA_INLINE_LAMBDA { return simd::maximum(x...); });
  }
  template <class V, class Cells, class Load, class Add>
  static STRATA_INLINE void backward(const Cells& window, V gradient, Load load, Add add) {
    const V largest = forward<V>(window, load), zero(typename V::value_type(0));
    V left = gradient;
    const auto give_to = [&](auto chosen) STRATA_INLINE_LAMBDA {
      window.for_each_cell([&](int cell) STRATA_INLINE_LAMBDA {
        const auto here = chosen(load(cell));
        add(cell, simd::select(here, left, zero));
        left = simd::select(here, zero, left);
      });
    };
    give_to([&](V x) STRATA_INLINE_LAMBDA { return x == largest; });
    if (simd::any(simd::unordered(largest, largest)))
      give_to([](V x) STRATA_INLINE_LAMBDA { return simd::unordered(x, x); });
  }
};

/// The same, but all cells that hold the largest value share its gradient, as in Keras' global pooling.
struct SharingMaxPool : MaxPool {
  template <class V, class Cells, class Load, class Add>
  static STRATA_INLINE void backward(const Cells& window, V gradient, Load load, Add add) {
    using T = typename V::value_type;
    const V largest = forward<V>(window, load);
    const auto part = [&](int cell, V share) STRATA_INLINE_LAMBDA {
      const V x = load(cell);
      return simd::select((x == largest) | simd::unordered(x, x), share, V(T(0)));
    };
    V count(T(0));
    window.for_each_cell([&](int cell) STRATA_INLINE_LAMBDA { count = count + part(cell, V(T(1))); });
    window.for_each_cell([&](int cell) STRATA_INLINE_LAMBDA { add(cell, part(cell, V(gradient / count))); });
  }
};

/// The mean of the cells of a window that exist, or of those of the padding, too.
template <bool count_padding>
struct MeanPool {
  static constexpr bool backward_reads_input = false;

  template <class V, class Cells, class Load>
  static STRATA_INLINE V forward(const Cells& window, Load load) {
    return window.reduce(load, [](auto... x) STRATA_INLINE_LAMBDA { return V((... + x)); }) * share<V>(window);
  }
  template <class V, class Cells, class Load, class Add>
  static STRATA_INLINE void backward(const Cells& window, V gradient, Load, Add add) {
    window.for_each_cell([&](int cell) STRATA_INLINE_LAMBDA { add(cell, gradient * share<V>(window)); });
  }

 private:
  template <class V, class Cells>
  static STRATA_INLINE V share(const Cells& window) {
    const int cells = count_padding ? window.padded_height * window.padded_width : window.height * window.width;
    return V(1 / static_cast<typename V::value_type>(cells));
  }
};
using AveragePool = MeanPool<false>;

/// f(window, first output element, first channel, lanes) for vectors of channels of an output pixel of an image.
template <class V, PoolGeometry g, class F,
          class Vectors = strata::detail::Whole::Tasks<channel_vectors<V, g.channels>>>
STRATA_INLINE void for_output(int y, int x, F f, Vectors vectors = {}) {
  const PoolWindow<g> window(y, x);
  const int pixel = y * g.out_row + x * g.out_pixel;
  for_each_channel_vector<V, g.channels>(
      [&](int c, auto lanes) STRATA_INLINE_LAMBDA { f(window, pixel + c, c, lanes); }, vectors);
}

/// The same for each output pixel. Threads share the pixels of each row, or the vectors of a single pixel.
template <class V, PoolGeometry g, class F, class Part = strata::detail::Whole>
STRATA_INLINE void for_each_output(F f, Part part = {}) {
  constexpr int width = g.columns.output, pixels = g.rows.output * width;
  if constexpr (pixels == 1) return for_output<V, g>(0, 0, f, part.template tasks<channel_vectors<V, g.channels>>());
  else
    for (int y = 0; y < g.rows.output; ++y) {
      const auto columns = part.template tasks<width>(y * width, pixels);
      for (int x = columns.begin; x < columns.end; ++x) for_output<V, g>(y, x, f);
    }
}

/// (batch, rows.input, columns.input, channels) to (batch, rows.output, columns.output, channels); one image where they
/// have borders.
template <class V, PoolGeometry g, class Pool, class T = typename V::value_type, class Part = strata::detail::Whole>
STRATA_NOINLINE void pool(std::size_t batch, const T* input, T* output, Part part = {}) {
  for (; batch > 0; --batch, input += g.input_size(), output += g.output_size())
    for_each_output<V, g>(
        [&](const PoolWindow<g>& window, int place, int c, auto lanes) STRATA_INLINE_LAMBDA {
          const auto load = [&](int cell) STRATA_INLINE_LAMBDA { return lanes.load(input + cell + c); };
          lanes.store(output + place, Pool::template forward<V>(window, load));
        },
        part);
}

/// Overwrites `input_gradient`; windows that overlap add up. Threads share rows of windows that do not.
template <class V, PoolGeometry g, class Pool, class T = typename V::value_type, class Part = strata::detail::Whole>
STRATA_NOINLINE void pool_backward(std::size_t batch, const T* input, const T* output_gradient, T* input_gradient,
                                   Part part = {}) {
  constexpr int bands = g.rows.size > g.rows.stride ? 1 : g.rows.output, height = g.rows.output / bands;
  const auto own = part.template tasks<bands>();
  const auto top = [](int band) {
    if (band == 0 || band == bands) return band == 0 ? 0 : g.rows.input;
    return band * g.rows.stride - g.rows.before;
  };
  for (std::size_t sample = 0; sample < batch; ++sample) {
    const T* const x = Pool::backward_reads_input ? input + sample * g.input_size() : nullptr;
    const T* const dy = output_gradient + sample * g.output_size();
    T* const dx = input_gradient + sample * g.input_size();
    const auto window_backward = [&](const PoolWindow<g>& window, int made, int c, auto lanes) STRATA_INLINE_LAMBDA {
      const auto load = [&](int cell) STRATA_INLINE_LAMBDA { return lanes.load(x + cell + c); };
      const auto add = [&](int cell, V share) STRATA_INLINE_LAMBDA {
        lanes.store(dx + cell + c, lanes.load(dx + cell + c) + share);
      };
      Pool::backward(window, lanes.load(dy + made), load, add);
    };
    for (int band = own.begin; band < own.end; ++band) {
      std::fill(dx + top(band) * g.row, dx + top(band + 1) * g.row, T(0));
      for (int y = band * height; y < (band + 1) * height; ++y)
        for (int column = 0; column < g.columns.output; ++column) for_output<V, g>(y, column, window_backward);
    }
  }
}

}  // namespace strata::kernels
