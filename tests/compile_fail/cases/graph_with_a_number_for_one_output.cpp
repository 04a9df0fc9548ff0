// expect: Graph: a node has one output: expected y, received y:0, read by Outputs; read it by the node's name
#include <strata/graph/graph.hpp>
#include <strata/layers/dense.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<6>>, Node<"y", Dense<3>, "x">, Outputs<"y:0">> {};
#else
struct Net : Graph<Node<"x", Input<6>>, Node<"y", Dense<3>, "x">, Outputs<"y">> {};
#endif

static_assert(Net::output_shape.size() > 0);
