// The gradient of a convolution by its input: a convolution of the output's gradient with the turned kernel. Strides
// cut it into phases, the cells of the input that meet the same taps; each is a convolution of stride 1 with those
// taps, so nothing is multiplied by zeros.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <strata/core/inline.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/depthwise.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/transpose.hpp>
#include <strata/kernels/vector.hpp>

namespace strata::kernels {

namespace detail {

/// Along one axis, the cells i of the input with (i + padding) % stride == number.
struct InputPhase {
  int first, count;  ///< cells first, first + stride, …
  int taps;          ///< number, number + stride, … of the kernel
  int begin, end;    ///< cells of the output under the windows of the turned taps; outside the output they are zeros

  constexpr InputPhase(int number, int input, int padding, int kernel, int stride, int dilation)
      : first(((number - padding) % stride + stride) % stride),
        count(first < input ? (input - 1 - first) / stride + 1 : 0),
        taps(number < kernel ? (kernel - number + stride - 1) / stride : 0),
        begin((first + padding - number) / stride - (taps - 1) * dilation),
        end((first + padding - number) / stride + count) {}

  constexpr bool empty() const { return count == 0 || taps == 0; }
};

}  // namespace detail

/// The output's gradient lies like the output of `forward` (`out_row`), with zeros around it as `placement` has them.
struct InputGradient {
  ConvGeometry forward;
  int height, width;  ///< of the input without its padding
  int row;            ///< elements from one row of its gradient to the next
  int top, left;      ///< its padding
  int gap = 0;        ///< elements of other images between one pixel's and the next's, in its gradient

  constexpr detail::InputPhase rows(int number) const {
    return {number, height, top, forward.kernel_height, forward.stride_height, forward.dilation_height};
  }
  constexpr detail::InputPhase columns(int number) const {
    return {number, width, left, forward.kernel_width, forward.stride_width, forward.dilation_width};
  }
  constexpr bool empty(int phase) const {
    return rows(phase / forward.stride_width).empty() || columns(phase % forward.stride_width).empty();
  }
  constexpr int phases() const { return forward.stride_height * forward.stride_width; }

  /// The convolution that makes one phase.
  constexpr ConvGeometry phase(int number) const {
    const detail::InputPhase y = rows(number / forward.stride_width), x = columns(number % forward.stride_width);
    return {.out_height = y.count, .out_width = x.count,
            .kernel_height = y.taps, .kernel_width = x.taps,
            .stride_height = 1, .stride_width = 1,
            .dilation_height = forward.dilation_height, .dilation_width = forward.dilation_width,
            .groups = forward.groups, .in_channels = forward.out_channels, .out_channels = forward.in_channels,
            .row = forward.out_row, .out_row = forward.stride_height * row, .out_spread = forward.stride_width,
            .in_gap = forward.out_gap, .out_gap = gap, .largest_tile = forward.largest_tile};
  }

  /// The tap that the first cell of the phase's windows meets; they go through the kernel backwards.
  constexpr int last_tap(int number) const {
    const int y = number / forward.stride_width + (phase(number).kernel_height - 1) * forward.stride_height;
    const int x = number % forward.stride_width + (phase(number).kernel_width - 1) * forward.stride_width;
    return y * forward.kernel_width + x;
  }

  /// The output's gradient in the smallest image with zeros enough.
  constexpr Placement placement() const {
    int above = 0, below = 0, before = 0, after = 0;
    for (int number = 0; number < forward.stride_height; ++number)
      if (const detail::InputPhase y = rows(number); !y.empty()) {
        above = (std::max)(above, -y.begin);
        below = (std::max)(below, y.end - forward.out_height);
      }
    for (int number = 0; number < forward.stride_width; ++number)
      if (const detail::InputPhase x = columns(number); !x.empty()) {
        before = (std::max)(before, -x.begin);
        after = (std::max)(after, x.end - forward.out_width);
      }
    return {.height = forward.out_height, .width = forward.out_width, .channels = forward.out_pixel(),
            .out_height = above + forward.out_height + below, .out_width = before + forward.out_width + after,
            .top = above, .left = before};
  }

  /// Elements of the turned weights.
  template <class V>
  constexpr std::size_t weights_size() const {
    std::size_t size = 0;
    for (int number = 0; number < phases(); ++number) size += phase_weights_size<V>(number);
    return size;
  }
  template <class V>
  constexpr std::size_t phase_weights_size(int number) const {
    if (empty(number)) return 0;
    return is_depthwise(forward) ? static_cast<std::size_t>(phase(number).taps() * forward.groups)
                                 : packed_weights_size<V>(phase(number));
  }

