// Add of branches.
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::output;

namespace {

using Twice = Rescaling<2>;
struct Sum : Sequential<Input<5>, Add<Sequential<>, Twice, Rescaling<100>>> {};
struct Trained : Sequential<Input<4, 3, 2>, Conv2D<3, 1>,
                            Add<Conv2D<3, 3, Same>, Sequential<Tanh, Conv2D<3, 1>>, Sequential<>>, Flatten,
                            Dense<2>> {};

}  // namespace

TEST_CASE("Add") {
  CHECK(output<Sum>({1, 2, 3, 4, -5}) == std::vector<float>{103, 206, 309, 412, -515});
  static_assert(Sum::layer_count == 3 && Trained::output_shape == Shape{2});
  test::check_gradients<Trained>();
  test::check_engine<Trained>(Model<Trained>{Seed{1}}, 1e-5);
}
