// expect: layer 0 (conv2d, Conv2D<8, 3>): a network starts with its Input: expected Input<height, width, channels> first, received Conv2D<8, 3>; put Input in front; a Sequential without it is a block for use inside another
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Conv2D<8, 3>> {};
#else
struct Net : Sequential<Input<8, 8, 3>, Conv2D<8, 3>> {};
#endif

inline constexpr auto params = Net::param_count;
