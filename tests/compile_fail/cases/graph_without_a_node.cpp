// expect: Graph: a Graph is made of nodes and Outputs: expected Node<name, layer, names...>, ..., Outputs<names...>, received Conv2D<3, 1>; give every layer a Node, and put the Outputs at the end
#include <strata/graph/graph.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Conv2D<3, 1>, Outputs<"x">> {};
#else
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"c", Conv2D<3, 1>, "x">, Outputs<"c">> {};
#endif

static_assert(Net::output_shape.height() > 0);
