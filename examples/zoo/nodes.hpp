// Parts of a graph that are written once and stand in it under several names.
//
//     template <FixedString Cell, FixedString Reads>
//     using Twice = Nodes<Node<Cell + "_once", Conv2D<8, 3>, Reads>, Node<Cell, Conv2D<8, 3>, Cell + "_once">>;
//
//     struct Net : GraphOf<Node<"x", Input<32, 32, 3>>, Twice<"a", "x">, Twice<"b", "a">, Outputs<"b">> {};
#pragma once

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/types.hpp>

namespace zoo {

template <class... Parts>
struct Nodes {};

/// A Graph of nodes and of parts, in which parts may be.
template <class... Parts>
using GraphOf = boost::mp11::mp_rename<boost::mp11::mp_flatten<Nodes<Parts...>>, strata::Graph>;

}  // namespace zoo
