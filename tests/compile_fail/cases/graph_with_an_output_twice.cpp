// expect: Graph: an output is named twice: expected different names in Outputs, received two outputs c; remove one of them
#include <strata/graph/graph.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"b", Conv2D<3, 1>, "x">, Node<"c", Conv2D<3, 1>, "b">,
#ifdef STRATA_WRONG
                   Outputs<"c", "c">> {};
#else
                   Outputs<"c", "b">> {};
#endif

static_assert(Net::output_shape.height() > 0);
