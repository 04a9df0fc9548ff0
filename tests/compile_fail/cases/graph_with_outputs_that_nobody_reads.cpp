// expect: Graph: a node reaches no output: expected a way from every node to Outputs, received node s; remove the node, or let another read it
#include <strata/graph/graph.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/split.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<2>, "x">, Node<"y", Dense<3>, "x">, Outputs<"y">> {};
#else
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<2>, "x">, Node<"y", Dense<3>, "s:1">, Outputs<"y">> {};
#endif

static_assert(Net::output_shape.size() > 0);
