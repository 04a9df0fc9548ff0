// expect: layer 1 (conv2d, Shape): this type is not a layer: expected class_name and output_shape(Shape), received Shape; see strata/core/layer.hpp
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/activations.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, activation<Shape>>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3, activation<ReLU>>> {};
#endif
