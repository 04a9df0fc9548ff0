// Every convolution kernel against a scalar reference of a few obvious lines.
#include <vector>

#include <strata/core/random.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/image.hpp>

#include "harness/catch.hpp"

using namespace strata;
using namespace strata::kernels;

namespace {

template <class T>
std::vector<T> noise(std::size_t size, std::uint64_t seed) {
  std::vector<T> values(size);
  const Random random{Seed{seed}};
  for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<T>(2 * random.uniform(i) - 1);
  return values;
}

/// Calls `visit(x index, weight index, output index)` for every product of a convolution.
template <class Visit>
void for_each_product(const ConvGeometry& g, Visit&& visit) {
  for (int group = 0; group < g.groups; ++group)
    for (int y = 0; y < g.out_height; ++y)
      for (int x = 0; x < g.out_width; ++x)
        for (int out = 0; out < g.out_channels; ++out)
          for (int ky = 0; ky < g.kernel_height; ++ky)
            for (int kx = 0; kx < g.kernel_width; ++kx)
              for (int in = 0; in < g.in_channels; ++in) {
                const int row = y * g.stride_height + ky * g.dilation_height;
                const int column = x * g.stride_width + kx * g.dilation_width;
                visit(row * g.row + column * g.in_pixel() + group * g.in_channels + in,
                      ((ky * g.kernel_width + kx) * g.in_channels + in) * g.out_pixel() + group * g.out_channels + out,
                      (y * g.out_width + x) * g.out_pixel() + group * g.out_channels + out);
              }
}

struct Twice {
  template <class V>
  static V apply(V x) {
    return x + x;
  }
};

template <class V>
void require_close(const std::vector<typename V::value_type>& result, const std::vector<double>& expected, double scale) {
  const double tolerance = (sizeof(typename V::value_type) == 4 ? 1e-6 : 1e-14) * scale;
  REQUIRE(result.size() == expected.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    CAPTURE(i);
    REQUIRE(static_cast<double>(result[i]) == Approx(expected[i]).margin(tolerance));
  }
}

/// Both layouts of weights, bias or none, an epilogue, and the gradient by the weights.
template <class V, ConvGeometry g>
void check_geometry() {
  using T = typename V::value_type;
  CAPTURE(g.out_height, g.out_width, g.kernel_height, g.kernel_width, g.stride_width, g.dilation_width, g.groups,
          g.in_channels, g.out_channels);
  const int in_height = (g.out_height - 1) * g.stride_height + (g.kernel_height - 1) * g.dilation_height + 1;
  const auto x = noise<T>(static_cast<std::size_t>(in_height * g.row), 1);
  const auto weights = noise<T>(static_cast<std::size_t>(g.taps() * g.out_pixel()), 2);
  const auto bias = noise<T>(static_cast<std::size_t>(g.out_pixel()), 3);
  const std::size_t out_size = static_cast<std::size_t>(g.out_height * g.out_width * g.out_pixel());

  std::vector<double> plain(out_size);
  for_each_product(g, [&](int xi, int wi, int oi) { plain[oi] += static_cast<double>(x[xi]) * weights[wi]; });
  std::vector<double> with_bias(out_size);
  for (std::size_t i = 0; i < out_size; ++i) with_bias[i] = 2 * (plain[i] + bias[i % bias.size()]);

  std::vector<T> out(out_size, T(99));
  convolve<V, g, Weights::keras, Identity>(x.data(), weights.data(), nullptr, out.data());
  require_close<V>(out, plain, g.taps());
  convolve<V, g, Weights::keras, Twice>(x.data(), weights.data(), bias.data(), out.data());
  require_close<V>(out, with_bias, g.taps());

  std::vector<T> packed(packed_weights_size<V>(g));
  pack_weights<V, g>(
      [&](int group, int ky, int kx, int from, int to) {
        return weights[((ky * g.kernel_width + kx) * g.in_channels + from) * g.out_pixel() + group * g.out_channels + to];
      },
      packed.data());
  std::fill(out.begin(), out.end(), T(99));
  convolve<V, g, Weights::packed, Twice>(x.data(), packed.data(), bias.data(), out.data());
  require_close<V>(out, with_bias, g.taps());

  const auto gradient = noise<T>(out_size, 4);
  std::vector<double> expected(weights.size(), 1.0);
  for_each_product(g, [&](int xi, int wi, int oi) { expected[wi] += static_cast<double>(x[xi]) * gradient[oi]; });
  std::vector<T> weight_gradient(weights.size(), T(1));
  accumulate_weight_gradient<V, g>(x.data(), gradient.data(), weight_gradient.data());
  require_close<V>(weight_gradient, expected, g.out_height * g.out_width);
}

constexpr ConvGeometry geometry(int height, int width, int kernel_height, int kernel_width, int in, int out,
                                int stride = 1, int dilation = 1, int groups = 1) {
  return {height, width, kernel_height, kernel_width, stride, stride, dilation, dilation, groups, in, out,
          ((width - 1) * stride + (kernel_width - 1) * dilation + 1) * in * groups};
}

}  // namespace

