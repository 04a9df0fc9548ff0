// Large images are made band by band, by several steps at once: what layers make one by one.
#include <algorithm>
#include <cstddef>
#include <vector>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::check_engine, test::random_model;

namespace {

/// Strides, padding of its own and around, dilation, a kernel of even height, a narrow last step.
struct Mobile : Sequential<Input<70, 67, 5>, Conv2D<32, 3, Same>, DepthwiseConv2D<3, Same>, ReLU6, Conv2D<33, 1>,
                           BatchNorm, Sigmoid, ZeroPadding2D<ZeroPad{0, 1, 1, 2}>, DepthwiseConv2D<3, Strides{2}>, ReLU,
                           Conv2D<4, 1>, Flatten, Dense<3>> {};
struct Dilated : Sequential<Input<64, 100, 3>, Conv2D<40, Kernel{4, 1}, Same, activation<Tanh>>,
                            DepthwiseConv2D<5, Same, Dilation{3}>, Conv2D<48, Kernel{3, 5}, Same, Groups{4}>,
                            Conv2D<6, 3, Strides{3}>> {};
/// A sum in the last step; what a shortcut reads, too, is there as a whole.
struct Shortcut : Sequential<Input<40, 96, 36>, Conv2D<36, 1>,
                             Residual<Sequential<Conv2D<64, 1>, ReLU, DepthwiseConv2D<3, Same>, Conv2D<36, 1>>>, ReLU,
                             Residual<Conv2D<36, 1>>, GlobalAveragePooling2D, Dense<3>> {};
/// Strides that pass rows over, windows of nothing but padding.
struct Padded : Sequential<Input<190, 67, 20>, Conv2D<20, 1>, Conv2D<32, 1, Strides{3, 1}, Pad{2, 5, 1, 0}>,
                           DepthwiseConv2D<5, Pad{3, 4, 0, 2}>, ReLU, Conv2D<33, 1, Strides{2}, Pad{5, 0}>> {};
/// Windows that lie in the padding altogether, above and below.
struct Beyond : Sequential<Input<64, 70, 32>, Conv2D<32, 1>, DepthwiseConv2D<3, Pad{40, 37, 1, 1}>, Conv2D<4, 1>> {};
/// Few channels, whose neighbours are computed as one pixel, on narrow and on wide images.
struct FewChannels : Sequential<Input<4200, 32, 2>, Conv2D<2, 1>, Conv2D<1, 5, Same>, DepthwiseConv2D<3, Same>> {};
struct WideFew : Sequential<Input<180, 384, 3>, Conv2D<3, 1>, Conv2D<2, 5, Same, activation<Tanh>>, Conv2D<3, 5, Same>,
                            DepthwiseConv2D<3, Same>> {};
/// Nothing but a run.
struct Outright : Sequential<Input<64, 67, 32>, Conv2D<32, 1>, DepthwiseConv2D<3>> {};

/// Steps that are not alone, and rows that the first run's images have at a time.
template <class Net>
constexpr std::size_t together() {
  constexpr const auto& plan = Net::inference_plan();
  std::size_t count = 0;
  for (std::size_t s = 0; s < plan.step_count; ++s)
    count += static_cast<std::size_t>(plan.run_end[s]) != s + 1 || (s > 0 && plan.run_end[s - 1] == plan.run_end[s]);
  return count;
}
static_assert(together<Mobile>() == 3);
static_assert(together<Dilated>() == 3);
static_assert(together<Shortcut>() == 3);
static_assert(together<Padded>() == 4);
static_assert(together<Beyond>() == 3);
static_assert(together<Outright>() == 2);
static_assert(together<FewChannels>() == 3);
static_assert(together<WideFew>() == 4);
// The image between the steps, 64x67x32, is never there as a whole.
static_assert(Outright::inference_arena_bytes<> <= 18 * 67 * 32 * sizeof(float));

}  // namespace

TEST_CASE("steps band by band make what layers make one by one", "[runtime]") {
  check_engine<Mobile>(random_model<Mobile>(), 1e-5);
  check_engine<Dilated>(random_model<Dilated>(), 1e-5);
  check_engine<Shortcut>(random_model<Shortcut>(), 1e-5);
  check_engine<Padded>(random_model<Padded>(), 1e-5);
  check_engine<Beyond>(random_model<Beyond>(), 1e-5);
  check_engine<Outright>(random_model<Outright>(), 1e-5);
  check_engine<FewChannels>(random_model<FewChannels>(), 1e-5);
  check_engine<WideFew>(random_model<WideFew>(), 1e-5);
}
