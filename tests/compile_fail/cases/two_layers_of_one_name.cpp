// expect: layer 3 (b_dense, Dense<3>): two layers with weights have one name: expected layers of different names, received another b_dense; rename a node, or the class of a layer
#include <strata/graph/graph.hpp>
#include <strata/layers/dense.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<8>>, Node<"b", Sequential<Dense<4>, Dense<4>>, "x">, Node<"b_dense", Dense<3>, "b">, Outputs<"b_dense">> {};
#else
struct Net : Graph<Node<"x", Input<8>>, Node<"b", Sequential<Dense<4>, Dense<4>>, "x">, Node<"c", Dense<3>, "b">, Outputs<"c">> {};
#endif
