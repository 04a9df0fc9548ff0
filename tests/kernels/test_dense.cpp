// The matrix products of Dense against scalar references.
#include <vector>

#include <strata/kernels/dense.hpp>
#include <strata/kernels/math.hpp>

#include "harness/catch.hpp"
#include "harness/guarded.hpp"
#include "harness/require_all.hpp"

using namespace strata;
using namespace strata::kernels;
using test::Guarded, test::guarded_fill, test::guarded_noise;

namespace {

template <class V, int features, int units>
void check(std::size_t batch) {
  using T = typename V::value_type;
  CAPTURE(features, units, batch);
  const auto x = guarded_noise<T>(batch * features, 1), bias = guarded_noise<T>(units, 2),
             weights = guarded_noise<T>(static_cast<std::size_t>(features) * units, 3),
             gradient = guarded_noise<T>(batch * units, 4);
  std::vector<double> out(batch * units), weight_gradient(weights.size(), 99.0), input_gradient(x.size());
  for (std::size_t n = 0; n < batch; ++n)
    for (int u = 0; u < units; ++u) {
      out[n * units + u] = bias[u];
      for (int f = 0; f < features; ++f) {
        const std::size_t xi = n * features + f, wi = static_cast<std::size_t>(f) * units + u, oi = n * units + u;
        out[oi] += static_cast<double>(x[xi]) * weights[wi];
        weight_gradient[wi] += static_cast<double>(x[xi]) * gradient[oi];
        input_gradient[xi] += static_cast<double>(gradient[oi]) * weights[wi];
      }
    }
  const auto require_close = [](const Guarded<T>& result, const std::vector<double>& expected, double scale) {
    const double margin = (sizeof(T) == 4 ? 1e-6 : 1e-14) * scale;
    test::require_all(result, [&](std::size_t i) { return Approx(expected[i]).margin(margin); });
    REQUIRE(result.intact());
  };
  Guarded<T> result(out.size());
  dense<V, features, units, Weights::keras, Identity>(batch, x.data(), weights.data(), bias.data(), result.data());
  require_close(result, out, features);

  constexpr ConvGeometry g = dense_geometry(features, units, 1);
  const Guarded<T> packed(packed_weights_size<V>(g));
  pack_weights<V, g>([&](int, int, int, int from, int to) { return weights[from * units + to]; }, packed.data());
  result.forget();
  dense<V, features, units, Weights::packed, Identity>(batch, x.data(), packed.data(), bias.data(), result.data());
  require_close(result, out, features);

  const auto weight_result = guarded_fill(weights.size(), T(99));
  dense_weight_gradient<V, features, units>(batch, x.data(), gradient.data(), weight_result.data());
  require_close(weight_result, weight_gradient, static_cast<double>(batch));

  const Guarded<T> input_result(x.size()), scratch(dense_scratch_size<V>(units));
  dense_input_gradient<V, features, units>(batch, gradient.data(), weights.data(), input_result.data(), scratch.data());
  require_close(input_result, input_gradient, units);
}

}  // namespace

TEST_CASE("Dense kernels agree with the scalar reference", "[kernels]") {
  for (const std::size_t batch : {1, 3, 8, 13}) {
    check<simd::Vector<float>, 64, 10>(batch);
    check<simd::Vector<float>, 1, 1>(batch);
    check<simd::Vector<float>, 37, 3>(batch);
    check<simd::Vector<float>, 130, 33>(batch);
    check<simd::Vector<float>, 7, 100>(batch);
    check<simd::Vector<double>, 37, 3>(batch);
    check<simd::Vector<double>, 130, 33>(batch);
  }
}
