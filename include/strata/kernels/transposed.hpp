// Transposed convolution: the gradient of a convolution by its input, as what a layer computes. Each of its phases, one for
// each place between the strides, is a convolution.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv_input.hpp>
#include <strata/kernels/convolution.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/map.hpp>

namespace strata::kernels {

/// f.operator()<number>() for each phase, also for one without taps: its cells are the bias.
template <InputGradient d, class F>
void for_each_phase(F f) {
  [&]<int... Number>(std::integer_sequence<int, Number...>) {
    (f.template operator()<Number>(), ...);
  }(detail::Indices<d.phases()>{});
}

/// out = epilogue(bias + x * weights) by the kernel of `tile`; `x` is the first cell of the placed input.
template <class V, class Epilogue, InputGradient d, int tile, class T = typename V::value_type>
void transposed_convolve(std::size_t batch, Images<const T> x, const T* weights, const T* bias, Images<T> out,
                         Images<const T> residual, T* scratch) {
  constexpr bool fused = !has_residual<Epilogue> || d.phases() == 1;  // a phase's residual has gaps
  constexpr int across = d.forward.stride_width, channels = d.forward.in_channels, pixel = channels + d.gap;
  for_each_phase<d>([&]<int number>() {
    constexpr ConvGeometry phase = [] {
      ConvGeometry g = d.phase(number);
      if (d.empty(number)) g.in_channels = 0;
      return g;
    }();
    constexpr auto rows = d.rows(number / across), columns = d.columns(number % across);
    if constexpr (rows.count > 0 && columns.count > 0)
      Convolution<V, phase, tile>::template run<std::conditional_t<fused, Epilogue, Identity>>(
          batch, {x.data + rows.begin * phase.row + columns.begin * phase.in_pixel(), x.step}, weights, bias,
          {out.data + rows.first * d.row + columns.first * pixel, out.step}, residual, scratch);
    weights += d.template phase_weights_size<V>(number);
  });
  if constexpr (!fused) {
    constexpr int run = pixel == channels && Epilogue::residual_pixel == channels ? d.width : 1;
    for (std::size_t n = 0; n < batch; ++n)
      for (int y = 0; y < d.height; ++y)
        for (int column = 0; column < d.width; column += run) {
          T* const cells = out.data + n * out.step + y * d.row + column * pixel;
          kernels::map<V>(
              static_cast<std::size_t>(run * channels),
              [](V value, V term) STRATA_INLINE_LAMBDA { return Epilogue::apply(value, term); }, cells, cells,
              residual.data + n * residual.step + y * Epilogue::residual_row + column * Epilogue::residual_pixel);
        }
  }
}

}  // namespace strata::kernels
