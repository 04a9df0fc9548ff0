// Parts of a graph that are written once and stand in it under several names.
//
//     template <FixedString Cell, FixedString Reads>
//     using Twice = Nodes<Node<Cell + "_once", Conv2D<8, 3>, Reads>, Node<Cell, Conv2D<8, 3>, Cell + "_once">>;
//
//     struct Net : GraphOf<Node<"x", Input<32, 32, 3>>, Twice<"a", "x">, Twice<"b", "a">, Outputs<"b">> {};
#pragma once

#include <cstddef>
#include <string_view>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/strata.hpp>

namespace zoo {

/// The name of a node of a part: `Cell + "_left"`.
template <std::size_t N, std::size_t Size>
constexpr strata::FixedString<N + Size - 1> operator+(const strata::FixedString<N>& name, const char (&ending)[Size]) {
  return strata::FixedString<N + Size - 1>{std::string_view(strata::Text(name) << ending)};
}

template <class... Parts>
struct Nodes {};

/// A Graph of nodes and of parts, in which parts may be.
template <class... Parts>
using GraphOf = boost::mp11::mp_rename<boost::mp11::mp_flatten<Nodes<Parts...>>, strata::Graph>;

}  // namespace zoo
