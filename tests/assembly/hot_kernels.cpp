// The kernels that the time goes into, one an object: STRATA_HOT_KERNEL says which. check_loops.py reads their loops.
#include <cstddef>

#include <strata/kernels/conv.hpp>
#include <strata/kernels/conv_weights.hpp>
#include <strata/kernels/dense.hpp>
#include <strata/kernels/depthwise.hpp>
#include <strata/kernels/math.hpp>
#include <strata/kernels/winograd.hpp>
#include <strata/layers/activations.hpp>

namespace {

using namespace strata;
using namespace strata::kernels;
using V = simd::Vector<float>;

enum class Hot { direct_32, direct_16, first_layer, winograd, depthwise, dense, weight_gradient, spilling };
constexpr Hot kernel = Hot::STRATA_HOT_KERNEL;

/// A 3x3 convolution, its output size x size.
[[maybe_unused]] constexpr ConvGeometry image(int size, int in, int out, int groups = 1) {
  return {size, size, 3, 3, 1, 1, 1, 1, groups, in, out, (size + 2) * in * groups, size * out * groups};
}
constexpr WinogradGeometry winograd_image{4, 32, 32, 32, 32, 34 * 32, 32 * 32};

/// More sums than any processor has registers: what the check must find.
[[maybe_unused, gnu::noinline]] void spill(const float* x, const float* weights, float* out, std::size_t count) {
  constexpr int size = 40, lanes = simd::lanes<V>;
  V sums[size];
  kernels::detail::fill(sums, V(0.0f), kernels::detail::Indices<size>{});
  for (std::size_t k = 0; k < count; ++k, ++x, weights += size * lanes)
    [&]<int... I>(std::integer_sequence<int, I...>) STRATA_INLINE_LAMBDA {
      ((sums[I] = simd::fma(simd::broadcast<V>(*x), simd::load<V>(weights + I * lanes), sums[I])), ...);
    }(kernels::detail::Indices<size>{});
  kernels::detail::write_block<V, lanes>(sums, out, kernels::detail::Indices<size>{});
}

}  // namespace

template <class Epilogue>
void run([[maybe_unused]] std::size_t batch, [[maybe_unused]] const float* x, const float* weights,
         [[maybe_unused]] const float* bias, float* out, [[maybe_unused]] float* scratch) {
  if constexpr (kernel == Hot::direct_32)
    convolve<V, image(32, 32, 32), Weights::packed, Epilogue>(x, weights, bias, out);
  if constexpr (kernel == Hot::direct_16)
    convolve<V, image(32, 16, 16), Weights::packed, Epilogue>(x, weights, bias, out);
  if constexpr (kernel == Hot::first_layer)
    convolve<V, image(32, 3, 32), Weights::packed, Epilogue>(x, weights, bias, out);
  if constexpr (kernel == Hot::winograd)
    winograd_convolve<V, winograd_image, Epilogue>(x, weights, bias, out, nullptr, scratch, batch);
  if constexpr (kernel == Hot::depthwise)
    depthwise_convolve<V, image(32, 1, 1, 32), Epilogue>(x, weights, bias, out);
  if constexpr (kernel == Hot::dense)
    dense<V, 1024, 128, Weights::packed, Epilogue>(batch, x, weights, bias, out);
  if constexpr (kernel == Hot::weight_gradient) accumulate_weight_gradient<V, image(32, 32, 32)>(x, weights, out);
  if constexpr (kernel == Hot::spilling) spill(x, weights, out, batch);
}

template void run<Sigmoid>(std::size_t, const float*, const float*, const float*, float*, float*);
template void run<ReLU>(std::size_t, const float*, const float*, const float*, float*, float*);
