#include "harness/convolution_rule.hpp"

#include <cstddef>
#include <vector>

#include "harness/fixture.hpp"
#include "harness/guarded.hpp"

namespace strata::test {
namespace {

/// Calls `visit(index in x, in the kernel, in y)` for every product; channels last, the kernel (kh, kw, in / groups,
/// out).
template <class Visit>
void for_each_product(const ConvolutionRule& r, std::size_t batch, Visit visit) {
  const int group_in = r.in.channels() / r.groups, group_out = r.out.channels() / r.groups;
  for (int n = 0; n < static_cast<int>(batch); ++n)
    for (int oy = 0; oy < r.out.height(); ++oy)
      for (int ox = 0; ox < r.out.width(); ++ox)
        for (int ky = 0; ky < r.kernel.height; ++ky)
          for (int kx = 0; kx < r.kernel.width; ++kx) {
            const int y = oy * r.strides.height + ky * r.dilation.height - r.window.before.height;
            const int x = ox * r.strides.width + kx * r.dilation.width - r.window.before.width;
            if (y < 0 || x < 0 || y >= r.in.height() || x >= r.in.width()) continue;  // zeros
            for (int o = 0; o < r.out.channels(); ++o)
              for (int c = 0; c < group_in; ++c)
                visit(((n * r.in.height() + y) * r.in.width() + x) * r.in.channels() + o / group_out * group_in + c,
                      ((ky * r.kernel.width + kx) * group_in + c) * r.out.channels() + o,
                      ((n * r.out.height() + oy) * r.out.width() + ox) * r.out.channels() + o);
          }
}

}  // namespace

void check_rule(const ConvolutionRule& rule, const std::string& name) {
  const Fixture fixture(name);
  INFO(name);
  const std::size_t batch = static_cast<std::size_t>(fixture.shape("input")[0]);
  const std::size_t filters = static_cast<std::size_t>(rule.out.channels());
  const std::vector<float> x = fixture.floats("input"), kernel = fixture.floats("kernel");
  REQUIRE(x.size() == batch * rule.in.size());
  REQUIRE(kernel.size() == static_cast<std::size_t>(rule.kernel.height * rule.kernel.width * rule.in.channels() /
                                                    rule.groups * rule.out.channels()));
  std::vector<double> y(batch * rule.out.size());
  if (fixture.has("bias")) {
    const std::vector<float> bias = fixture.floats("bias");
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = bias[i % filters];
  }
  for_each_product(rule, batch, [&](auto xi, auto ki, auto yi) { y[yi] += double{x[xi]} * double{kernel[ki]}; });
  CHECK(difference(y, fixture.floats("output")) < 1e-5);

  if (!fixture.has("output_gradient")) return;
  const std::vector<float> dy = fixture.floats("output_gradient");
  std::vector<double> dx(x.size()), dkernel(kernel.size());
  for_each_product(rule, batch, [&](auto xi, auto ki, auto yi) {
    dx[xi] += double{dy[yi]} * double{kernel[ki]};
    dkernel[ki] += double{dy[yi]} * double{x[xi]};
  });
  CHECK(difference(dx, fixture.floats("input_gradient")) < 1e-5);
  CHECK(difference(dkernel, fixture.floats("kernel_gradient")) < 1e-5);
}

}  // namespace strata::test
