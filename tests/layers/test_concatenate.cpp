// Concatenate of branches.
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::output;

namespace {

struct Beside : Sequential<Input<1, 2, 2>, Concatenate<Sequential<>, Rescaling<10>>> {};
struct Vectors : Sequential<Input<2>, Concatenate<Rescaling<2>, Sequential<>, Rescaling<3>>> {};
struct Trained : Sequential<Input<4, 3, 2>,
                            Concatenate<Conv2D<3, 3, Same>, Sequential<Conv2D<2, 1>, Tanh>,
                                        MaxPooling2D<3, Strides{1}, Same>>,
                            BatchNorm, Concatenate<Sequential<>, Conv2D<4, 3, Same>>, Flatten, Dense<2>> {};
static_assert(Trained::network().tensor(8).shape == Shape{4, 3, 11});

}  // namespace

TEST_CASE("Concatenate") {
  CHECK(output<Beside>({1, 2, 3, 4}) == std::vector<float>{1, 2, 10, 20, 3, 4, 30, 40});
  CHECK(output<Vectors>({1, 2}) == std::vector<float>{2, 4, 1, 2, 3, 6});
  test::check_gradients<Trained>();
  test::check_engine<Trained>(Model<Trained>{Seed{1}}, 1e-5);
}
