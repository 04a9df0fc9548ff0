// Winograd's convolution and its gradient by the weights against a scalar reference in double precision.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <strata/kernels/epilogue.hpp>
#include <strata/kernels/math.hpp>
#include <strata/kernels/winograd.hpp>
#include <strata/kernels/winograd_cost.hpp>
#include <strata/kernels/winograd_weights.hpp>

#include "harness/catch.hpp"
#include "harness/guarded.hpp"
#include "harness/require_all.hpp"

using namespace strata;
using namespace strata::kernels;
using test::Guarded, test::guarded_fill, test::guarded_noise;

namespace {

/// Calls `visit(x index, weight index, output index)` for every product of a convolution.
template <class Visit>
void for_each_product(const WinogradGeometry& g, Visit&& visit) {
  for (int y = 0; y < g.out_height; ++y)
    for (int x = 0; x < g.out_width; ++x)
      for (int tap = 0; tap < 9; ++tap)
        for (int in = 0; in < g.in_channels; ++in)
          for (int out = 0; out < g.out_channels; ++out)
            visit((y + tap / 3) * g.row + (x + tap % 3) * g.in_pixel() + in,
                  (tap * g.in_channels + in) * g.out_channels + out, y * g.out_row + x * g.out_pixel() + out);
}

struct Twice {
  template <class V>
  static V apply(V x) {
    return x + x;
  }
};

/// The largest difference must stay below `units` in the last place of the largest value.
template <class T>
void require_close(const Guarded<T>& result, const std::vector<double>& expected, double units) {
  REQUIRE(result.size() == expected.size());
  double largest = 1, difference = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    REQUIRE(std::isfinite(result[i]));
    largest = std::max(largest, std::abs(expected[i]));
    difference = std::max(difference, std::abs(static_cast<double>(result[i]) - expected[i]));
  }
  CAPTURE(largest, difference);
  REQUIRE(result.intact());
  REQUIRE(difference <= units * static_cast<double>(std::numeric_limits<T>::epsilon()) * largest);
}

constexpr double guard = 99;  // cells that no kernel may touch

/// An image's output as the reference has it: guard cells keep their value.
template <WinogradGeometry g>
std::vector<double> guarded_output() {
  return std::vector<double>(static_cast<std::size_t>(g.out_height * g.out_row) + 7, guard);
}
template <WinogradGeometry g, class Visit>
void for_each_output(Visit&& visit) {
  for (int y = 0; y < g.out_height; ++y)
    for (int x = 0; x < g.out_width; ++x)
      for (int c = 0; c < g.out_channels; ++c) visit(y * g.out_row + x * g.out_pixel() + c, c);
}

template <class V, WinogradGeometry g>
void check_forward(std::size_t batch) {
  using T = typename V::value_type;
  using Residual = AddResidual<Identity, g.out_row, g.out_pixel(), Twice>;
  CAPTURE(batch);
  const std::size_t x_step = static_cast<std::size_t>((g.out_height + 2) * g.row);
  const auto x = guarded_noise<T>(x_step * batch, 1);
  const auto weights = guarded_noise<T>(static_cast<std::size_t>(9 * g.in_channels * g.out_channels), 2);
  const auto bias = guarded_noise<T>(static_cast<std::size_t>(g.out_channels), 3);
  const std::size_t out_step = guarded_output<g>().size();
  const auto residual = guarded_noise<T>(out_step * batch, 4);

  std::vector<double> plain, with_residual;
  for (std::size_t image = 0; image < batch; ++image) {
    auto sums = guarded_output<g>();
    for_each_output<g>([&](int i, int) { sums[i] = 0; });
    for_each_product(g, [&](int xi, int wi, int oi) {
      sums[oi] += static_cast<double>(x[image * x_step + xi]) * static_cast<double>(weights[wi]);
    });
    plain.insert(plain.end(), sums.begin(), sums.end());
    for_each_output<g>([&](int i, int c) {
      sums[i] = 2 * (sums[i] + static_cast<double>(bias[c]) + static_cast<double>(residual[image * out_step + i]));
    });
    with_residual.insert(with_residual.end(), sums.begin(), sums.end());
  }

  const Guarded<T> packed(winograd_weights_size<V>(g)), scratch(winograd_scratch_size<V>(g));
  Guarded<T> out = guarded_fill(out_step * batch, T(guard));
  const double units = 32;
  winograd_pack<V, g>(
      [&](int ky, int kx, int from, int to) {
        return weights[((ky * 3 + kx) * g.in_channels + from) * g.out_channels + to];
      },
      packed.data());
  winograd_convolve<V, g, Residual>(x.data(), packed.data(), bias.data(), out.data(), residual.data(), scratch.data(),
                                    batch, x_step, out_step, out_step);
  require_close(out, with_residual, units);

  winograd_prepare<V, g>(weights.data(), false, packed.data());
  std::ranges::fill(out.span(), T(guard));
  winograd_convolve<V, g, Identity>(x.data(), packed.data(), nullptr, out.data(), nullptr, scratch.data(), batch,
                                    x_step, out_step);
  require_close(out, plain, units);
}

