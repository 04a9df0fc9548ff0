// Maximum of branches.
#include <cmath>
#include <limits>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::output;

namespace {

struct Largest : Sequential<Input<3>, Maximum<Sequential<>, Rescaling<2>, Rescaling<0, 1>>> {};
struct Trained : Sequential<Input<4, 3, 2>, Maximum<Conv2D<3, 3, Same>, Sequential<Conv2D<3, 1>, Tanh>>, Flatten,
                            Dense<2>> {};

}  // namespace

TEST_CASE("Maximum") {
  CHECK(output<Largest>({0.25f, 2, -5}) == std::vector<float>{1, 4, 1});
  for (const float x : output<Largest>(std::vector<float>(3, std::numeric_limits<float>::quiet_NaN())))
    CHECK(std::isnan(x));  // of (NaN, NaN, 1)
  test::check_gradients<Trained>();
  test::check_engine<Trained>(Model<Trained>{Seed{1}}, 1e-5);
}
