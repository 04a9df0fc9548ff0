/// @file
/// Convolutions in a few obvious lines, for the tests of the kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <strata/kernels/conv.hpp>
#include <strata/kernels/epilogue.hpp>

#include "harness/catch.hpp"
#include "harness/guarded.hpp"
#include "harness/require_all.hpp"

namespace strata::test {

using kernels::ConvGeometry;

constexpr ConvGeometry geometry(int height, int width, int kernel_height, int kernel_width, int in, int out,
                                int stride = 1, int dilation = 1, int groups = 1) {
  return {height, width, kernel_height, kernel_width, stride, stride, dilation, dilation, groups, in, out,
          ((width - 1) * stride + (kernel_width - 1) * dilation + 1) * in * groups, width * out * groups};
}

/// The same inside larger images.
constexpr ConvGeometry in_border(ConvGeometry g) {
  g.row += 3 * g.in_pixel();
  g.out_row += 5;
  return g;
}

/// The same on slices of images with more channels.
constexpr ConvGeometry in_slice(ConvGeometry g) {
  g.row = g.row / g.in_pixel() * (g.in_pixel() + 3);
  g.in_gap = 3;
  g.out_gap = 5;
  g.out_row = g.out_width * g.out_step();
  return g;
}

/// Elements of the image that the convolution reads, and of the one that it writes, up to the last row's end.
constexpr std::size_t input_size(const ConvGeometry& g) {
  const int height = (g.out_height - 1) * g.stride_height + (g.kernel_height - 1) * g.dilation_height + 1;
  return static_cast<std::size_t>(height * g.row);
}
constexpr int columns(const ConvGeometry& g) { return g.out_columns > 0 ? g.out_columns : g.out_width; }
constexpr int rows(const ConvGeometry& g) { return g.out_height * g.out_width / columns(g); }
constexpr std::size_t output_size(const ConvGeometry& g) { return static_cast<std::size_t>(rows(g) * g.out_row); }
constexpr std::size_t weights_size(const ConvGeometry& g) { return static_cast<std::size_t>(g.taps() * g.out_pixel()); }

/// Calls `visit(y, x, channel, output index)` for every element of the output.
template <class Visit>
void for_each_output(const ConvGeometry& g, Visit&& visit) {
  for (int y = 0; y < rows(g); ++y)
    for (int x = 0; x < columns(g); ++x)
      for (int c = 0; c < g.out_pixel(); ++c) visit(y, x, c, y * g.out_row + x * g.out_step() + c);
}

/// Calls `visit(x index, weight index, output index)` for every product of a convolution.
template <class Visit>
void for_each_product(const ConvGeometry& g, Visit&& visit) {
  for_each_output(g, [&](int y, int x, int out, int oi) {
    const int group = out / g.out_channels;
    for (int ky = 0; ky < g.kernel_height; ++ky)
      for (int kx = 0; kx < g.kernel_width; ++kx)
        for (int in = 0; in < g.in_channels; ++in) {
          const int pixel = y * columns(g) + x;  // of the rows that are joined, if they are
          const int row = pixel / g.out_width * g.stride_height + ky * g.dilation_height;
          const int column = pixel % g.out_width * g.stride_width + kx * g.dilation_width;
          visit(row * g.row + column * g.in_pixel() + group * g.in_channels + in,
                ((ky * g.kernel_width + kx) * g.in_channels + in) * g.out_pixel() + out, oi);
        }
  });
}

template <class T>
void require_close(const Guarded<T>& result, const std::vector<double>& expected, double scale) {
  const double tolerance = (sizeof(T) == 4 ? 1e-6 : 1e-14) * scale;
  REQUIRE(result.size() == expected.size());
  test::require_all(result, [&](std::size_t i) { return Approx(expected[i]).margin(tolerance); });
  REQUIRE(result.intact());
}

struct Twice {
  template <class V>
  static V apply(V x) {
    return x + x;
  }
};

/// An epilogue with all that one can have.
template <ConvGeometry g>
using TwiceTwice = AddResidual<Twice, columns(g) * (g.out_pixel() + 2) + 3, g.out_pixel() + 2, Twice>;

/// What a convolution gives: without bias for Identity, with bias and residual for TwiceTwice. Elements between rows and
/// pixels stay as they were. `convolve(x, weights, bias, out, residual)` is the kernel.
template <ConvGeometry g, class Epilogue, class T, class Convolve>
void check_forward(const Guarded<T>& weights, Convolve&& convolve) {
  CAPTURE(g.out_height, g.out_width, g.kernel_height, g.kernel_width, g.stride_width, g.dilation_width, g.groups,
          g.in_channels, g.out_channels, g.out_row, g.out_spread, g.out_gap);
  constexpr int residual_pixel = g.out_pixel() + 2, residual_row = columns(g) * residual_pixel + 3;
  const auto x = guarded_noise<T>(input_size(g), 1), bias = guarded_noise<T>(static_cast<std::size_t>(g.out_pixel()), 3),
             residual = guarded_noise<T>(static_cast<std::size_t>(rows(g) * residual_row), 5);
  std::vector<double> sums(output_size(g));
  for_each_product(g, [&](int xi, int wi, int oi) { sums[oi] += static_cast<double>(x[xi]) * weights[wi]; });
  std::vector<double> expected(output_size(g), 99);
  for_each_output(g, [&](int y, int column, int c, int oi) {
    if constexpr (has_residual<Epilogue>)
      expected[oi] = Epilogue::apply(sums[oi] + bias[c], double{residual[y * residual_row + column * residual_pixel + c]});
    else
      expected[oi] = Epilogue::apply(sums[oi]);
  });
  const auto out = guarded_fill(output_size(g), T(99));
  convolve(x.data(), weights.data(), has_residual<Epilogue> ? bias.data() : nullptr, out.data(), residual.data());
  require_close(out, expected, g.taps());
}

/// What the gradient by the weights adds to them. `gradient(x, output gradient, weights)` is the kernel.
template <ConvGeometry g, class T, class Gradient>
void check_weight_gradient(Gradient&& gradient) {
  const auto x = guarded_noise<T>(input_size(g), 1), dy = guarded_noise<T>(output_size(g), 4);
  std::vector<double> expected(weights_size(g), 1.0);
  for_each_product(g, [&](int xi, int wi, int oi) { expected[wi] += static_cast<double>(x[xi]) * dy[oi]; });
  const auto result = guarded_fill(weights_size(g), T(1));
  gradient(x.data(), dy.data(), result.data());
  require_close(result, expected, g.out_height * g.out_width);
}

}  // namespace strata::test
