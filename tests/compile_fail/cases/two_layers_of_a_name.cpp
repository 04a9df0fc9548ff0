// expect: layer 2 (stem, Conv2D<3, 1>): two layers with weights have one name: expected layers of different names, received another stem; rename a node, or the class of a layer
#include <strata/graph/named.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 3>, Named<"stem", Conv2D<3, 1>>, Named<"stem", Conv2D<3, 1>>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Named<"stem", Conv2D<3, 1>>, Named<"body", Conv2D<3, 1>>> {};
#endif

static_assert(Net::output_shape.height() > 0);
