// expect: layer 1 (max_pooling2d, MaxPooling2D<2, activation<ReLU>>): unknown option: expected Same or Valid, Strides, Pad, CeilMode, received activation<ReLU>; remove it or spell it as listed
#include <strata/graph/sequential.hpp>
#include <strata/layers/max_pooling2d.hpp>
#include <strata/layers/activations.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, MaxPooling2D<2, activation<ReLU>>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, MaxPooling2D<2>, ReLU> {};
#endif
