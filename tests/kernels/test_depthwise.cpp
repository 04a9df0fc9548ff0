// Depthwise convolutions against the scalar reference.
#include <vector>

#include <strata/kernels/depthwise.hpp>
#include <strata/kernels/math.hpp>

#include "harness/catch.hpp"
#include "kernels/convolution.hpp"

using namespace strata;
using namespace strata::kernels;
using namespace strata::test;

namespace {

template <class V, ConvGeometry g>
void check() {
  using T = typename V::value_type;
  const auto check_with = []<class Epilogue>(Epilogue) {
    check_forward<g, Epilogue>(guarded_noise<T>(weights_size(g), 2),
                               [](const T* x, const T* weights, const T* bias, T* out, const T* residual) {
                                 depthwise_convolve<V, g, Epilogue>(x, weights, bias, out, residual);
                               });
  };
  check_with(Identity{});
  check_with(TwiceTwice<g>{});
  check_forward<g, Identity>(guarded_noise<T>(weights_size(g), 2),
                             [](const T* x, const T* weights, const T* bias, T* out, const T* residual) {
                               for (int thread = 0; thread < 3; ++thread)
                                 depthwise_convolve<V, g, Identity>(x, weights, bias, out, residual,
                                                                    strata::detail::Part::nth(thread, 3));
                             });
  if constexpr (g.in_gap == 0)
    check_weight_gradient<g, T>(
        [](const T* x, const T* gradient, T* weights) { accumulate_depthwise_gradient<V, g>(x, gradient, weights); });
}

constexpr ConvGeometry depthwise(int height, int width, int kernel_height, int kernel_width, int channels,
                                 int stride = 1, int dilation = 1) {
  return geometry(height, width, kernel_height, kernel_width, 1, 1, stride, dilation, channels);
}

}  // namespace

TEST_CASE("depthwise kernels agree with the scalar reference", "[kernels]") {
  using V = simd::Vector<float>;
  check<V, depthwise(8, 16, 3, 3, 32)>();
  check<V, depthwise(5, 9, 3, 3, 19)>();  // a partial vector
  check<V, depthwise(3, 4, 3, 3, 3)>();
  check<V, depthwise(1, 1, 3, 3, 1)>();
  check<V, depthwise(9, 13, 3, 3, 24, 2)>();  // strides
  check<V, depthwise(4, 5, 2, 3, 17, 3)>();
  check<V, depthwise(4, 11, 3, 2, 20, 1, 2)>();  // dilation
  check<V, depthwise(3, 10, 5, 5, 18)>();        // larger kernels
  check<V, depthwise(2, 7, 7, 7, 5)>();
  check<V, depthwise(2, 9, 9, 31, 19)>();  // taken in parts
  check<V, depthwise(3, 3, 4, 13, 20, 2)>();
  check<V, depthwise(2, 10, 7, 5, 18, 1, 3)>();
  check<V, in_slice(depthwise(1, 3, 33, 32, 5))>();  // taps too many for the stack
  check<V, depthwise(3, 3, 1, 1, 40)>();
  check<V, depthwise(17, 40, 3, 3, 19)>();  // wide: shared by rows
  check<V, depthwise(11, 33, 5, 4, 3, 2)>();
  check<V, depthwise(17, 6, 3, 3, 40)>();    // several rows at once, and what is left
  check<V, depthwise(3, 4, 3, 3, 512)>();    // one row at once
  check<V, in_border(depthwise(4, 17, 3, 3, 21))>();
  check<V, in_slice(depthwise(4, 17, 3, 3, 21, 2))>();
}

TEST_CASE("depthwise kernels of doubles agree with the scalar reference", "[kernels]") {
  using V = simd::Vector<double>;
  check<V, depthwise(5, 9, 3, 3, 19)>();
  check<V, depthwise(4, 11, 3, 2, 20, 1, 2)>();
  check<V, depthwise(2, 5, 5, 21, 9)>();
  check<V, in_slice(depthwise(4, 17, 3, 3, 21, 2))>();
}
