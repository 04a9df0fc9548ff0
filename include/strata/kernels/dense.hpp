// Matrix products of a fully connected layer, on the convolution's register tiles: a sample is a pixel of a 1x1
// convolution over (1, samples).
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/transpose.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

constexpr ConvGeometry dense_geometry(int features, int units, int samples) {
  return {.out_height = 1,
          .out_width = samples,
          .kernel_height = 1,
          .kernel_width = 1,
          .stride_height = 1,
          .stride_width = 1,
          .dilation_height = 1,
          .dilation_width = 1,
          .groups = 1,
          .in_channels = features,
          .out_channels = units,
          .row = 0,
          .out_row = samples * units};
}

namespace detail {

/// Features whose products with all samples are summed before the next ones come: their weights stay in the cache
/// meanwhile, and thousands of products in one sum would cost digits.
constexpr int dense_part(int features) { return even_part(features, 512); }

struct DensePart {
  int features;
  bool first, last;
};

/// f(first feature, DensePart) for all parts.
template <int features, class F>
void for_each_dense_part(F f) {
  constexpr int part = dense_part(features);
  for (int first = 0; first < features; first += part)
    f(first, DensePart{(std::min)(part, features - first), first == 0, first + part >= features});
}

/// sums[sample][v] += p[sample][v]; samples are `step` elements apart.
template <class V, int NV, int LastWidth, int... I>
STRATA_INLINE void add_samples(V* sums, const typename V::value_type* p, int step, std::integer_sequence<int, I...>) {
  constexpr int lanes = simd::lanes<V>;
  ((sums[I] = sums[I] + read<V, I % NV + 1 == NV ? LastWidth : lanes>(p + I / NV * step + I % NV * lanes)), ...);
}

/// A register tile, samples x units, of `splits` sums each: adds the products of a part of the features to `out`; after
/// the last part the epilogue.
template <class V, ConvGeometry g, int WeightStep, int NV, int LastWidth, class Epilogue, int splits>
STRATA_NOINLINE void dense_tile(const DensePart& part, const typename V::value_type* x,
                                const typename V::value_type* weights, const typename V::value_type* bias,
                                typename V::value_type* out, const typename V::value_type* residual) {
  constexpr Patch samples{1, g.out_width};
  constexpr Indices<samples.count() * NV> tile;
  constexpr int width = WeightStep == NV * simd::lanes<V> ? simd::lanes<V> : LastWidth;
  constexpr int unroll = 4;
  V sums[tile.size() * splits];
  fill(sums, V(typename V::value_type(0)), Indices<tile.size() * splits>{});
  int feature = 0;
  for (; feature + unroll <= part.features; feature += unroll)
    multiply_steps<V, g, samples, NV, splits, WeightStep, width, 0>(sums, x, weights, Indices<unroll>{});
  for (; feature < part.features; ++feature)
    multiply_steps<V, g, samples, NV, splits, WeightStep, width, 0>(sums, x, weights, Indices<1>{});
  merge<V, tile.size(), splits>(sums, tile);
  if (!part.first) add_samples<V, NV, LastWidth>(sums, out, g.out_pixel(), tile);
  else if (bias != nullptr) add_samples<V, NV, LastWidth>(sums, bias, 0, tile);
  if (part.last) finish<V, g, samples, NV, LastWidth, Epilogue>(sums, out, residual, tile);
  else finish<V, g, samples, NV, LastWidth, Identity>(sums, out, nullptr, tile);
}

/// One block of units for all samples, `Samples` at a time, then fewer; of `Splits` sums each, or as many as are fast.
template <class V, int features, int units, int WeightStep, int NV, int LastWidth, class Epilogue, int Samples,
          int Splits = 0>
void dense_block(std::size_t batch, const DensePart& part, const typename V::value_type* x,
                 const typename V::value_type* weights, const typename V::value_type* bias,
                 typename V::value_type* out, const typename V::value_type* residual) {
  for (; batch >= Samples; batch -= Samples) {
    dense_tile<V, dense_geometry(features, units, Samples), WeightStep, NV, LastWidth, Epilogue,
               Splits == 0 ? sum_splits(Samples * NV) : Splits>(part, x, weights, bias, out, residual);
    x += static_cast<std::ptrdiff_t>(Samples) * features;
    out += static_cast<std::ptrdiff_t>(Samples) * units;
    if constexpr (has_residual<Epilogue>) residual += static_cast<std::ptrdiff_t>(Samples) * units;
  }
  if constexpr (Samples > 1)
    dense_block<V, features, units, WeightStep, NV, LastWidth, Epilogue, Samples / 2, Splits>(batch, part, x, weights,
                                                                                              bias, out, residual);
}

/// Samples of a tile. More than eight of them, often a power of two apart, would fight for a set of the first-level
/// cache.
template <class V, int NV>
inline constexpr int dense_samples = (std::min)(8, conv_tile(NV, simd::register_count, simd::lanes<V>).pixels);

}  // namespace detail

/// What is known of the samples of a product.
enum class DenseBatch {
  any,     ///< small tiles alternate between several sums
  single,  ///< mostly one: no code for more at a time
  alike,   ///< all are summed in one order: their bits do not depend on how many there are
};

