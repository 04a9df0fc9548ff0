// expect: Graph: a Graph has one Input: expected one node with an Input, received 2, the last is z
#include <strata/graph/graph.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"z", Input<8, 8, 3>>, Node<"c", Add<>, "x", "z">, Outputs<"c">> {};
#else
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"c", Add<>, "x", "x">, Outputs<"c">> {};
#endif

static_assert(Net::output_shape.height() > 0);
