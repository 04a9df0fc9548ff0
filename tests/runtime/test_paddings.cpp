// Padding without copies: what is made inside of a larger image of zeros is what layers make one by one.
#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::check_engine, test::random_model;

namespace {

/// Before convolutions that want zeros of their own or none, of a concatenation, twice in a row, of what a shortcut reads,
/// too; more than a reader wants, and less.
struct Padded : Sequential<
    Input<9, 8, 8>, Conv2D<8, 1>, ReLU, ZeroPadding2D<ZeroPad{0, 1, 0, 1}>, DepthwiseConv2D<3, Strides{2}>,
    Concatenate<Conv2D<4, 1>, Conv2D<4, 3, Same>>, ZeroPadding2D<2>, Conv2D<6, 7, Same>, ZeroPadding2D<1>,
    ZeroPadding2D<1>, Conv2D<16, 3>, Residual<Sequential<ZeroPadding2D<1>, Conv2D<16, 3, activation<ReLU>>>>, ReLU,
    ZeroPadding2D<ZeroPad{3, 0}>, Tanh, MaxPooling2D<>, Flatten, Dense<3>> {};

/// Of the caller's input, in a slice, to the caller's output.
struct Refused : Sequential<Input<5, 6, 3>, ZeroPadding2D<1>, Conv2D<16, 3>,
                            Concatenate<Sequential<Conv2D<4, 3>, ZeroPadding2D<1>>, Conv2D<8, 3, Same>>,
                            Conv2D<5, 3, Same>, ZeroPadding2D<ZeroPad{1, 0, 2, 3}>> {};

/// In sweeps of samples.
struct Sweeps : Sequential<Input<6, 5, 16>, Conv2D<256, 3, Same>, ZeroPadding2D<1>, Conv2D<256, 3>, ReLU,
                           ZeroPadding2D<1>, Conv2D<8, 3>, Flatten, Dense<3>> {};

template <class Net>
constexpr int paddings_run() {
  constexpr const auto& plan = Net::inference_plan();
  int count = 0;
  for (std::size_t s = 0; s < plan.step_count; ++s)
    count += Net::network().nodes[static_cast<std::size_t>(plan.steps[s].head)].rules->kind == Kind::padding;
  return count;
}
static_assert(paddings_run<Padded>() == 1);  // of a padding
static_assert(paddings_run<Refused>() == 1);
static_assert(paddings_run<Sweeps>() == 0);

}  // namespace

TEST_CASE("what is padded is made where the padding is", "[runtime]") {
  check_engine<Padded>(random_model<Padded>(), 1e-5);
  check_engine<Refused>(random_model<Refused>(), 1e-5);
  check_engine<Sweeps>(random_model<Sweeps>(), 1e-5);
}
