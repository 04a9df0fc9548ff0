// Which kernel a convolution gets.
#include <string_view>

#include <strata/kernels/convolution.hpp>
#include <strata/kernels/math.hpp>

#include "harness/catch.hpp"

using namespace strata;
using namespace strata::kernels;

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

TEST_CASE("rows of another length change nothing in the choice") {
  for (const int size : {4, 5, 8, 14, 32})
    for (const int channels : {8, 16, 32, 64, 128}) {
      const ConvGeometry plain = square(size, 3, channels, channels);
      ConvGeometry bordered = plain;
      bordered.row += 3 * channels;
      bordered.out_row += 2 * channels;
      for (const int samples : {1, 8})
        for (const bool cached : {false, true}) {
          const ConvTraffic traffic{.samples = samples, .cached = cached};
          CHECK(plan_convolution<V>(plain, traffic).tile == plan_convolution<V>(bordered, traffic).tile);
          CHECK(plan_convolution<V>(plain, traffic).weights_size == plan_convolution<V>(bordered, traffic).weights_size);
        }
    }
}

TEST_CASE("weights that stream from far away count") {
  // 64 channels on 8x8, the last stage of a ResNet-20: hot or shared by eight images, the larger tile; alone and cold,
  // no larger one than hot.
  constexpr ConvGeometry stage = square(8, 3, 64, 64);
  const auto tile = [&](int samples, bool cached) {
    return plan_convolution<V>(stage, {.samples = samples, .cached = cached}).tile;
  };
  CHECK(tile(8, false) == tile(1, true));
  CHECK(tile(1, false) <= tile(1, true));
}
