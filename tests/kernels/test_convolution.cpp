// Which kernel a convolution gets.
#include <algorithm>
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

/// Direct sums of packed weights, with neighbours joined: as many as the choice may join.
template <class V, ConvGeometry g, int most>
struct Joined {
  static constexpr int count = g.out_channels * most <= 2 * simd::lanes<V> ? most : 1;
  static constexpr std::size_t weights = packed_weights_size<V>(join_pixels(g, count)), scratch = 0;
  using type = Convolution<V, g, 0, count>;
};
/// Winograd's convolution along rows.
template <class V, ConvGeometry g>
struct Lines {
  static constexpr int count = 1;
  static constexpr std::size_t weights = lines_weights_size<V>(g), scratch = lines_scratch_size<V>(g);
  using type = Convolution<V, g, 0, 1, true>;
};

template <class Kernel, ConvGeometry g, class T>
Guarded<T> pack(const Guarded<T>& weights) {
  Guarded<T> packed(Kernel::weights);
  Kernel::type::pack(
      [&](int, int ky, int kx, int from, int to) {
        return weights[((ky * g.kernel_width + kx) * g.in_channels + from) * g.out_channels + to];
      },
      packed.data());
  REQUIRE(packed.intact());
  return packed;
}

/// A kernel against the plain sums, by one thread and by three.
template <class V, ConvGeometry g, class Kernel>
void check_packed() {
  using T = typename V::value_type;
  using strata::detail::Part;
  const auto weights = guarded_noise<T>(weights_size(g), 2);
  const auto packed = pack<Kernel, g>(weights);
  const Guarded<T> scratch(Kernel::scratch);
  check_forward<g, TwiceTwice<g>>(weights, [&](const T* x, const T*, const T* bias, T* out, const T* residual) {
    const Guarded<T> biases(static_cast<std::size_t>(Kernel::count * g.out_channels));
    for (int c = 0; c < Kernel::count * g.out_channels; ++c) biases.data()[c] = bias[c % g.out_channels];
    Kernel::type::template run<TwiceTwice<g>>(1, {x}, packed.data(), biases.data(), {out}, {residual}, scratch.data());
    const auto shared = guarded_fill(output_size(g), T(99));
    for (int thread = 0; thread < 3; ++thread)
      Kernel::type::template run<TwiceTwice<g>>(1, {x}, packed.data(), biases.data(), {shared.data()}, {residual},
                                                scratch.data(), Part::nth(thread, 3));
    REQUIRE(std::equal(shared.data(), shared.data() + output_size(g), out));
  });
  check_forward<g, Identity>(weights, [&](const T* x, const T*, const T*, T* out, const T*) {
    Kernel::type::template run<Identity>(1, {x}, packed.data(), nullptr, {out}, {}, scratch.data());
  });
  REQUIRE(scratch.intact());
}

