// expect: layer 1 (conv2d, Conv2D<8, 3, activation<ReLU>, activation<Tanh>>): repeated option: expected each option at most once, received activation<ReLU>; keep one of them
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/activations.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, activation<ReLU>, activation<Tanh>>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, activation<ReLU>>, Tanh> {};
#endif