  friend constexpr bool operator==(const InputGradient&, const InputGradient&) = default;
};

/// For an input of height x width pixels without gaps, and a gradient laid out by `placement`.
constexpr InputGradient input_gradient(const ConvGeometry& forward, int height, int width, int top, int left) {
  InputGradient d{forward, height, width, width * forward.in_pixel(), top, left};
  d.forward.out_row = d.placement().out_width * forward.out_pixel();
  return d;
}

namespace detail {

/// f.operator()<number>() for each phase that has taps and cells.
template <InputGradient d, class F, int... Number>
void for_each_phase(F f, std::integer_sequence<int, Number...>) {
  const auto visit = [&]<int number>() {
    if constexpr (!d.empty(number)) f.template operator()<number>();
  };
  (visit.template operator()<Number>(), ...);
}

/// Zeros in the cells of a row that no window meets.
template <InputGradient d, class T>
void clear_unmet_cells(int y, T* row) {
  constexpr ConvGeometry g = d.forward;
  const bool met = (y + d.top) % g.stride_height < g.kernel_height;
  for (int x = 0; x < d.width; ++x, row += g.in_pixel())
    if (!met || (x + d.left) % g.stride_width >= g.kernel_width) std::fill_n(row, g.in_pixel(), T(0));
}

}  // namespace detail

/// Turns weights in Keras' layout for `convolve_input_gradient`.
template <class V, InputGradient d, class T = typename V::value_type, class Part = strata::detail::Whole>
STRATA_NOINLINE void turn_weights(const T* weights, T* turned, Part part = {}) {
  detail::for_each_phase<d>(
      [&]<int number>() {
        constexpr ConvGeometry phase = d.phase(number);
        constexpr int last = d.last_tap(number);
        constexpr int down = d.forward.stride_height * d.forward.kernel_width, across = d.forward.stride_width;
        if constexpr (is_depthwise(phase))
          for (int ky = 0; ky < (part.leads() ? phase.kernel_height : 0); ++ky)
            for (int kx = 0; kx < phase.kernel_width; ++kx)
              std::copy_n(weights + (last - ky * down - kx * across) * phase.groups, phase.groups,
                          turned + (ky * phase.kernel_width + kx) * phase.groups);
        else
          for_each_packed_matrix<V, phase>(
              [&](int group, int ky, int kx, int first, int channels, int width, T* p) {
                const int tap = last - ky * down - kx * across;
                if (channels < width) std::fill_n(p, d.forward.out_channels * width, T(0));
                transpose(channels, d.forward.out_channels,
                          weights + (tap * d.forward.in_channels + first) * d.forward.out_pixel() +
                              group * d.forward.out_channels,
                          d.forward.out_pixel(), p, width);
              },
              turned, part);
        turned += d.template phase_weights_size<V>(number);
      },
      detail::Indices<d.phases()>{});
}

/// The gradient by one image from `gradient`, the first element of the one by the output. Threads share each phase.
template <class V, InputGradient d, class T = typename V::value_type, class Part = strata::detail::Whole>
STRATA_NOINLINE void convolve_input_gradient(const T* gradient, const T* turned_weights, T* input_gradient,
                                             Part part = {}) {
  constexpr ConvGeometry g = d.forward;
  if constexpr (g.kernel_height < g.stride_height || g.kernel_width < g.stride_width) {
    const auto rows = part.template tasks<d.height>();
    for (int y = rows.begin; y < rows.end; ++y) detail::clear_unmet_cells<d>(y, input_gradient + y * d.row);
  }
  detail::for_each_phase<d>(
      [&]<int number>() {
        constexpr ConvGeometry phase = d.phase(number);
        constexpr detail::InputPhase rows = d.rows(number / d.forward.stride_width),
                                     columns = d.columns(number % d.forward.stride_width);
        const T* const x = gradient + rows.begin * phase.row + columns.begin * phase.in_pixel();
        T* const target = input_gradient + rows.first * d.row + columns.first * phase.out_pixel();
        if constexpr (is_depthwise(phase))
          depthwise_convolve<V, phase, Identity>(x, turned_weights, nullptr, target, nullptr, part);
        else convolve<V, phase, Weights::packed, Identity>(x, turned_weights, nullptr, target, nullptr, part);
        turned_weights += d.template phase_weights_size<V>(number);
      },
      detail::Indices<d.phases()>{});
}

}  // namespace strata::kernels
