// Keras' `activation=` argument: a layer with the option `activation<A>` stands for itself without it, then A.
#pragma once

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <strata/core/layer.hpp>
#include <strata/core/options.hpp>

namespace strata::detail {

/// Base of `L<Given...>`, where `Rebuild<Option...>` is the same layer with the options `Option::value...`.
template <template <class...> class Rebuild, auto... Given>
struct FusedActivation {};

template <template <class...> class Rebuild, auto... Given>
  requires SplitActivation<Given...>::found
struct FusedActivation<Rebuild, Given...> {
  using split = SplitActivation<Given...>;
  using activation_layer =
      typename std::remove_cvref_t<decltype(boost::mp11::mp_front<typename split::activations>::value)>::layer;
  using leaves =
      boost::mp11::mp_list<boost::mp11::mp_apply<Rebuild, typename split::options>, Hidden<activation_layer>>;
};

}  // namespace strata::detail
