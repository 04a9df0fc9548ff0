// Multiply of branches, and of an image by a vector.
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::output;

namespace {

struct Squares : Sequential<Input<3>, Multiply<Sequential<>, Sequential<>>> {};
struct Scaled : Sequential<Input<1, 2, 2>, Multiply<Sequential<>, GlobalMaxPooling2D>> {};
struct Trained : Sequential<Input<4, 3, 2>, Conv2D<5, 3>,
                            Multiply<Sequential<>, Sequential<GlobalAveragePooling2D, Dense<3, activation<SiLU>>,
                                                              Dense<5, activation<Sigmoid>>>, Conv2D<5, 1>>,
                            Flatten, Dense<2>> {};

}  // namespace

TEST_CASE("Multiply") {
  CHECK(output<Squares>({1, 2, -5}) == std::vector<float>{1, 4, 25});
  CHECK(output<Scaled>({1, 2, 3, 5}) == std::vector<float>{3, 10, 9, 25});
  test::check_gradients<Trained>();
  test::check_engine<Trained>(Model<Trained>{Seed{1}}, 1e-5);
}
