// expect: Graph: a node has several outputs: expected s:0 or s:1, received s, read by node y; read an output by its number, from 0
#include <strata/graph/graph.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/split.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<2>, "x">, Node<"y", Dense<3>, "s">, Outputs<"y">> {};
#else
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<2>, "x">, Node<"y", Dense<3>, "s:0">, Outputs<"y">> {};
#endif

static_assert(Net::output_shape.size() > 0);
