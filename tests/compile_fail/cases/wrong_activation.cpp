// expect: layer 1 (conv2d, LeakyReLU<-0.3>): the slope of a LeakyReLU is negative: expected a slope of 0 or more, received -0.3; give a slope of 0 or more
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/activations.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, activation<LeakyReLU<-0.3>>>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, activation<LeakyReLU<0.3>>>> {};
#endif
