// Which kernel computes a convolution and its gradients, and one way to call them all.
#pragma once

#include <algorithm>
#include <cstddef>

#include <strata/core/arena.hpp>
#include <strata/core/text.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_input.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/depthwise.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/winograd.hpp>
#include <strata/kernels/winograd_cost.hpp>
#include <strata/kernels/winograd_lines.hpp>
#include <strata/kernels/winograd_weights.hpp>

namespace strata::kernels {

/// Images of a batch: the first one's first cell, elements from one image to the next.
template <class T>
struct Images {
  T* data = nullptr;
  std::size_t step = 0;
};

/// How a convolution is computed: the kernel, chosen once, and the memory it takes, in elements.
struct ConvPlan {
  ConvGeometry geometry{};
  int tile = 0;                       ///< of Winograd's convolution; 0: depthwise or direct sums
  int joined = 1;                     ///< neighbouring pixels that direct sums with packed weights take as one
  bool lines = false;                 ///< packed weights are for Winograd's convolution along rows
  std::size_t weights_size = 0;       ///< packed
  std::size_t scratch_size = 0;
  std::size_t sums_size = 0;          ///< of the gradient by the weights, before it is turned into one
  std::size_t sums_scratch_size = 0;  ///< of its working memory

  constexpr int biases() const { return geometry.out_pixel() * joined; }
  /// Elements of packed biases, and of the room that they get before the weights.
  template <class V>
  constexpr std::size_t bias_size() const {
    return aligned_size<typename V::value_type>(static_cast<std::size_t>(biases()));
  }
  constexpr WinogradGeometry winograd() const { return winograd_geometry(geometry, tile); }

  /// "depthwise", "Winograd 4x4", along rows "1x4", or "direct 2x8": vectors of channels times pixels.
  template <class V>
  constexpr Text name() const {
    if (is_depthwise(geometry)) return "depthwise";
    if (tile > 0) return Text("Winograd ") << tile << 'x' << tile;
    if (lines) return Text("Winograd 1x") << LinesPlan<V>::tile;
    const ConvBlocks<V> blocks(geometry.out_channels * joined);
    return Text("direct ") << blocks.size << 'x' << conv_tile(blocks.size, simd::register_count, simd::lanes<V>).pixels
                           << (joined > 1 ? Text(" of ") << joined << " pixels" : Text());
  }
};

template <class V>
constexpr ConvPlan plan_convolution(const ConvGeometry& g, ConvTraffic traffic = {}) {
  if (is_depthwise(g))
    return {.geometry = g, .weights_size = static_cast<std::size_t>(g.kernel_height * g.kernel_width * g.groups)};
  const int tile = fastest_winograd_tile<V>(g, traffic);
  if (tile == 0) {
    const int joined = fastest_join<V>(g);
    if (lines_are_fastest<V>(g, joined))
      return {.geometry = g, .lines = true, .weights_size = lines_weights_size<V>(g),
              .scratch_size = lines_scratch_size<V>(g)};
    return {.geometry = g, .joined = joined, .weights_size = packed_weights_size<V>(join_pixels(g, joined))};
  }
  const WinogradGeometry w = winograd_geometry(g, tile);
  return {.geometry = g, .tile = tile, .weights_size = winograd_weights_size<V>(w),
          .scratch_size = winograd_scratch_size<V>(w), .sums_size = winograd_gradient_size<V>(w),
          .sums_scratch_size = winograd_gradient_scratch_size<V>(w)};
}

/// The gradient of a convolution by its input; its weights are turned.
template <class V>
constexpr ConvPlan plan_convolution(const InputGradient& d, ConvTraffic traffic = {}) {
  if (d.phases() == 1)
    if (const ConvPlan plan = plan_convolution<V>(d.phase(0), traffic); plan.tile > 0) return plan;
  return {.geometry = d.phase(0), .weights_size = d.template weights_size<V>()};
}

/// Whether a part of the work can be some rows, whatever the processor, and as fast: tiles are at most 16 pixels wide.
constexpr bool works_by_rows(const ConvGeometry& g, int width) {
  if (is_depthwise(g)) return depthwise_by_rows(g);
  return width >= 32 && !winograd_possible(g, 2) && shares_rows(g);
}

/// Elements of packed weights at most, on any processor, but for the padding of vectors.
constexpr std::size_t most_convolution_weights(const ConvGeometry& g, int largest_tile) {
  int positions = g.kernel_height * g.kernel_width;
  if (largest_tile >= 4 && lines_possible(g)) positions *= 2;
  for (const int tile : {2, 4})
    if (tile <= largest_tile && winograd_possible(g, tile)) positions = winograd_geometry(g, tile).positions();
  return static_cast<std::size_t>(positions) * static_cast<std::size_t>(g.in_channels * g.out_channels * g.groups);
}

/// A convolution by the kernel of `winograd`'s tile, along rows, depthwise or direct, where `joined` neighbours are one
/// pixel.
template <class V, ConvGeometry g, int winograd_tile, int joined = 1, bool lines = false>
struct Convolution {
  using T = typename V::value_type;
  static constexpr WinogradGeometry winograd = winograd_geometry(g, winograd_tile);

