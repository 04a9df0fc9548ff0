// expect: layer 1 (global_average_pooling2d, GlobalAveragePooling2D): pooling needs an image: expected an input of height x width x channels, received 8; put it before Flatten and Dense, or give Input three sizes
#include <strata/graph/sequential.hpp>
#include <strata/layers/global_average_pooling2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8>, GlobalAveragePooling2D> {};
#else
struct Net : Sequential<Input<8, 8, 8>, GlobalAveragePooling2D> {};
#endif
