// y[i] = f(x[i], …) over arrays, and over rows of channels with constants per channel.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/core/part.hpp>
#include <strata/kernels/channel_rows.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

/// out[i] = f(in[i]...) for i < n, where `f` takes and gives vectors. `out` may be one of the inputs.
template <class V, class T, class F, class... Inputs>
STRATA_INLINE void map(std::size_t n, F f, T* out, const Inputs*... in) {
  constexpr std::size_t lanes = simd::lanes<V>;
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) simd::store(out + i, f(simd::load<V>(in + i)...));
  if (const int rest = static_cast<int>(n - i); rest > 0)
    simd::store_partial(out + i, f(simd::load_partial<V>(in + i, rest)...), rest);
}

namespace detail {

/// `size` elements of rows of C channels.
template <class V, int C, class F, std::size_t Inputs, std::size_t Constants, class T>
STRATA_INLINE void map_channels(std::size_t size, F f, T* out, const std::array<const T*, Inputs>& in,
                                const ChannelPattern<V, C, Constants>& pattern) {
  [&]<std::size_t... I, std::size_t... K>(std::index_sequence<I...>, std::index_sequence<K...>) STRATA_INLINE_LAMBDA {
    constexpr std::size_t step = ChannelRows<V, C>::length;
    std::size_t i = 0;
    for (; i + step <= size; i += step) map<V>(step, f, out + i, (in[I] + i)..., pattern[K]...);
    if (i < size) map<V>(size - i, f, out + i, (in[I] + i)..., pattern[K]...);
  }(std::make_index_sequence<Inputs>{}, std::make_index_sequence<Constants>{});
}

}  // namespace detail

/// out[r][c] = f(in[r][c]..., constants[c]...) over `rows` rows of C channels. `out` may be one of the inputs.
template <class V, int C, class F, std::size_t Inputs, std::size_t Constants, class T = typename V::value_type>
STRATA_INLINE void map_rows(std::size_t rows, F f, T* out, const std::array<const T*, Inputs>& in,
                            const std::array<const T*, Constants>& constants) {
  detail::map_channels<V, C>(rows * C, f, out, in, ChannelPattern<V, C, Constants>(constants));
}

/// The same over images with borders, or slices of images, around which everything stays as it is. Threads share runs
/// of pixels, or the pixels of a single run.
template <class V, Shape shape, Border out_border, Border... in_borders, class F, std::size_t Constants,
          class T = typename V::value_type, class Part = strata::detail::Whole>
STRATA_INLINE void map_images(std::size_t batch, F f, T* out, const std::array<const T*, sizeof...(in_borders)>& in,
                              const std::array<const T*, Constants>& constants, Part part = {}) {
  using Runs = ImageRuns<shape, out_border, in_borders...>;
  constexpr int C = shape.channels();
  const ChannelPattern<V, C, Constants> pattern(constants);
  Runs::each(batch, part, [&](typename Runs::Run run) STRATA_INLINE_LAMBDA {
    [&]<std::size_t... I>(std::index_sequence<I...>) STRATA_INLINE_LAMBDA {
      detail::map_channels<V, C>(
          run.pixels * C, f, out + run.template offset<out_border>(),
          std::array<const T*, sizeof...(I)>{in[I] + run.template offset<in_borders>()...}, pattern);
    }(std::index_sequence_for<std::integral_constant<int, (static_cast<void>(in_borders), 0)>...>{});
  });
}

/// out = Epilogue(scale[c] * in + shift[c]) over images with borders. In place is fine.
template <class V, Shape shape, class Epilogue = Identity, Border out_border = Border{}, Border in_border = Border{},
          class T = typename V::value_type, class Part = strata::detail::Whole>
STRATA_NOINLINE void map_affine(std::size_t batch, const T* in, T* out, const T* scale, const T* shift,
                                Part part = {}) {
  const auto affine = [](V x, V factor, V offset) STRATA_INLINE_LAMBDA {
    return Epilogue::apply(simd::fma(factor, x, offset));
  };
  map_images<V, shape, out_border, in_border>(batch, affine, out, std::array{in}, std::array{scale, shift}, part);
}

/// out = in, over images with borders.
template <class V, Shape shape, Border out_border, Border in_border, class T = typename V::value_type,
          class Part = strata::detail::Whole>
STRATA_NOINLINE void copy_images(std::size_t batch, const T* in, T* out, Part part = {}) {
  const auto same = [](V x) STRATA_INLINE_LAMBDA { return x; };
  map_images<V, shape, out_border, in_border>(batch, same, out, std::array{in}, std::array<const T*, 0>{}, part);
}

}  // namespace strata::kernels
