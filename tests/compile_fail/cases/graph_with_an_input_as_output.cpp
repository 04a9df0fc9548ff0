// expect: Graph: an output is an Input: expected names of nodes with layers in Outputs, received output z; remove it
#include <strata/graph/graph.hpp>
#include <strata/layers/add.hpp>

using namespace strata;

struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"z", Input<8, 8, 3>>, Node<"c", Add<>, "x", "z">,
#ifdef STRATA_WRONG
                   Outputs<"c", "z">> {};
#else
                   Outputs<"c">> {};
#endif

static_assert(Net::output_shape.height() > 0);