/// One input that is not finite, or huge, anywhere in the second of three images reaches what direct sums say, and
/// nothing else. Every third weight is 0.
template <class V, WinogradGeometry g>
void check_hot_input() {
  using T = typename V::value_type;
  using Limits = std::numeric_limits<T>;
  using Residual = AddResidual<Identity, g.out_row, g.out_pixel(), Twice>;
  constexpr std::size_t batch = 3, x_step = static_cast<std::size_t>((g.out_height + 2) * g.row);
  const std::size_t out_step = guarded_output<g>().size();
  const auto x = guarded_noise<T>(x_step * batch, 1), residual = guarded_noise<T>(out_step * batch, 4);
  const auto weights = guarded_noise<T>(static_cast<std::size_t>(9 * g.in_channels * g.out_channels), 2);
  for (std::size_t i = 0; i < weights.size(); i += 3) weights[i] = 0;
  const Guarded<T> packed(winograd_weights_size<V>(g)), scratch(winograd_scratch_size<V>(g));
  winograd_prepare<V, g>(weights.data(), false, packed.data());
  const auto convolve = [&] {
    std::vector<double> result(out_step * batch);
    const auto out = guarded_fill(result.size(), T(guard));
    winograd_convolve<V, g, Residual>(x.data(), packed.data(), nullptr, out.data(), residual.data(), scratch.data(),
                                      batch, x_step, out_step, out_step);
    REQUIRE(out.intact());
    std::ranges::copy(out.span(), result.begin());
    return result;
  };
  const std::vector<double> ordinary = convolve();
  for (int cell = 0; cell < (g.out_height + 2) * (g.out_width + 2); ++cell) {
    const int row = cell / (g.out_width + 2), column = cell % (g.out_width + 2), channel = cell % g.in_channels;
    T& at = x[x_step + static_cast<std::size_t>(row * g.row + column * g.in_pixel() + channel)];
    const T before = at;
    at = std::array{Limits::infinity(), Limits::quiet_NaN(), Limits::max() / 4, -Limits::infinity()}[cell % 4];
    std::vector<double> expected = ordinary, scale(expected.size(), 32);
    for (int tap = 0; tap < 9; ++tap)
      if (const int y = row - tap / 3, z = column - tap % 3; y >= 0 && z >= 0 && y < g.out_height && z < g.out_width)
        for (int c = 0; c < g.out_channels; ++c) {
          const std::size_t i = out_step + static_cast<std::size_t>(y * g.out_row + z * g.out_pixel() + c);
          const double weight = weights[static_cast<std::size_t>((tap * g.in_channels + channel) * g.out_channels + c)];
          expected[i] += 2 * (static_cast<double>(at) - static_cast<double>(before)) * weight;
          scale[i] = static_cast<double>(at);
        }
    const std::vector<double> result = convolve();
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < result.size(); ++i)
      if (std::isnan(expected[i])) wrong += !std::isnan(result[i]);
      else if (std::isinf(expected[i])) wrong += result[i] != expected[i];
      else wrong += !(std::abs(result[i] - expected[i]) <= 16 * static_cast<double>(Limits::epsilon()) * scale[i]);
    CAPTURE(g.tile, g.out_height, g.out_width, row, column, channel, at);
    CHECK(wrong == 0);
    at = before;
  }
}

