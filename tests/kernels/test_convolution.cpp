// Which kernel a convolution gets.
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include <strata/kernels/convolution.hpp>
#include <strata/kernels/math.hpp>

#include "harness/catch.hpp"
#include "kernels/convolution.hpp"

using namespace strata;
using namespace strata::kernels;
using namespace strata::test;
using strata::detail::Home;

namespace {

using V = simd::Vector<float>;

constexpr ConvGeometry square(int size, int kernel, int in, int out, int groups = 1) {
  return {.out_height = size, .out_width = size, .kernel_height = kernel, .kernel_width = kernel,
          .stride_height = 1, .stride_width = 1, .dilation_height = 1, .dilation_width = 1,
          .groups = groups, .in_channels = in / groups, .out_channels = out / groups,
          .row = (size + kernel - 1) * in, .out_row = size * out};
}
constexpr std::string_view name(const ConvGeometry& g, ConvTraffic traffic = {}) {
  const Text text = plan_convolution<V>(g, traffic).name<V>();
  return text == "depthwise" ? "depthwise" : text.length > 8 && text.data[0] == 'W' ? "Winograd" : "direct";
}

/// Direct sums of packed weights, with neighbours joined, against the plain ones: as many as the choice may join.
template <class V, ConvGeometry g, int most>
void check_joined() {
  constexpr int joined = g.out_channels * most <= 2 * simd::lanes<V> ? most : 1;
  using T = typename V::value_type;
  using Joined = Convolution<V, g, 0, joined>;
  const auto weights = guarded_noise<T>(weights_size(g), 2);
  const Guarded<T> packed(packed_weights_size<V>(join_pixels(g, joined)));
  Joined::pack(
      [&](int, int ky, int kx, int from, int to) {
        return weights[((ky * g.kernel_width + kx) * g.in_channels + from) * g.out_channels + to];
      },
      packed.data());
  REQUIRE(packed.intact());
  check_forward<g, TwiceTwice<g>>(weights, [&](const T* x, const T*, const T* bias, T* out, const T* residual) {
    const Guarded<T> biases(static_cast<std::size_t>(joined * g.out_channels));
    for (int c = 0; c < joined * g.out_channels; ++c) biases.data()[c] = bias[c % g.out_channels];
    Joined::template run<TwiceTwice<g>>(1, {x}, packed.data(), biases.data(), {out}, {residual}, nullptr);
  });
  check_forward<g, Identity>(weights, [&](const T* x, const T*, const T*, T* out, const T*) {
    Joined::template run<Identity>(1, {x}, packed.data(), nullptr, {out}, {}, nullptr);
  });
}

/// An input that is not finite reaches the outputs that see it, and no other.
template <class V, ConvGeometry g, int most>
void check_spoilt() {
  constexpr int joined = g.out_channels * most <= 2 * simd::lanes<V> ? most : 1;
  using T = typename V::value_type;
  using Limits = std::numeric_limits<T>;
  const auto x = guarded_noise<T>(input_size(g), 1);
  const T bad[]{Limits::infinity(), Limits::quiet_NaN(), -Limits::infinity()};
  constexpr std::size_t pixel = g.in_pixel();
  for (std::size_t i = 0; i < 3; ++i) x.data()[(1 + 2 * i) * x.size() / 6 / pixel * pixel] = bad[i];
  const auto weights = guarded_noise<T>(weights_size(g), 2);
  std::vector<double> expected(output_size(g));
  for_each_product(g, [&](int xi, int wi, int oi) { expected[oi] += static_cast<double>(x[xi]) * weights[wi]; });
  const Guarded<T> packed(packed_weights_size<V>(join_pixels(g, joined)));
  using Joined = Convolution<V, g, 0, joined>;
  Joined::pack(
      [&](int, int ky, int kx, int from, int to) {
        return weights[((ky * g.kernel_width + kx) * g.in_channels + from) * g.out_channels + to];
      },
      packed.data());
  const auto out = guarded_fill(output_size(g), T(0));
  Joined::template run<Identity>(1, {x.data()}, packed.data(), nullptr, {out.data()}, {}, nullptr);
  std::size_t spoilt = 0;
  for_each_output(g, [&](int, int, int, int oi) {
    CAPTURE(oi);
    spoilt += !std::isfinite(expected[oi]);
    if (std::isnan(expected[oi])) REQUIRE(std::isnan(out[oi]));
    else if (std::isinf(expected[oi])) REQUIRE(out[oi] == expected[oi]);
    else REQUIRE(out[oi] == Approx(expected[oi]).margin(1e-5));
  });
  CHECK(spoilt > 0);
  CHECK(spoilt < output_size(g) / 2);
}

}  // namespace

