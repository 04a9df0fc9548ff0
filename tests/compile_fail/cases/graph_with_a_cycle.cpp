// expect: Graph: nodes form a cycle: expected nodes that read what comes before them, received b reads c reads b; remove one of these readings
#include <strata/graph/graph.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"b", Add<>, "x", "c">, Node<"c", Conv2D<3, 1>, "b">, Outputs<"c">> {};
#else
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"b", Add<>, "x", "x">, Node<"c", Conv2D<3, 1>, "b">, Outputs<"c">> {};
#endif

static_assert(Net::output_shape.height() > 0);
