// Every convolution kernel against a scalar reference of a few obvious lines.
#include <vector>

#include <strata/core/border.hpp>
#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/image.hpp>
#include <strata/kernels/math.hpp>

#include "harness/catch.hpp"
#include "kernels/convolution.hpp"

using namespace strata;
using namespace strata::kernels;
using namespace strata::test;

namespace {

/// Keras' layout of weights as training calls it, packed ones as an engine does, and, but on slices, the gradient by the
/// weights.
template <class V, ConvGeometry g>
void check() {
  using T = typename V::value_type;
  const auto weights = guarded_noise<T>(weights_size(g), 2);
  check_forward<g, Identity>(weights, [](const T* x, const T* w, const T* bias, T* out, const T* residual) {
    convolve<V, g, Weights::keras, Identity>(x, w, bias, out, residual);
  });
  const Guarded<T> packed(packed_weights_size<V>(g));
  pack_weights<V, g>(
      [&](int group, int ky, int kx, int from, int to) {
        const int tap = ky * g.kernel_width + kx;
        return weights[(tap * g.in_channels + from) * g.out_pixel() + group * g.out_channels + to];
      },
      packed.data());
  check_forward<g, TwiceTwice<g>>(weights, [&](const T* x, const T*, const T* bias, T* out, const T* residual) {
    convolve<V, g, Weights::packed, TwiceTwice<g>>(x, packed.data(), bias, out, residual);
  });
  if constexpr (g.in_gap == 0 && g.out_columns == 0)
    check_weight_gradient<g, T>(
        [](const T* x, const T* gradient, T* result) { accumulate_weight_gradient<V, g>(x, gradient, result); });
}

/// A batch of images, by one thread or shared by three, has the bits that they have one after another.
template <class V, ConvGeometry g, std::size_t images>
void check_images() {
  using T = typename V::value_type;
  using strata::detail::Part;
  const std::size_t x_step = input_size(g) + 5, gradient_step = output_size(g) + 3;
  const auto x = guarded_noise<T>(x_step * images, 6), gradient = guarded_noise<T>(gradient_step * images, 7);
  const auto start = [] { return guarded_fill(weights_size(g), T(1)); };
  const auto expected = start(), together = start(), shared = start();
  for (std::size_t n = 0; n < images; ++n)
    accumulate_weight_gradient<V, g>(x.data() + n * x_step, gradient.data() + n * gradient_step, expected.data());
  accumulate_weight_gradient<V, g>(x.data(), gradient.data(), together.data(), images, x_step, gradient_step);
  for (int thread = 0; thread < 3; ++thread)
    accumulate_weight_gradient<V, g>(x.data(), gradient.data(), shared.data(), images, x_step, gradient_step,
                                     Part::nth(thread, 3));
  for (std::size_t i = 0; i < expected.size(); ++i) REQUIRE(expected[i] != 1);
  test::require_all(together, [&](std::size_t i) { return expected[i]; });
  test::require_all(shared, [&](std::size_t i) { return expected[i]; });
}

}  // namespace

TEST_CASE("convolution kernels agree with the scalar reference", "[kernels]") {
  using V = simd::Vector<float>;
  check<V, geometry(8, 8, 3, 3, 32, 32)>();
  check<V, geometry(5, 7, 3, 3, 3, 32)>();      // few input channels
  check<V, geometry(6, 5, 3, 3, 16, 16)>();
  check<V, geometry(7, 3, 5, 3, 2, 17)>();      // a partial vector
  check<V, geometry(4, 4, 3, 3, 5, 64)>();      // narrow: patches of several rows
  check<V, geometry(7, 2, 2, 2, 4, 40)>();
  check<V, geometry(1, 1, 3, 3, 8, 33)>();      // one pixel
  check<V, geometry(1, 1, 1, 1, 7, 5)>();
  check<V, geometry(1, 49, 1, 1, 24, 100)>();   // pointwise
  check<V, geometry(3, 29, 1, 7, 1, 1)>();
  check<V, geometry(4, 5, 3, 3, 6, 20, 2)>();   // strides
  check<V, geometry(4, 5, 3, 2, 6, 20, 1, 2)>();  // dilation
  check<V, geometry(5, 6, 3, 3, 4, 6, 1, 1, 3)>();  // groups
  check<V, geometry(5, 9, 3, 3, 1, 1, 1, 1, 19)>();  // depthwise
  check<V, geometry(3, 4, 3, 3, 2, 48, 2, 2, 2)>();
  check<V, geometry(5, 3, 3, 3, 1, 2, 1, 1, (simd::lanes<V> + 1) / 2)>();  // groups that fill a vector together
  check<V, in_border(geometry(5, 6, 3, 3, 9, 39))>();  // inside larger images
  check<V, in_border(geometry(6, 3, 2, 2, 3, 7, 2, 1, 2))>();
  check<V, in_slice(geometry(5, 6, 3, 3, 9, 39))>();
  check<V, in_slice(geometry(3, 9, 1, 1, 8, 16))>();
  check<V, in_slice(geometry(6, 3, 2, 2, 3, 7, 2, 1, 2))>();
  check<V, join_rows(geometry(3, 5, 1, 1, 6, 20), true)>();  // rows joined but for those of output and residual
  check<V, join_rows(in_slice(geometry(7, 2, 1, 1, 9, 39)))>();
  constexpr ConvGeometry apart = join_rows([] {
    ConvGeometry g = geometry(14, 14, 1, 1, 8, 33);
    g.out_row += 5;
    return g;
  }());
  static_assert(apart.out_height == 1 && apart.out_width == 14 * 14 && apart.out_columns == 14);
  check<V, apart>();
}