/// out (batch, units) = epilogue(bias + x (batch, features) * weights). `bias` may be null; `residual`, for an epilogue
/// with one, lies like `out`. Threads share blocks of units.
template <class V, int features, int units, Weights layout, class Epilogue, DenseBatch kind = DenseBatch::any,
          class T = typename V::value_type, class Part = strata::detail::Whole>
void dense(std::size_t batch, const T* x, const T* weights, const T* bias, T* out,
           const std::type_identity_t<T>* residual = nullptr, Part part = {}) {
  constexpr int lanes = simd::lanes<V>;
  constexpr ConvBlocks<V> blocks(units);
  constexpr int width = blocks.size * lanes, full_units = blocks.full * width;
  constexpr bool packed = layout == Weights::packed;
  constexpr int step = packed ? width : units, last_step = packed ? blocks.last * lanes : units;
  const auto tasks = part.template tasks<blocks.full + 1>();
  detail::for_each_dense_part<features>([&](int first, const detail::DensePart& piece) {
    const auto block = [&]<int Step, int NV, int LastWidth>(int unit) {
      const T* const w = weights + static_cast<std::ptrdiff_t>(unit) * (packed ? features : 1) +
                         static_cast<std::ptrdiff_t>(first) * Step;
      constexpr int most = kind == DenseBatch::single ? 1 : detail::dense_samples<V, NV>;
      constexpr int splits = kind == DenseBatch::alike ? detail::sum_splits(most * NV) : 0;
      detail::dense_block<V, features, units, Step, NV, LastWidth, Epilogue, most, splits>(
          batch, piece, x + first, w, bias != nullptr ? bias + unit : nullptr, out + unit,
          has_residual<Epilogue> ? residual + unit : nullptr);
    };
    for (int b = tasks.begin; b < (std::min)(tasks.end, blocks.full); ++b)
      block.template operator()<step, blocks.size, lanes>(b * width);
    if (tasks.begin <= blocks.full && blocks.full < tasks.end)
      block.template operator()<last_step, blocks.last, blocks.last_width>(full_units);
  });
}

/// Adds the sum over the batch of x * gradient to `weights` (features, units). Threads share weights.
template <class V, int features, int units, class T = typename V::value_type, class Part = strata::detail::Whole>
void dense_weight_gradient(std::size_t batch, const T* x, const T* gradient, T* weights, Part part = {}) {
  const detail::OuterPixels samples{1, 1, batch, 0, 0, 0, features, 0, units};
  constexpr int size = detail::dense_part(features), rest = features % size;
  constexpr detail::OuterBlocks cut(units, simd::lanes<V>);
  constexpr int tiles = cut.tiles({size, 0}, 1);
  constexpr int all = features / size * tiles + (rest > 0 ? cut.tiles({(std::max)(rest, 1), 0}, 1) : 0);
  const auto add = [&]<int count>(int first) {
    detail::outer_product_blocks<V, detail::TapRuns{count, 0}, 1, units, units>(
        x + first, gradient, samples, weights + static_cast<std::ptrdiff_t>(first) * units, part,
        first / size * tiles, all);
  };
  for (int first = 0; first + size <= features; first += size) add.template operator()<size>(first);
  if constexpr (rest > 0) add.template operator()<rest>(features - rest);
}

/// Vectors of features whose part of the transposed weights is made at a time.
template <class V>
inline constexpr int dense_panel = conv_tile(4, simd::register_count, simd::lanes<V>).vectors;

/// Elements of working memory of `dense_input_gradient`.
template <class V>
constexpr std::size_t dense_scratch_size(int units) {
  return static_cast<std::size_t>(units) * dense_panel<V> * simd::lanes<V>;
}

/// x (batch, features) = gradient (batch, units) * transposed weights. Threads share panels of features.
template <class V, int features, int units, class T = typename V::value_type, class Part = strata::detail::Whole>
void dense_input_gradient(std::size_t batch, const T* gradient, const T* weights, T* x, T* scratch, Part part = {}) {
  constexpr int lanes = simd::lanes<V>, panel = dense_panel<V> * lanes;
  const auto columns = [&]<int width>(int first) {
    constexpr int vectors = (width + lanes - 1) / lanes, step = vectors * lanes;
    transpose(width, units, weights + static_cast<std::ptrdiff_t>(first) * units, units, scratch, step);
    detail::for_each_dense_part<units>([&](int unit, const detail::DensePart& piece) {
      detail::dense_block<V, units, features, step, vectors, width - (vectors - 1) * lanes, Identity,
                          detail::dense_samples<V, vectors>>(batch, piece, gradient + unit, scratch + unit * step,
                                                             nullptr, x + first, nullptr);
    });
  };
  constexpr int full = features / panel, rest = features % panel;
  const auto panels = part.template tasks<full + (rest > 0)>();
  for (int p = panels.begin; p < (std::min)(panels.end, full); ++p) columns.template operator()<panel>(p * panel);
  if constexpr (rest > 0)
    if (panels.begin <= full && full < panels.end) columns.template operator()<rest>(full * panel);
}

}  // namespace strata::kernels