/// `turned`: the kernel turned by 180 degrees, input and output channels swapped.
template <class V, WinogradGeometry g>
void check_turned() {
  using T = typename V::value_type;
  const auto keras = guarded_noise<T>(static_cast<std::size_t>(9 * g.in_channels * g.out_channels), 5);
  // Zeros in the lanes that no channel fills: neither writes them.
  const auto packed = guarded_fill(winograd_weights_size<V>(g), T(0)), turned = guarded_fill(packed.size(), T(0));
  winograd_pack<V, g>(
      [&](int ky, int kx, int from, int to) {
        return keras[(((2 - ky) * 3 + 2 - kx) * g.out_channels + to) * g.in_channels + from];
      },
      packed.data());
  winograd_prepare<V, g>(keras.data(), true, turned.data());
  require_close(turned, std::vector<double>(packed.span().begin(), packed.span().end()), 4);
}

/// Two calls, the second with a batch of images.
template <class V, WinogradGeometry g>
void check_weight_gradient() {
  using T = typename V::value_type;
  constexpr std::size_t images = 3;
  const std::size_t x_step = static_cast<std::size_t>((g.out_height + 2) * g.row) + 3;
  const std::size_t gradient_step = guarded_output<g>().size();
  const auto x = guarded_noise<T>(x_step * images, 6), gradient = guarded_noise<T>(gradient_step * images, 7);
  std::vector<double> expected(static_cast<std::size_t>(9 * g.in_channels * g.out_channels), 1.0);
  for (std::size_t image = 0; image < images; ++image)
    for_each_product(g, [&](int xi, int wi, int oi) {
      expected[wi] += static_cast<double>(x[image * x_step + xi]) *
                      static_cast<double>(gradient[image * gradient_step + oi]);
    });
  const auto sums = guarded_fill(winograd_gradient_size<V>(g), T(0));
  const Guarded<T> scratch(winograd_gradient_scratch_size<V>(g));
  winograd_accumulate<V, g>(x.data(), gradient.data(), sums.data(), scratch.data());
  winograd_accumulate<V, g>(x.data() + x_step, gradient.data() + gradient_step, sums.data(), scratch.data(), images - 1,
                            x_step, gradient_step);
  const auto weights = guarded_fill(expected.size(), T(1));
  winograd_weight_gradient<V, g>(sums.data(), weights.data());
  require_close(weights, expected, 64);
}

/// A row of input may have more cells than the windows cover, and so may a row of output; pixels may be slices.
constexpr WinogradGeometry geometry(int tile, int height, int width, int in, int out, int more = 0, int gap = 0) {
  return {tile, height, width, in, out, (width + 2) * (in + gap) + more, width * (out + gap) + more, gap, gap};
}

template <class V, WinogradGeometry g>
void check_geometry() {
  CAPTURE(g.tile, g.out_height, g.out_width, g.in_channels, g.out_channels);
  check_forward<V, g>(1);
  check_forward<V, g>(3);
  if constexpr (g.in_gap == 0) check_turned<V, g>();
  if constexpr (g.in_gap == 0) check_weight_gradient<V, g>();
}

}  // namespace