TEST_CASE("the gradient by the weights reads small images together", "[kernels]") {
  using V = simd::Vector<float>;
  check_images<V, join_rows(geometry(3, 3, 1, 1, 70, 40)), 29>();  // twelve at a time, and the last five
  check_images<V, geometry(3, 2, 3, 3, 20, 33), 25>();
  check_images<V, in_border(geometry(2, 2, 3, 3, 9, 39, 2)), 30>();
  check_images<V, geometry(2, 3, 3, 3, 4, 6, 1, 1, 3), 20>();
  check_images<V, geometry(12, 14, 3, 3, 3, 17), 2>();  // one by one
}

TEST_CASE("rows are joined where pixels need none", "[kernels]") {
  constexpr ConvGeometry plain = geometry(5, 6, 1, 1, 8, 16), joined = join_rows(plain);
  static_assert(joined.out_width == 30 && joined.out_height == 1 && joined.out_columns == 0);
  static_assert(join_rows(in_border(plain)) == in_border(plain));  // the input's rows are apart
  static_assert(join_rows(geometry(5, 6, 1, 2, 8, 16)) == geometry(5, 6, 1, 2, 8, 16));
  static_assert(join_rows(geometry(5, 6, 1, 1, 8, 16, 2)) == geometry(5, 6, 1, 1, 8, 16, 2));
}

// The same templates with half the lanes; layers' gradients are checked in double, too.
TEST_CASE("convolution kernels of doubles agree with the scalar reference", "[kernels]") {
  using V = simd::Vector<double>;
  check<V, geometry(7, 3, 5, 3, 2, 17)>();
  check<V, geometry(4, 4, 3, 3, 5, 64)>();
  check<V, geometry(1, 49, 1, 1, 24, 100)>();
  check<V, in_slice(geometry(6, 3, 2, 2, 3, 7, 2, 1, 2))>();
}

TEST_CASE("an image is placed among zeros", "[kernels]") {
  constexpr Placement p{.height = 2, .width = 3, .channels = 2, .out_height = 6, .out_width = 9, .top = 1, .left = 2,
                        .spread_height = 3, .spread_width = 2};
  const auto image = guarded_noise<float>(2 * 3 * 2, 5);
  std::vector<double> expected(p.size());
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x)
      for (int c = 0; c < 2; ++c) expected[((1 + 3 * y) * 9 + 2 + 2 * x) * 2 + c] = image[(y * 3 + x) * 2 + c];
  const auto out = guarded_fill(p.size(), 99.0f);
  place_image<p>(image.data(), out.data());
  require_close(out, expected, 0);
}

TEST_CASE("the border of an image is cleared, whatever lies between its pixels", "[kernels]") {
  constexpr Shape shape{2, 3, 2};
  constexpr Border border{.top = 1, .left = 2, .bottom = 1, .right = 1, .back = 3};
  const auto memory = guarded_fill(bordered_size(shape, border), 99.0f);
  clear_border<shape, border>(memory.data() + border_offset(shape, border));
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 6; ++x)
      for (int c = 0; c < 2; ++c) {
        CAPTURE(y, x, c);
        const bool inside = y >= 1 && y < 3 && x >= 2 && x < 5;
        REQUIRE(memory[(y * 6 + x) * 5 + c] == (inside ? 99 : 0));
      }
  REQUIRE(memory.intact());
}

TEST_CASE("equal tiles cover a row", "[kernels]") {
  for (int size = 1; size <= 300; ++size)
    for (const int most : {1, 4, 6, 8, 16}) {
      CAPTURE(size, most);
      const int tiles = equal_tiles(size, most), pixels = (size + tiles - 1) / tiles;
      REQUIRE(pixels <= most);
      REQUIRE(tiles * pixels >= size);
      REQUIRE(tiles * (pixels + 1) <= (size + most - 1) / most * (most + 1));  // never dearer than full ones
    }
}

TEST_CASE("the tiles of a block ask for all weights of the next", "[kernels]") {
  REQUIRE(kernels::detail::Upcoming().bytes == 0);
  REQUIRE(kernels::detail::Upcoming(2, 1024, 128).level == 2);
  REQUIRE(kernels::detail::Upcoming(1, 64, 128).level == 1);
  for (const int step_bytes : {16, 32, 64, 128, 256})
    for (int tiles = 1; tiles <= 100; ++tiles)
      for (const int length : {64, 576, 1024}) {
        CAPTURE(step_bytes, tiles, length);
        const kernels::detail::Upcoming upcoming(tiles, length, step_bytes);
        if (tiles == 1 && kernels::detail::fills_first_cache(length * step_bytes)) {
          REQUIRE(upcoming.bytes == 0);
          continue;
        }
        const int groups = length / kernels::detail::Upcoming::group;
        const int asked = tiles * ((groups + upcoming.groups - 1) / upcoming.groups) * upcoming.bytes;
        REQUIRE(asked >= length * step_bytes);
      }
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