  /// Packs weights given by `weight(group, ky, kx, in, out)`.
  template <class Weight>
  static void pack(Weight&& weight, T* packed) {
    if constexpr (winograd_tile > 0) {
      winograd_pack<V, winograd>([&](int ky, int kx, int i, int o) { return weight(0, ky, kx, i, o); }, packed);
    } else if constexpr (lines) {
      lines_pack<V, g>([&](int ky, int kx, int i, int o) { return weight(0, ky, kx, i, o); }, packed);
    } else if constexpr (is_depthwise(g)) {
      for (int ky = 0; ky < g.kernel_height; ++ky)
        for (int kx = 0; kx < g.kernel_width; ++kx)
          for (int group = 0; group < g.groups; ++group) *packed++ = weight(group, ky, kx, 0, 0);
    } else {
      pack_weights<V, join_pixels(g, joined)>(
          [&](int group, int ky, int kx, int i, int o) {
            const int own = kx - o / g.out_channels * g.stride_width;  // of the kernel at its pixel
            return own >= 0 && own < g.kernel_width ? weight(group, ky, own, i, o % g.out_channels) : T(0);
          },
          packed);
    }
  }

  /// out = epilogue(bias + x * weights), image by image. `bias`, of all joined pixels, may be null. `layout` is of a
  /// direct convolution.
  template <class Epilogue, Weights layout = Weights::packed, class Part = strata::detail::Whole>
  static void run(std::size_t batch, Images<const T> x, const T* weights, const T* bias, Images<T> out,
                  Images<const T> residual, T* scratch, Part part = {}) {
    if constexpr (winograd_tile > 0) {
      winograd_convolve<V, winograd, Epilogue>(x.data, weights, bias, out.data, residual.data, scratch, batch, x.step,
                                               out.step, residual.step, part);
    } else {
      for (std::size_t n = 0; n < batch; ++n) {
        const T* const image = x.data + n * x.step;
        const T* const terms = has_residual<Epilogue> ? residual.data + n * residual.step : nullptr;
        if constexpr (is_depthwise(g))
          depthwise_convolve<V, g, Epilogue>(image, weights, bias, out.data + n * out.step, terms, part);
        else if constexpr (lines)
          convolve_lines<V, g, Epilogue>(image, weights, bias, out.data + n * out.step, terms, scratch, part);
        else
          convolve<V, join_pixels(g, joined), layout, Epilogue>(image, weights, bias, out.data + n * out.step, terms,
                                                                part);
      }
    }
  }
};

/// The gradient of a convolution of `batch` images by its weights: directly into Keras' layout, or by Winograd into
/// sums of its own that are turned into weights once a step. `plan` is that of the geometry without borders, by which
/// all choose; `g` is that of the images. What threads share is the sums: each reads all images.
template <class V, ConvPlan plan, ConvGeometry g, class T = typename V::value_type, class Part = strata::detail::Whole>
void add_weight_gradient(std::size_t batch, Images<const T> x, Images<const T> gradient, T* weights, T* sums,
                         T* scratch, Part part = {}) {
  constexpr WinogradGeometry w = winograd_geometry(g, plan.tile);
  if constexpr (w.tile > 0)
    winograd_accumulate<V, w>(x.data, gradient.data, sums, scratch, batch, x.step, gradient.step, part);
  else if constexpr (is_depthwise(g))
    for (std::size_t n = 0; n < batch; ++n)
      accumulate_depthwise_gradient<V, g>(x.data + n * x.step, gradient.data + n * gradient.step, weights, part);
  else accumulate_weight_gradient<V, g>(x.data, gradient.data, weights, batch, x.step, gradient.step, part);
}
template <class V, ConvPlan plan, class T = typename V::value_type, class Part = strata::detail::Whole>
void finish_weight_gradient(const T* sums, T* weights, Part part = {}) {
  if constexpr (plan.tile > 0) winograd_weight_gradient<V, plan.winograd()>(sums, weights, part);
}

/// The gradient of a convolution by its input, from one by its output that lies as `d.placement()` says.
template <class V, InputGradient d, class T = typename V::value_type, class Part = strata::detail::Whole>
void prepare_turned_weights(const T* weights, T* turned, Part part = {}) {
  constexpr ConvPlan plan = plan_convolution<V>(d);
  if constexpr (plan.tile > 0) winograd_prepare<V, plan.winograd()>(weights, true, turned, part);
  else turn_weights<V, d>(weights, turned, part);
}
/// `gradient` is the first cell of the first placed gradient.
template <class V, InputGradient d, class T = typename V::value_type, class Part = strata::detail::Whole>
void input_gradient_of(std::size_t batch, Images<const T> gradient, const T* turned, Images<T> input_gradient,
                       T* scratch, Part part = {}) {
  constexpr ConvPlan plan = plan_convolution<V>(d);
  constexpr WinogradGeometry w = plan.winograd();
  if constexpr (plan.tile > 0)
    winograd_convolve<V, w, Identity>(
        gradient.data + d.rows(0).begin * w.row + d.columns(0).begin * w.in_channels, turned, nullptr,
        input_gradient.data, nullptr, scratch, batch, gradient.step, input_gradient.step, 0, part);
  else
    for (std::size_t n = 0; n < batch; ++n)
      convolve_input_gradient<V, d>(gradient.data + n * gradient.step, turned,
                                    input_gradient.data + n * input_gradient.step, part);
}

}  // namespace strata::kernels