TEST_CASE("Winograd's convolution agrees with the scalar reference", "[kernels]") {
  using V = simd::Vector<float>;
  check_geometry<V, geometry(4, 5, 7, 16, 17)>();      // overlapping tiles, a partial vector
  check_geometry<V, geometry(4, 6, 9, 16, 19, 2, 3)>();  // slices
  check_geometry<V, geometry(2, 5, 7, 17, 40, 11)>();  // a narrower last block, rows with guard cells
  check_geometry<V, geometry(4, 33, 30, 32, 16)>();
  check_geometry<V, geometry(4, 8, 8, 3, 64, 5)>();  // few tiles
  check_geometry<V, geometry(2, 2, 33, 1, 1)>();
  check_geometry<V, geometry(4, 6, 6, 80, 80)>();  // weights that make a band of many tiles
}

TEST_CASE("weights that the second-level cache cannot hold are read once an image", "[kernels]") {
  using V = simd::Vector<float>;
  constexpr WinogradGeometry g = geometry(4, 8, 56, 64, 768), light = geometry(4, 8, 56, 64, 128);
  STATIC_REQUIRE(WinogradPlan<V>(g).band >= g.tiles());
  STATIC_REQUIRE(winograd_scratch_size<V>(g) > 3 * WinogradPlan<V>::cache / sizeof(float));
  STATIC_REQUIRE(winograd_scratch_size<V>(light) < 3 * WinogradPlan<V>::cache / sizeof(float));
  check_forward<V, g>(1);
  // Of a band that is read again: its numbers cost more than the weights that a larger one saves.
  STATIC_REQUIRE(WinogradPlan<V>::tiles_at_once(WinogradPlan<V>::cache + 1, WinogradPlan<V>::cache, 100) == 2);
  STATIC_REQUIRE(WinogradPlan<V>::tiles_at_once(100LL * WinogradPlan<V>::cache, WinogradPlan<V>::cache, 8) == 8);
  STATIC_REQUIRE(WinogradPlan<V>::tiles_at_once(WinogradPlan<V>::cache, 1, 100) == 1);
}

namespace {

/// Three images by threads that share them have the bits that one gives them.
template <class V, WinogradGeometry g>
void check_shared(int threads) {
  using T = typename V::value_type;
  constexpr std::size_t images = 3;
  const std::size_t x_step = static_cast<std::size_t>((g.out_height + 2) * g.row), step = guarded_output<g>().size();
  const auto x = guarded_noise<T>(x_step * images, 6), packed = guarded_noise<T>(winograd_weights_size<V>(g), 7);
  const Guarded<T> scratch(winograd_scratch_size<V>(g));
  const auto alone = guarded_fill(step * images, T(99)), shared = guarded_fill(step * images, T(99));
  winograd_convolve<V, g, Identity>(x.data(), packed.data(), nullptr, alone.data(), nullptr, scratch.data(), images,
                                    x_step, step);
  for (int thread = 0; thread < threads; ++thread)
    winograd_convolve<V, g, Identity>(x.data(), packed.data(), nullptr, shared.data(), nullptr, scratch.data(), images,
                                      x_step, step, 0, strata::detail::Part::nth(thread, threads));
  CAPTURE(threads);
  test::require_all(shared, [&](std::size_t i) { return alone[i]; });
}

}  // namespace

TEST_CASE("threads share the tiles of several images alike", "[kernels]") {
  using V = simd::Vector<float>;
  for (const int threads : {1, 2, 3, 5, 16}) {
    check_shared<V, geometry(4, 9, 7, 16, 17)>(threads);  // the last two rows overlap
    check_shared<V, geometry(4, 8, 8, 3, 64)>(threads);
    check_shared<V, geometry(2, 4, 4, 16, 200)>(threads);  // by channels
  }
  constexpr WinogradGeometry g = geometry(4, 16, 16, 3, 16);
  const auto second = kernels::detail::winograd_work<V, g>(3, strata::detail::Part::nth(1, 2));
  REQUIRE((second.begin == 24 && second.end == 48));
}