/// An input that is not finite reaches the outputs that see it, and no other. Every third weight is 0.
template <class V, ConvGeometry g, class Kernel>
void check_spoilt() {
  using T = typename V::value_type;
  using Limits = std::numeric_limits<T>;
  const auto x = guarded_noise<T>(input_size(g), 1);
  const T bad[]{Limits::infinity(), Limits::quiet_NaN(), -Limits::infinity()};
  constexpr std::size_t pixel = g.in_pixel();
  for (std::size_t i = 0; i < 3; ++i) x.data()[(1 + 2 * i) * x.size() / 6 / pixel * pixel] = bad[i];
  const auto weights = guarded_noise<T>(weights_size(g), 2);
  for (std::size_t i = 0; i < weights.size(); i += 3) weights.data()[i] = 0;
  std::vector<double> expected(output_size(g));
  for_each_product(g, [&](int xi, int wi, int oi) { expected[oi] += static_cast<double>(x[xi]) * weights[wi]; });
  const auto packed = pack<Kernel, g>(weights);
  const Guarded<T> scratch(Kernel::scratch);
  const auto out = guarded_fill(output_size(g), T(0));
  Kernel::type::template run<Identity>(1, {x.data()}, packed.data(), nullptr, {out.data()}, {}, scratch.data());
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
  static_assert(name(square(28, 3, 1, 16)) == "direct");          // too few channels to gain
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
  const auto check = [&]<class Number, ConvGeometry g, int most>() {
    check_packed<Number, g, Joined<Number, g, most>>();
  };
  check.operator()<V, geometry(5, 28, 5, 5, 1, 6), 2>();
  check.operator()<V, geometry(4, 15, 3, 3, 7, 3), 5>();
  check.operator()<V, geometry(4, 3 * lanes, 3, 3, 2, 1), lanes>();
  check.operator()<V, geometry(3, 12, 2, 3, 4, 2, 2), 3>();  // strides
  check.operator()<V, in_border(geometry(3, 12, 3, 3, 4, 2)), 4>();
  check.operator()<V, in_slice(geometry(5, 12, 3, 3, 4, 2)), 4>();
  check.operator()<V, in_slice(geometry(1, 34, 1, 3, 2, lanes)), 2>();
  check.operator()<D, in_slice(geometry(5, 12, 3, 3, 4, 2)), 3>();
  constexpr ConvGeometry digits = geometry(5, 28, 5, 5, 1, 6), slice = in_slice(geometry(4, 12, 3, 3, 3, 2, 2));
  check_spoilt<V, digits, Joined<V, digits, 2>>();
  check_spoilt<V, slice, Joined<V, slice, 4>>();
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

TEST_CASE("rows of few channels are transformed by themselves") {
  using D = simd::Vector<double>;
  constexpr int lanes = simd::lanes<V>;
  const auto check = [&]<class Number, ConvGeometry g>() { check_packed<Number, g, Lines<Number, g>>(); };
  check.operator()<V, geometry(5, 32, 3, 3, 3, 2 * lanes)>();
  check.operator()<V, geometry(4, 30, 3, 3, 3, 3 * lanes + 1)>();  // the last tiles overlap; blocks and a rest
  check.operator()<V, geometry(3, 4, 3, 3, 3, 5)>();               // one tile
  check.operator()<V, geometry(3, 7, 3, 3, 1, lanes)>();
  check.operator()<V, geometry(2, 77, 3, 3, 2, lanes + 2)>();      // many register tiles
  check.operator()<V, geometry(3, 9, 1, 3, 4, 3)>();               // other heights of the kernel
  check.operator()<V, geometry(6, 10, 5, 3, 2, 4)>();
  check.operator()<V, geometry(3, 21, 3, 3, lanes, 2)>();
  check.operator()<V, in_border(geometry(3, 13, 3, 3, 3, 6))>();
  check.operator()<V, in_slice(geometry(5, 12, 3, 3, 3, 2 * lanes + 3))>();
  check.operator()<D, geometry(3, 14, 3, 3, 2, 11)>();
  constexpr ConvGeometry image = geometry(9, 20, 3, 3, 3, 2 * lanes + 1), slice = in_slice(geometry(9, 19, 3, 3, 2, 3));
  check_spoilt<V, image, Lines<V, image>>();
  check_spoilt<V, slice, Lines<V, slice>>();
  // The choice.
  constexpr auto lines = [](const ConvGeometry& g) { return plan_convolution<V>(g).lines; };
  constexpr ConvGeometry first = square(32, 3, 3, 32);
  static_assert(lines(first) == (lanes >= 8));
  static_assert(!lines(square(28, 3, 1, 16)));  // too few products to save
  static_assert(!lines(square(32, 3, 8, 32)));
  static_assert(!lines(square(32, 5, 3, 32)));
  static_assert(!lines(square(32, 3, 6, 6, 2)));
  ConvGeometry other = first;
  other.largest_tile = 2;
  CHECK(!lines(other));
  other = first;
  other.stride_height = other.stride_width = 2;
  CHECK(!lines(other));
  CHECK((lanes < 8 || plan_convolution<V>(first).name<V>() == "Winograd 1x4"));
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
