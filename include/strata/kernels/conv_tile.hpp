// A register tile of direct convolution: vectors of output channels times output pixels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/core/machine.hpp>
#include <strata/kernels/conv_geometry.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels::detail {

// Register tiles are arrays of vectors whose indices are all constants: the fold expressions are the unrolled loops.
template <int N>
using Indices = std::make_integer_sequence<int, N>;

/// A vector whose lanes beyond `Width` are neither read nor written.
template <class V, int Width>
STRATA_INLINE V read(const typename V::value_type* p) {
  if constexpr (Width < simd::lanes<V>) return simd::load_partial<V>(p, Width);
  else return simd::load<V>(p);
}
template <class V, int Width>
STRATA_INLINE void write(typename V::value_type* p, V v) {
  if constexpr (Width < simd::lanes<V>) simd::store_partial(p, v, Width);
  else simd::store(p, v);
}

/// NV vectors of channels, the last with `LastWidth` lanes.
template <class V, int LastWidth, int... I>
STRATA_INLINE void read_block(V* block, const typename V::value_type* p, std::integer_sequence<int, I...>) {
  ((block[I] = read<V, I + 1 == sizeof...(I) ? LastWidth : simd::lanes<V>>(p + I * simd::lanes<V>)), ...);
}
template <class V, int LastWidth, int... I>
STRATA_INLINE void write_block(const V* block, typename V::value_type* p, std::integer_sequence<int, I...>) {
  (write<V, I + 1 == sizeof...(I) ? LastWidth : simd::lanes<V>>(p + I * simd::lanes<V>, block[I]), ...);
}

/// sums[v] += x * weights[v].
template <class V, int... I>
STRATA_INLINE void multiply_pixel(V* sums, V x, const V* weights, std::integer_sequence<int, I...>) {
  ((sums[I] = simd::fma(x, weights[I], sums[I])), ...);
  if constexpr (simd::register_count < 32) simd::keep(x);
}

/// sums[p][v] += x[window of p] * weights[v], where P counts the pixels and I the vectors.
template <class V, ConvGeometry g, Patch patch, int... P, int... I>
STRATA_INLINE void multiply(V* sums, const typename V::value_type* x, const V* weights,
                            std::integer_sequence<int, P...>, std::integer_sequence<int, I...> vectors) {
  constexpr int row = g.stride_height * g.row, column = g.stride_width * g.in_pixel();
  (multiply_pixel(sums + P * int(sizeof...(I)), simd::broadcast<V>(x[patch.offset(P, row, column)]), weights, vectors),
   ...);
  if constexpr (sizeof...(P) > 1)
    for (std::size_t v = 0; v < sizeof...(I); ++v) simd::keep(weights[v]);
}

/// g++ would keep what it read for one step for another one, more than the registers hold: it shall forget it.
template <class T>
STRATA_INLINE void hide(const T*& x, const T*& weights) {
  asm volatile("" : "+r"(x), "+r"(weights));
}

/// Asks for what will be read soon, into the cache of a level: processors do not by themselves look far enough ahead.
template <int Level, class T>
STRATA_INLINE void prefetch(const T* p, int bytes) {
  for (int byte = 0; byte < bytes; byte += 64)
    __builtin_prefetch(reinterpret_cast<const char*>(p) + byte, 0, 4 - Level);
}

/// True of weights, of a block or of a run in it, that leave no room for as many others in the first-level cache.
constexpr bool fills_first_cache(int bytes) {
  return static_cast<std::size_t>(bytes) >= strata::detail::machine.first_cache / 3;
}

/// How the next block's weights are asked for while a block is computed: some bytes every so many groups of four steps,
/// a little at a time, so that memory delivers them meanwhile. The block's own first tile would wait for them.
struct Upcoming {
  static constexpr int group = 4;  ///< steps
  int bytes = 0, groups = 1;
  int level = 2;  ///< of the cache that is to have them

