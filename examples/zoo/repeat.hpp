// Repeat<3, Block>: a block three times in a row.
#pragma once

#include <boost/mp11/algorithm.hpp>

#include <strata/types.hpp>

namespace zoo {

template <int Times, class Block>
using Repeat = boost::mp11::mp_repeat_c<strata::Sequential<Block>, static_cast<std::size_t>(Times)>;

}  // namespace zoo