TEMPLATE_TEST_CASE("convolution kernels agree with the scalar reference", "[kernels]", float, double) {
  using V = simd::Vector<TestType>;
  check_geometry<V, geometry(8, 8, 3, 3, 32, 32)>();
  check_geometry<V, geometry(5, 7, 3, 3, 3, 32)>();      // few input channels
  check_geometry<V, geometry(6, 5, 3, 3, 16, 16)>();
  check_geometry<V, geometry(7, 3, 5, 3, 2, 17)>();      // a partial vector
  check_geometry<V, geometry(4, 4, 3, 3, 5, 64)>();      // narrow: patches of several rows
  check_geometry<V, geometry(7, 2, 2, 2, 4, 40)>();
  check_geometry<V, geometry(1, 1, 3, 3, 8, 33)>();      // one pixel
  check_geometry<V, geometry(1, 1, 1, 1, 7, 5)>();
  check_geometry<V, geometry(1, 49, 1, 1, 24, 100)>();   // pointwise
  check_geometry<V, geometry(3, 29, 1, 7, 1, 1)>();
  check_geometry<V, geometry(4, 5, 3, 3, 6, 20, 2)>();   // strides
  check_geometry<V, geometry(4, 5, 3, 2, 6, 20, 1, 2)>();  // dilation
  check_geometry<V, geometry(5, 6, 3, 3, 4, 6, 1, 1, 3)>();  // groups
  check_geometry<V, geometry(5, 9, 3, 3, 1, 1, 1, 1, 19)>();  // depthwise
  check_geometry<V, geometry(3, 4, 3, 3, 2, 48, 2, 2, 2)>();
}

TEST_CASE("an image is placed among zeros", "[kernels]") {
  constexpr Placement p{.height = 2, .width = 3, .channels = 2, .out_height = 6, .out_width = 9, .top = 1, .left = 2,
                        .spread_height = 3, .spread_width = 2};
  const auto image = noise<float>(2 * 3 * 2, 5);
  std::vector<float> expected(p.size(), 0.0f);
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x)
      for (int c = 0; c < 2; ++c) expected[((1 + 3 * y) * 9 + 2 + 2 * x) * 2 + c] = image[(y * 3 + x) * 2 + c];
  std::vector<float> out(p.size(), 99.0f);
  place_image<p>(image.data(), out.data());
  REQUIRE(out == expected);
}

TEST_CASE("register tiles fit the registers", "[kernels]") {
  for (const int registers : {16, 32})
    for (const int lanes : {2, 4, 8, 16})
      for (int vectors = 1; vectors <= 8; ++vectors) {
        const ConvTile tile = conv_tile(vectors, registers, lanes);
        CAPTURE(registers, lanes, vectors);
        REQUIRE(tile.vectors <= vectors);
        // The sums, the shorter side of the tile, and one operand of the longer side at a time.
        REQUIRE(tile.vectors * tile.pixels + std::min(tile.vectors, tile.pixels) + 1 <= registers);
      }
}
