#include "harness/check_network.hpp"

#include "harness/require_all.hpp"
#include "harness/sanitized.hpp"

namespace strata::test {

void check_gradients(std::span<double> parameters, const std::function<double()>& objective,
                     const std::vector<double>& gradients, const std::vector<double>& in_threads) {
  constexpr double step = 1e-5;
#ifdef STRATA_SANITIZED
  constexpr std::size_t tried = 50;
#else
  constexpr std::size_t tried = 300;
#endif
  REQUIRE((gradients.size() == parameters.size() && in_threads.size() == parameters.size()));
  require_all(in_threads, [&](std::size_t i) { return Approx(gradients[i]).margin(1e-11); });
  for (std::size_t i = 0; i < parameters.size(); i += 1 + parameters.size() / tried) {
    const double before = parameters[i];
    parameters[i] = before + step;
    const double above = objective();
    parameters[i] = before - step;
    const double slope = (above - objective()) / (2 * step);
    parameters[i] = before;
    CAPTURE(i);
    REQUIRE(gradients[i] == Approx(slope).margin(2e-7).epsilon(2e-7));
  }
}

void require_close(std::span<const float> values, std::span<const float> expected, double tolerance) {
  REQUIRE(values.size() == expected.size());
  require_all(values, [&](std::size_t i) { return Approx(expected[i]).margin(tolerance).epsilon(tolerance); });
}

}  // namespace strata::test