  constexpr Upcoming() = default;
  /// For blocks of `tiles` register tiles, each of which takes so many steps of `step_bytes`. One that is alone in a
  /// large block reads on and on, which processors foresee.
  constexpr Upcoming(int tiles, int steps, int step_bytes) {
    constexpr int line = 64;
    if (!fills_first_cache(steps * step_bytes)) level = 1;
    else if (tiles == 1) return;
    const int share = (group * step_bytes + tiles - 1) / tiles;
    bytes = (share + line - 1) / line * line;
    groups = (std::max)(1, line / share);
  }
};

/// sums[k % Splits][p][v] += x[window of p + k] * weights[k][v] for the steps K; asks for weights `Ahead` steps before.
template <class V, ConvGeometry g, Patch patch, int NV, int Splits, int WeightStep, int Width, int Ahead, int... K>
STRATA_INLINE void multiply_steps([[maybe_unused]] V* sums, const typename V::value_type*& x,
                                  const typename V::value_type*& weights, std::integer_sequence<int, K...>) {
  constexpr int size = patch.count() * NV;
  simd::Array<V, NV> w;
  [[maybe_unused]] constexpr int bytes = Ahead > 0 ? NV * static_cast<int>(sizeof(V)) : 0;
  ((hide(x, weights), prefetch<1>(weights + (K + Ahead) * WeightStep, bytes),
    read_block<V, Width>(w, weights + K * WeightStep, Indices<NV>{}),
    multiply<V, g, patch>(sums + K % Splits * size, x + K, w, Indices<patch.count()>{}, Indices<NV>{})),
   ...);
  x += sizeof...(K);
  weights += sizeof...(K) * WeightStep;
}

template <class V, int... I>
STRATA_INLINE void fill(V* sums, V value, std::integer_sequence<int, I...>) {
  ((sums[I] = value), ...);
}
template <class V, int... I>
STRATA_INLINE void add(V* sums, const V* terms, std::integer_sequence<int, I...>) {
  ((sums[I] = sums[I] + terms[I]), ...);
}

/// The same for a run of `Length` steps; what is upcoming is from `next` on. Thousands of products in one sum would
/// cost digits: long runs are summed in parts.
template <class V, ConvGeometry g, Patch patch, int NV, int Splits, int WeightStep, int Width, int Length,
          Upcoming upcoming>
STRATA_INLINE void multiply_run(V* sums, const typename V::value_type* x, const typename V::value_type* weights,
                                [[maybe_unused]] const typename V::value_type*& next) {
  constexpr int unroll = Upcoming::group, part = 512;
  constexpr int ahead = fills_first_cache(Length * WeightStep * int(sizeof(*weights))) ? 16 : 0;
  if constexpr (Length <= 2 * part) {
    for (int k = 0; k < Length / unroll; ++k) {
      if constexpr (upcoming.bytes > 0)
        if (upcoming.groups == 1 || k % upcoming.groups == 0) {
          prefetch<upcoming.level>(next, upcoming.bytes);
          next += upcoming.bytes / static_cast<int>(sizeof(*next));
        }
      multiply_steps<V, g, patch, NV, Splits, WeightStep, Width, ahead>(sums, x, weights, Indices<unroll>{});
    }
    multiply_steps<V, g, patch, NV, Splits, WeightStep, Width, ahead>(sums, x, weights, Indices<Length % unroll>{});
  } else {
    constexpr Indices<patch.count() * NV * Splits> tile;
    V partial[tile.size()];
    for (int k = 0; k < Length / part; ++k, x += part, weights += part * WeightStep) {
      fill(partial, V(typename V::value_type(0)), tile);
      multiply_run<V, g, patch, NV, Splits, WeightStep, Width, part, upcoming>(partial, x, weights, next);
      add(sums, partial, tile);
    }
    multiply_run<V, g, patch, NV, Splits, WeightStep, Width, Length % part, upcoming>(sums, x, weights, next);
  }
}

template <class V, int Size, int Splits, int... I>
STRATA_INLINE void merge(V* sums, std::integer_sequence<int, I...>) {
  if constexpr (Splits >= 2) ((sums[I] = sums[I] + sums[Size + I]), ...);
  if constexpr (Splits == 4) ((sums[I] = sums[I] + (sums[2 * Size + I] + sums[3 * Size + I])), ...);
}