TEST_CASE("each convolution gets the kernel that suits it") {
  constexpr ConvGeometry lesson = square(32, 3, 32, 32);
  static_assert(name(lesson) == "Winograd");
  ConvGeometry exact = lesson;
  exact.largest_tile = 0;
  CHECK(name(exact) == "direct");
  static_assert(name(square(32, 3, 3, 32)) == "direct");          // too few channels to gain
  static_assert(name(square(32, 1, 32, 64)) == "direct");
  static_assert(name(square(32, 5, 32, 32)) == "direct");
  static_assert(name(square(32, 3, 32, 32, 32)) == "depthwise");
  static_assert(name(square(32, 3, 32, 64, 32)) == "direct");     // two filters a channel
  ConvGeometry strided = lesson;
  strided.stride_height = strided.stride_width = 2;
  CHECK(name(strided) == "direct");
}

TEST_CASE("neighbours of few channels fill vectors together") {
  using D = simd::Vector<double>;
  constexpr int lanes = simd::lanes<V>;
  check_joined<V, geometry(5, 28, 5, 5, 1, 6), 2>();
  check_joined<V, geometry(4, 15, 3, 3, 7, 3), 5>();
  check_joined<V, geometry(4, 3 * lanes, 3, 3, 2, 1), lanes>();
  check_joined<V, geometry(3, 12, 2, 3, 4, 2, 2), 3>();  // strides
  check_joined<V, in_border(geometry(3, 12, 3, 3, 4, 2)), 4>();
  check_joined<V, in_slice(geometry(5, 12, 3, 3, 4, 2)), 4>();
  check_joined<V, in_slice(geometry(1, 34, 1, 3, 2, lanes)), 2>();
  check_joined<D, in_slice(geometry(5, 12, 3, 3, 4, 2)), 3>();
  check_spoilt<V, geometry(5, 28, 5, 5, 1, 6), 2>();
  check_spoilt<V, in_slice(geometry(4, 12, 3, 3, 3, 2, 2)), 4>();
  // The choice: never where vectors are full, nor where it saves nothing.
  static_assert(fastest_join<V>(square(32, 3, 3, 32)) == 1);
  static_assert(fastest_join<V>(square(32, 1, 3, lanes / 2)) == 1);
  static_assert(lanes < 8 || fastest_join<V>(square(256, 3, 16, 1)) == lanes);
  static_assert(fastest_join<V>(square(lanes, 3, 16, 1)) < lanes);  // a tile of several rows
  static_assert(fastest_join<V>(square(37, 3, 16, 1)) == 1);  // 37 have no equal parts
  ConvGeometry exact = square(32, 3, 16, 1);
  exact.largest_tile = 0;
  CHECK(fastest_join<V>(exact) == 1);
}

TEST_CASE("rows of another length change nothing in the choice") {
  for (const int size : {4, 5, 8, 14, 32})
    for (const int channels : {8, 16, 32, 64, 128}) {
      const ConvGeometry plain = square(size, 3, channels, channels);
      ConvGeometry bordered = plain;
      bordered.row += 3 * channels;
      bordered.out_row += 2 * channels;
      for (const int samples : {1, 8})
        for (const Home home : {Home::second_cache, Home::third_cache, Home::memory}) {
          const ConvTraffic traffic{.samples = samples, .home = home};
          CHECK(plan_convolution<V>(plain, traffic).tile == plan_convolution<V>(bordered, traffic).tile);
          CHECK(plan_convolution<V>(plain, traffic).weights_size == plan_convolution<V>(bordered, traffic).weights_size);
        }
    }
}

TEST_CASE("weights that stream from far away count") {
  // 64 channels on 8x8, the last stage of a ResNet-20: hot or shared by eight images, the larger tile; alone and cold,
  // no larger one than hot.
  constexpr ConvGeometry stage = square(8, 3, 64, 64);
  const auto tile = [&](int samples, Home home) {
    return plan_convolution<V>(stage, {.samples = samples, .home = home}).tile;
  };
  CHECK(tile(8, Home::memory) == tile(1, Home::second_cache));
  CHECK(tile(1, Home::third_cache) <= tile(1, Home::second_cache));
  CHECK(tile(1, Home::memory) <= tile(1, Home::third_cache));
}
