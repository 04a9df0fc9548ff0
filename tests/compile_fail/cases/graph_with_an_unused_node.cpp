// expect: Graph: a node reaches no output: expected a way from every node to Outputs, received node d; remove the node, or let another read it
#include <strata/graph/graph.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"c", Conv2D<3, 1>, "x">, Node<"d", Conv2D<3, 1>, "x">, Outputs<"c">> {};
#else
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"c", Conv2D<3, 1>, "x">, Node<"d", Conv2D<3, 1>, "c">, Outputs<"d">> {};
#endif

static_assert(Net::output_shape.height() > 0);
