// Average of branches.
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::output;

namespace {

struct Mean : Sequential<Input<3>, Average<Sequential<>, Rescaling<2>, Rescaling<6>>> {};
struct Trained : Sequential<Input<4, 3, 2>, Average<Conv2D<3, 3, Same>, Sequential<Conv2D<3, 1>, Tanh>>, Flatten,
                            Dense<2>> {};

}  // namespace

TEST_CASE("Average") {
  CHECK(output<Mean>({1, 2, -5}) == std::vector<float>{3, 6, -15});
  test::check_gradients<Trained>();
  test::check_engine<Trained>(Model<Trained>{Seed{1}}, 1e-5);
}
