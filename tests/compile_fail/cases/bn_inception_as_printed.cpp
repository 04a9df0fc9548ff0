// expect: a block of Figure 5 does not have the depth that is printed beside it
// arXiv 1502.03167, Figure 5: the branches of 4c (160, 160, 160, 128) and of 4d (96, 192, 192, 128) come to 608
// channels; printed is 576. As in the published network, a projection of 96 mends both.
#include "../../../examples/zoo/bn_inception.hpp"

using namespace strata;
namespace bn = zoo::bn_inception;

#ifdef STRATA_WRONG
inline constexpr int projection = 128;
#else
inline constexpr int projection = 96;
#endif

struct Block4c : Sequential<Input<14, 14, 576>, bn::Inception<160, bn::Single<128, 160>, bn::Double<128, 160>,
                                                              bn::Average, projection>> {};
struct Block4d : Sequential<Input<14, 14, 576>, bn::Inception<96, bn::Single<128, 192>, bn::Double<160, 192>,
                                                              bn::Average, projection>> {};

static_assert(Block4c::output_shape == Shape{14, 14, 576} && Block4d::output_shape == Shape{14, 14, 576},
              "a block of Figure 5 does not have the depth that is printed beside it");
