// expect: Graph: a node has fewer outputs: expected s:0, s:1 or s:2, received s:3, read by Outputs; read an output by its number, from 0
#include <strata/graph/graph.hpp>
#include <strata/layers/split.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<3>, "x">, Outputs<"s:3">> {};
#else
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<3>, "x">, Outputs<"s:2">> {};
#endif

static_assert(Net::output_shape.size() > 0);
