// Which kernel computes a convolution, and one way to call them all.
#pragma once

#include <cstddef>

#include <strata/core/text.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/winograd.hpp>
#include <strata/kernels/winograd_weights.hpp>

namespace strata::kernels {

/// Images of a batch: the first one's first cell, elements from one image to the next.
template <class T>
struct Images {
  T* data = nullptr;
  std::size_t step = 0;
};

template <class V>
constexpr int winograd_tile(const ConvGeometry& g, int samples) {
  if (samples == 1 && g.in_channels == 64 && g.out_height == 8) return g.stride_height == 1 && g.kernel_height == 3 ? 2 : 0;
  return g.kernel_height == 3 && g.kernel_width == 3 && g.stride_height == 1 && g.stride_width == 1 && g.dilation_height == 1 && g.dilation_width == 1 && g.groups == 1 && g.in_channels >= 8 && g.out_channels >= 8 && g.out_height >= 4 && g.out_width >= 4 ? 4 : 0;
}

/// What the choice of a kernel depends on beside the geometry.
struct ConvChoice {
  bool exact = false;  ///< direct sums only
  int samples = 1;     ///< that share one reading of the weights

  friend constexpr bool operator==(const ConvChoice&, const ConvChoice&) = default;
};

/// Winograd's form of a convolution, of tile 0 where direct sums are to be used.
template <class V>
constexpr WinogradGeometry winograd_form(const ConvGeometry& g, ConvChoice choice = {}) {
  return {.tile = choice.exact ? 0 : winograd_tile<V>(g, choice.samples),
          .out_height = g.out_height,
          .out_width = g.out_width,
          .in_channels = g.in_channels,
          .out_channels = g.out_channels,
          .row = g.row,
          .out_row = g.out_row};
}

/// Elements of packed weights.
template <class V>
constexpr std::size_t convolution_weights_size(const ConvGeometry& g, ConvChoice choice = {}) {
  const WinogradGeometry w = winograd_form<V>(g, choice);
  return w.tile > 0 ? winograd_weights_size<V>(w) : packed_weights_size<V>(g);
}
/// Elements of working memory.
template <class V>
constexpr std::size_t convolution_scratch_size(const ConvGeometry& g, ConvChoice choice = {}) {
  const WinogradGeometry w = winograd_form<V>(g, choice);
  return w.tile > 0 ? winograd_scratch_size<V>(w) : 0;
}

/// "Winograd 4x4", or "direct 2x8": vectors of channels times pixels.
template <class V>
constexpr Text convolution_name(const ConvGeometry& g, ConvChoice choice = {}) {
  if (const int tile = winograd_form<V>(g, choice).tile; tile > 0) return Text("Winograd ") << tile << 'x' << tile;
  const ConvBlocks<V> blocks(g.out_channels);
  return Text("direct ") << blocks.size << 'x' << conv_tile(blocks.size, simd::register_count, simd::lanes<V>).pixels;
}

/// A convolution by the kernel that is fastest for it.
template <class V, ConvGeometry g, ConvChoice choice = ConvChoice{}>
struct Convolution {
  using T = typename V::value_type;
  static constexpr WinogradGeometry winograd = winograd_form<V>(g, choice);
  static constexpr bool is_winograd = winograd.tile > 0;

  /// Packs weights given by `weight(group, ky, kx, in, out)`.
  template <class Weight>
  static void pack(Weight&& weight, T* packed) {
    if constexpr (is_winograd)
      winograd_pack<V, winograd>([&](int ky, int kx, int in, int out) { return weight(0, ky, kx, in, out); }, packed);
    else pack_weights<V, g>(weight, packed);
  }

  /// out = epilogue(bias + x * weights), image by image. `bias` may be null.
  template <class Epilogue, Weights layout = Weights::packed>
  static void run(std::size_t batch, Images<const T> x, const T* weights, const T* bias, Images<T> out,
                  Images<const T> residual, T* scratch) {
    if constexpr (is_winograd) {
      winograd_convolve<V, winograd, Epilogue>(x.data, weights, bias, out.data, residual.data, scratch, batch, x.step,
                                               out.step, residual.step);
    } else {
      for (std::size_t n = 0; n < batch; ++n)
        convolve<V, g, layout, Epilogue>(x.data + n * x.step, weights, bias, out.data + n * out.step,
                                         has_residual<Epilogue> ? residual.data + n * residual.step : nullptr);
    }
  }
};

}  // namespace strata::kernels
