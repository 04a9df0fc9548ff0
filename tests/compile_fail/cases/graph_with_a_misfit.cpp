// expect: layer 3 (y, Concatenate<>): Concatenate needs branches that differ in their channels only: expected 8x8 and any number of channels from every branch, received 4x4x5 of a 8x8x4, b 4x4x5; give every branch the same strides and padding
#include <strata/graph/graph.hpp>
#include <strata/layers/add.hpp>
#include <strata/layers/concatenate.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"a", Conv2D<4, 3, Same>, "x">, Node<"b", Conv2D<5, 3, Same, Strides{2}>, "x">, Node<"y", Concatenate<>, "a", "b">, Outputs<"y">> {};
#else
struct Net : Graph<Node<"x", Input<8, 8, 3>>, Node<"a", Conv2D<4, 3, Same>, "x">, Node<"b", Conv2D<5, 3, Same>, "x">, Node<"y", Concatenate<>, "a", "b">, Outputs<"y">> {};
#endif

static_assert(Net::output_shape.height() > 0);