/// Elements [first, first + Width) of `Joined` pixels of some channels that are `Pixel` elements apart.
template <class V, int Width, int Joined, int Channels, int Pixel>
STRATA_INLINE V read_pixels(const typename V::value_type* p, int first) {
  if constexpr (Joined == 1 || Channels == Pixel) {
    return read<V, Width>(p + first);
  } else {
    typename V::value_type lanes[simd::lanes<V>]{};
    for (int c = 0; c < Width; ++c) lanes[c] = p[(first + c) / Channels * Pixel + (first + c) % Channels];
    return simd::load<V>(lanes);
  }
}
template <class V, int Width, int Joined, int Channels, int Pixel>
STRATA_INLINE void write_pixels(typename V::value_type* p, int first, V v) {
  if constexpr (Joined == 1 || Channels == Pixel) {
    write<V, Width>(p + first, v);
  } else {
    typename V::value_type lanes[simd::lanes<V>];
    simd::store(lanes, v);
    for (int c = 0; c < Width; ++c) p[(first + c) / Channels * Pixel + (first + c) % Channels] = lanes[c];
  }
}

/// Where a pixel of a patch is in the output or in what is added to it: from the patch's first one or, where the rows
/// are joined but for these, from the image's, in which the patch begins at pixel `first`.
template <ConvGeometry g, Patch patch>
STRATA_INLINE constexpr int place(int first, int pixel, int row, int step) {
  if constexpr (g.out_columns == 0) return patch.offset(pixel, row, step);
  else return (first + pixel) / g.out_columns * row + (first + pixel) % g.out_columns * step;
}

/// out[p][v] = epilogue(sums[p][v]), with the residual's value at the same place where the epilogue wants one.
template <class V, ConvGeometry g, Patch patch, int NV, int LastWidth, class Epilogue, int... I>
STRATA_INLINE void finish(V* sums, typename V::value_type* out, const typename V::value_type* residual,
                          std::integer_sequence<int, I...>, [[maybe_unused]] int first = 0) {
  constexpr int lanes = simd::lanes<V>;
  constexpr int channels = g.out_channels / g.joined;
  if constexpr (has_residual<Epilogue>)
    ((sums[I] = Epilogue::apply(
          sums[I], read_pixels<V, I % NV + 1 == NV ? LastWidth : lanes, g.joined, channels, Epilogue::residual_pixel>(
                       residual + place<g, patch>(first, I / NV, Epilogue::residual_row,
                                                  g.joined * Epilogue::residual_pixel),
                       I % NV * lanes))),
     ...);
  else
    ((sums[I] = Epilogue::apply(sums[I])), ...);
  (write_pixels<V, I % NV + 1 == NV ? LastWidth : lanes, g.joined, channels, channels + g.out_gap>(
       out + place<g, patch>(first, I / NV, g.out_row, g.out_step()), I % NV * lanes, sums[I]),
   ...);
}

/// The residual's element (y, x, c).
template <class Epilogue, class T>
STRATA_INLINE const T* residual_at(const T* residual, int y, int x, int c) {
  if constexpr (has_residual<Epilogue>)
    return residual + y * Epilogue::residual_row + x * Epilogue::residual_pixel + c;
  else return nullptr;
}

/// A small tile alternates between several sums, so that the FMA units need not wait for the last product.
constexpr int sum_splits(int size) {
  constexpr int room = simd::register_count >= 32 ? 20 : 12;
  return 4 * size <= room ? 4 : 2 * size <= room ? 2 : 1;
}

template <class V, int... I>
STRATA_INLINE bool all_finite(const V* sums, std::integer_sequence<int, I...>) {
  V zero(typename V::value_type(0));
  ((zero = simd::fma(sums[I], V(typename V::value_type(0)), zero)), ...);
  return simd::all(zero < V(typename V::value_type(1)));
}

