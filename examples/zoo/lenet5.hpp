// LeNet-5: LeCun et al. 1998, "Gradient-based learning applied to document recognition", Figure 2. Digits of 28x28 in
// images of 32x32. As it is written today: every map of C3 reads every map of S2, S2 and S4 are plain averages, and the
// output is a softmax. No Keras name, no arXiv number.
#pragma once

#include <strata/types.hpp>

namespace zoo {
namespace lenet5 {
using namespace strata;

struct LeNet5 : Sequential<
    Input<32, 32, 1>,
    Conv2D<6, 5, activation<Tanh>>, AveragePooling2D<2>,
    Conv2D<16, 5, activation<Tanh>>, AveragePooling2D<2>,
    Conv2D<120, 5, activation<Tanh>>, Flatten,
    Dense<84, activation<Tanh>>, Dense<10, activation<Softmax>>> {};

static_assert(LeNet5::param_count == 61'706);
static_assert(LeNet5::trainable_param_count == 61'706);
static_assert(LeNet5::non_trainable_param_count == 0);
static_assert(LeNet5::output_shape == Shape{10});

}  // namespace lenet5

using lenet5::LeNet5;

}  // namespace zoo
