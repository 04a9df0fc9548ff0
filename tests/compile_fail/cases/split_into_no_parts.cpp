// expect: layer 1 (s:0, Split<0>): a Split has no parts: expected one part or more, received 0; give the number of parts
#include <strata/graph/graph.hpp>
#include <strata/layers/split.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<0>, "x">, Outputs<"s:0">> {};
#else
struct Net : Graph<Node<"x", Input<6>>, Node<"s", Split<1>, "x">, Outputs<"s:0">> {};
#endif

static_assert(Net::output_shape.size() > 0);
