// Residual: x + body(x), the block of He et al. 2015 (arXiv 1512.03385, Figure 2).
//
//     Residual<Conv2D<16, 3, Same>, BatchNorm, ReLU, Conv2D<16, 3, Same>, BatchNorm>                identity shortcut
//     Residual<Conv2D<32, 3, Same, Strides{2}>, BatchNorm, …, Projection<Conv2D<32, 1, Strides{2}>, BatchNorm>>
//
// A Projection at the end takes the place of the identity where the body changes the shape. Keras: Add of two branches.
#pragma once

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/layers/add.hpp>

namespace strata {

/// The shortcut of a Residual whose body changes the shape.
template <class... Layers>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Projection {
  using shortcut = boost::mp11::mp_list<Layers...>;
};

namespace detail {

template <class... Layers>
struct ResidualBranches {
  using branches = boost::mp11::mp_list<boost::mp11::mp_list<Layers...>, boost::mp11::mp_list<>>;
};
template <class... Layers>
  requires(sizeof...(Layers) > 0) && requires {
    typename boost::mp11::mp_back<boost::mp11::mp_list<Layers...>>::shortcut;
  }
struct ResidualBranches<Layers...> {
  using branches = boost::mp11::mp_list<boost::mp11::mp_take_c<boost::mp11::mp_list<Layers...>, sizeof...(Layers) - 1>,
                                        typename boost::mp11::mp_back<boost::mp11::mp_list<Layers...>>::shortcut>;
};

}  // namespace detail

template <class... Layers>
  requires layers_are_spelled<"MaxPooling2D<>">
struct Residual : detail::ResidualBranches<Layers...> {
  using merge = Add<>;
};

}  // namespace strata
