// expect: Graph: no node has this name: expected the name of a node, received z, read by node c; add the node, or look at the spelling
#include <strata/graph/graph.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"c", Conv2D<3, 1>, "z">, Outputs<"c">> {};
#else
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"c", Conv2D<3, 1>, "x">, Outputs<"c">> {};
#endif

static_assert(Net::output_shape.height() > 0);