/// The sums of joined pixels, each over its own window: a zero between the windows times an input that is infinite or
/// NaN has spoilt what does not see that input.
template <class V, ConvGeometry g, int WeightStep, Patch patch, int NV, class T = typename V::value_type>
STRATA_NOINLINE void sum_apart(V* sums, const T* x, const T* weights, const T* bias) {
  constexpr int stride = g.stride_width / g.joined, width = g.kernel_width - (g.joined - 1) * stride;
  constexpr int lanes = simd::lanes<V>, row = g.stride_height * g.row, column = g.stride_width * g.in_pixel();
  simd::Array<T, NV * lanes> own{};
  for (int p = 0; p < patch.count(); ++p) {
    for (int c = 0; c < g.out_channels; ++c) {
      own[c] = bias != nullptr ? bias[c] : T(0);
      const int first = c / (g.out_channels / g.joined) * stride;  // of its pixel's window
      for (int ky = 0; ky < g.kernel_height; ++ky)
        for (int kx = first; kx < first + width; ++kx)
          for (int in = 0; in < g.in_channels; ++in)
            own[c] += x[patch.offset(p, row, column) + ky * g.dilation_height * g.row + kx * g.in_pixel() + in] *
                      weights[((ky * g.kernel_width + kx) * g.in_channels + in) * WeightStep + c];
    }
    for (int v = 0; v < NV; ++v) sums[p * NV + v] = simd::load<V>(own + v * lanes);
  }
}

/// One register tile: bias + convolution, epilogue, store. The last vector has `LastWidth` lanes in the image and
/// `ReadWidth` in the weights, where it may be padded. `first`: see place; `next`: see multiply_run.
template <class V, ConvGeometry g, int WeightStep, Patch patch, int NV, int LastWidth, int ReadWidth, class Epilogue,
          Upcoming upcoming>
STRATA_INLINE void convolve_tile(const typename V::value_type* x, const typename V::value_type* weights,
                                 const typename V::value_type* bias, typename V::value_type* out,
                                 const typename V::value_type* residual, int first,
                                 const typename V::value_type*& next) {
  constexpr int size = patch.count() * NV;
  constexpr int splits = sum_splits(size);
  if constexpr (has_residual<Epilogue>)
    [&]<int... P>(std::integer_sequence<int, P...>) STRATA_INLINE_LAMBDA {
      (prefetch<1>(
           residual + place<g, patch>(first, P, Epilogue::residual_row, g.joined * Epilogue::residual_pixel),
           NV * static_cast<int>(sizeof(V))),
       ...);
    }(Indices<patch.count()>{});
  simd::Array<V, size * splits> sums;
  fill(sums, V(typename V::value_type(0)), Indices<size * splits>{});
  if (bias != nullptr)
    [&]<int... P>(std::integer_sequence<int, P...>) STRATA_INLINE_LAMBDA {
      (read_block<V, LastWidth>(sums + P * NV, bias, Indices<NV>{}), ...);
    }(Indices<patch.count()>{});
  // Without dilation and gaps a window's row is one run: (kernel_width, in_channels) are neighbours in the image.
  constexpr bool whole_rows = g.dilation_width == 1 && g.in_pixel() == g.in_channels;
  constexpr int runs = whole_rows ? 1 : g.kernel_width;
  constexpr int length = whole_rows ? g.kernel_width * g.in_channels : g.in_channels;
  for (int ky = 0; ky < g.kernel_height; ++ky)
    for (int run = 0; run < runs; ++run)
      multiply_run<V, g, patch, NV, splits, WeightStep, ReadWidth, length, upcoming>(
          sums, x + ky * g.dilation_height * g.row + run * g.dilation_width * g.in_pixel(),
          weights + (ky * g.kernel_width + run) * g.in_channels * WeightStep, next);
  merge<V, size, splits>(sums, Indices<size>{});
  if constexpr (g.joined > 1)
    if (!all_finite(sums, Indices<size>{})) [[unlikely]]
      sum_apart<V, g, WeightStep, patch, NV>(sums, x, weights, bias);
  finish<V, g, patch, NV, LastWidth, Epilogue>(sums, out, residual, Indices<size>{}, first);
}

}  // namespace strata::kernels::detail
