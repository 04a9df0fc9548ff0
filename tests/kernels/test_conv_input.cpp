// Gradients of convolutions by their inputs against the scalar reference.
#include <vector>

#include <strata/kernels/conv_input.hpp>
#include <strata/kernels/math.hpp>

#include "harness/catch.hpp"
#include "harness/guarded.hpp"
#include "kernels/convolution.hpp"

using namespace strata;
using namespace strata::kernels;
using namespace strata::test;

namespace {

/// The gradient by an input with that much padding around it; less than none: cells that no window meets.
template <class V, ConvGeometry g, int top = 0, int left = 0, int bottom = 0, int right = 0>
void check() {
  using T = typename V::value_type;
  CAPTURE(g.out_height, g.out_width, g.kernel_height, g.kernel_width, g.stride_width, g.dilation_width, g.groups,
          g.in_channels, g.out_channels, top, left);
  constexpr int padded_width = g.row / g.in_pixel(), padded_height = static_cast<int>(input_size(g)) / g.row;
  constexpr int height = padded_height - top - bottom, width = padded_width - left - right;
  constexpr InputGradient d = input_gradient(g, height, width, top, left);

  const auto weights = guarded_noise<T>(weights_size(g), 2), gradient = guarded_noise<T>(output_size(g), 4);
  std::vector<double> padded(input_size(g)), expected;
  for_each_product(g, [&](int xi, int wi, int oi) { padded[xi] += static_cast<double>(weights[wi]) * gradient[oi]; });
  for (int y = 0; y < height; ++y)
    for (int i = 0; i < d.row; ++i) {
      const int x = i + left * g.in_pixel();
      expected.push_back(y + top < padded_height && x < g.row ? padded[(y + top) * g.row + x] : 0);
    }

  constexpr Placement p = d.placement();
  const Guarded<T> bordered(p.size()), turned(d.template weights_size<V>());
  place_image<p>(gradient.data(), bordered.data());
  turn_weights<V, d>(weights.data(), turned.data());
  Guarded<T> result(expected.size());
  convolve_input_gradient<V, d>(bordered.data() + (p.top * p.out_width + p.left) * p.channels, turned.data(),
                                result.data());
  require_close(result, expected, g.taps() * g.out_pixel());
}

}  // namespace

TEST_CASE("gradients by the input agree with the scalar reference", "[kernels]") {
  using V = simd::Vector<float>;
  check<V, geometry(8, 8, 3, 3, 5, 32), 1, 1, 1, 1>();  // same padding
  check<V, geometry(6, 7, 3, 3, 16, 20)>();             // none
  check<V, geometry(6, 7, 3, 3, 4, 20, 2), 0, 0, 1, 1>();  // same, stride 2, even size
  check<V, geometry(6, 7, 3, 3, 33, 4, 2), 1, 1, 1, 1>();  // odd size
  check<V, geometry(5, 4, 3, 3, 6, 7, 2), 0, 0, -1, -1>(); // cells after the last window
  check<V, geometry(4, 5, 1, 1, 16, 9, 2), 0, 0, -1, -1>();  // cells between the windows
  check<V, geometry(4, 5, 7, 7, 3, 8, 2), 3, 3, 2, 2>();
  check<V, geometry(4, 3, 5, 2, 3, 8, 3), 1, 0, 2, 0>();
  check<V, geometry(5, 6, 3, 2, 4, 12, 1, 2), 2, 1, 2, 1>();  // dilation
  check<V, geometry(5, 4, 3, 3, 4, 6, 2, 1, 3), 1, 1, 0, 0>();  // groups
  check<V, geometry(1, 1, 4, 4, 3, 5, 3), 1, 1, 1, 1>();
  check<V, geometry(6, 9, 3, 3, 1, 1, 1, 1, 21), 1, 1, 1, 1>();  // depthwise
  check<V, geometry(4, 5, 3, 3, 1, 1, 2, 1, 35), 0, 0, 1, 1>();
}

TEST_CASE("gradients of doubles by the input agree with the scalar reference", "[kernels]") {
  using V = simd::Vector<double>;
  check<V, geometry(8, 8, 3, 3, 5, 32), 1, 1, 1, 1>();
  check<V, geometry(6, 7, 3, 3, 33, 4, 2), 1, 1, 1, 1>();
  check<V, geometry(5, 4, 3, 3, 4, 6, 2, 1, 3), 1, 1, 0, 0>();
  check<V, geometry(6, 9, 3, 3, 1, 1, 1, 1, 21), 1, 1, 1, 1>();
}