TEST_CASE("two threads share an image's tiles, or channels with more weights than its transform moves", "[kernels]") {
  using V = simd::Vector<float>;
  constexpr auto first = strata::detail::Part::nth(0, 2);
  constexpr WinogradGeometry large = geometry(4, 64, 64, 16, 256), heavy = geometry(4, 32, 32, 16, 256);
  constexpr int blocks = WinogradPlan<V>(large).blocks();
  const auto rows = kernels::detail::winograd_work<V, large>(1, first);
  REQUIRE((rows.begin == 0 && rows.end == large.tiles() / 2));
  REQUIRE((rows.blocks.begin == 0 && rows.blocks.end == blocks));
  const auto channels = kernels::detail::winograd_work<V, heavy>(1, first);
  REQUIRE((channels.begin == 0 && channels.end == heavy.tiles()));
  REQUIRE((channels.blocks.begin == 0 && channels.blocks.end == blocks / 2));
  // More transformed numbers than an int counts.
  constexpr WinogradGeometry huge = geometry(4, 2048, 2048, 256, 256);
  REQUIRE(kernels::detail::winograd_work<V, huge>(1, first).end == huge.tiles() / 2);
}

TEST_CASE("Winograd's convolution of doubles agrees with the scalar reference", "[kernels]") {
  using V = simd::Vector<double>;
  check_geometry<V, geometry(4, 5, 7, 16, 17)>();
  check_geometry<V, geometry(2, 5, 7, 17, 40, 11)>();
}

TEST_CASE("an input that is not finite, or huge, reaches the outputs that see it", "[kernels]") {
  using V = simd::Vector<float>;
  check_hot_input<V, geometry(4, 5, 7, 16, 17)>();
  check_hot_input<V, geometry(4, 6, 9, 16, 19, 2, 3)>();
  check_hot_input<V, geometry(2, 5, 7, 17, 40, 11)>();
  check_hot_input<simd::Vector<double>, geometry(4, 5, 7, 16, 17)>();
}

TEST_CASE("the tile of the fastest convolution", "[kernels]") {
  using V = simd::Vector<float>;
  const auto convolution = [](int size, int in, int out, int kernel, int stride) {
    ConvGeometry g{};
    g.out_height = g.out_width = size;
    g.kernel_height = g.kernel_width = kernel;
    g.stride_height = g.stride_width = stride;
    g.dilation_height = g.dilation_width = g.groups = 1;
    g.in_channels = in;
    g.out_channels = out;
    return g;
  };
  REQUIRE(fastest_winograd_tile<V>(convolution(32, 32, 32, 3, 1)) == 4);
  REQUIRE(fastest_winograd_tile<V>(convolution(16, 64, 64, 3, 1)) == 4);
  REQUIRE(fastest_winograd_tile<V>(convolution(1, 64, 64, 3, 1)) == 0);  // no tile fits
  REQUIRE(fastest_winograd_tile<V>(convolution(32, 3, 32, 3, 1)) == 0);
  REQUIRE(fastest_winograd_tile<V>(convolution(32, 32, 32, 3, 2)) == 0);
  REQUIRE(fastest_winograd_tile<V>(convolution(32, 32, 32, 5, 1)) == 0);
  // Weights that must be read for one image cost more than for many.
  const auto far_away = [](int samples) { return ConvTraffic{samples, strata::detail::Home::memory}; };
  const auto g = convolution(8, 64, 64, 3, 1);
  REQUIRE(direct_cost<V>(g, far_away(1)) > direct_cost<V>(g));
  const WinogradGeometry w = geometry(4, 8, 8, 64, 64);
  REQUIRE(winograd_cost<V>(w, far_away(1)) > winograd_cost<V>(w, far_away(8)));
}

TEST_CASE("Winograd's tiles must fit the image", "[kernels]") {
  STATIC_REQUIRE(winograd_fits(geometry(4, 4, 4, 1, 1)));
  STATIC_REQUIRE_FALSE(winograd_fits(geometry(4, 3, 8, 1, 1)));
  STATIC_REQUIRE_FALSE(winograd_fits(geometry(2, 8, 1, 1, 1)));
}
