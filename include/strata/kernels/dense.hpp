// Matrix products of a fully connected layer, on the convolution's register tiles: a sample is a pixel of a 1x1
// convolution over (1, samples).
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/simd.hpp>
#include <strata/kernels/transpose.hpp>

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

/// out (batch, units) = epilogue(bias + x (batch, features) * weights). `bias` may be null; `residual`, for an epilogue
/// with one, lies like `out`.
template <class V, int features, int units, Weights layout, class Epilogue>
void dense(std::size_t batch, const typename V::value_type* x, const typename V::value_type* weights,
           const typename V::value_type* bias, typename V::value_type* out,
           const typename V::value_type* residual = nullptr) {
  const auto samples = [&]<int count>() {
    convolve<V, dense_geometry(features, units, count), layout, Epilogue>(x, weights, bias, out, residual);
    x += static_cast<std::size_t>(count) * features;
    out += static_cast<std::size_t>(count) * units;
    if constexpr (has_residual<Epilogue>) residual += static_cast<std::size_t>(count) * units;
    if (residual != nullptr) residual += static_cast<std::size_t>(count) * units;
    batch -= static_cast<std::size_t>(count);
  };
  while (batch >= 8) samples.template operator()<8>();
  if (batch >= 4) samples.template operator()<4>();
  while (batch >= 1) samples.template operator()<1>();
}

/// Adds the sum over the batch of x * gradient to `weights` (features, units).
template <class V, int features, int units>
void dense_weight_gradient(std::size_t batch, const typename V::value_type* x, const typename V::value_type* gradient,
                           typename V::value_type* weights) {
  detail::outer_product_blocks<V, detail::TapRuns{features, 0}, 1, units, units>(
      x, gradient, {1, batch, 0, features, 0, units}, weights);
}

/// Features whose part of the transposed weights is made at a time.
template <class V>
inline constexpr int dense_chunk = conv_tile(4, simd::register_count, simd::lanes<V>).vectors * simd::lanes<V>;

template <class V>
constexpr std::size_t dense_scratch_size(int units) {
  return static_cast<std::size_t>(units) * dense_chunk<V>;
}

/// x (batch, features) = gradient (batch, units) * transposed weights.
template <class V, int features, int units>
void dense_input_gradient(std::size_t batch, const typename V::value_type* gradient,
                          const typename V::value_type* weights, typename V::value_type* x,
                          typename V::value_type* scratch) {
  constexpr int chunk = dense_chunk<V>;
  constexpr int lanes = simd::lanes<V>;
  const auto columns = [&]<int width>(int first) {
    constexpr int vectors = (width + lanes - 1) / lanes;
    transpose(width, units, weights + static_cast<std::ptrdiff_t>(first) * units, units, scratch, vectors * lanes);
    const auto samples = [&]<int count>(std::size_t n) {
      detail::convolve_block<V, dense_geometry(units, features, count), vectors * lanes, vectors,
                             width - (vectors - 1) * lanes, Identity>(
          gradient + n * units, scratch, nullptr, x + n * features + static_cast<std::size_t>(first), nullptr);
    };
    std::size_t n = 0;
    for (; n + 8 <= batch; n += 8) samples.template operator()<8>(n);
    for (; n + 4 <= batch; n += 4) samples.template operator()<4>(n);
    for (; n < batch; ++n) samples.template operator()<1>(n);
  };
  for (int first = 0; first + chunk <= features; first += chunk) columns.template operator()<chunk>(first);
  if constexpr (features % chunk != 0) columns.template operator()<features % chunk>(features / chunk * chunk);
}

}  // namespace strata::kernels
