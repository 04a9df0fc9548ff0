// expect: Graph: only a merge reads several nodes: expected one name after the layer, received node c with 2 names; join them first in a node Concatenate<>, Add<> or the like
#include <strata/graph/graph.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"a", Conv2D<3, 1>, "x">, Node<"c", Conv2D<3, 1>, "x", "a">, Outputs<"c">> {};
#else
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"a", Conv2D<3, 1>, "x">, Node<"c", Add<>, "x", "a">, Outputs<"c">> {};
#endif

static_assert(Net::output_shape.height() > 0);
