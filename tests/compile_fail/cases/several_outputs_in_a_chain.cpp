// expect: layer 1 (several_outputs, Split<2>): a layer with several outputs is a node of a Graph: expected a layer with one output, received Split<2>; give it a Node, and read its outputs by number, as s:0
#include <strata/graph/graph.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/split.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<6>, Split<2>, Dense<3>> {};
#else
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<2>, "x">, Node<"y", Dense<3>, "s:0">, Outputs<"y">> {};
#endif

static_assert(Net::output_shape.size() > 0);
