// expect: layer 1 (s:1, Split<3, 1>): the parts of a Split are not equal: expected an axis of a multiple of 3 cells, received 7 cells; split into equal parts, or take them by Slice
#include <strata/graph/graph.hpp>
#include <strata/layers/split.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<7, 3>>, Node<"s", Split<3, 1>, "x">, Outputs<"s:1">> {};
#else
struct Net : Graph<Node<"x", Input<6, 3>>, Node<"s", Split<3, 1>, "x">, Outputs<"s:1">> {};
#endif

static_assert(Net::output_shape.size() > 0);
