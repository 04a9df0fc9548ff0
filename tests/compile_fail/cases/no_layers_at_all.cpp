// expect: layer 0 (unknown, Sequential<>): a network starts with its Input: expected Input<height, width, channels> first, received Sequential<>; put Input in front; a Sequential without it is a block for use inside another
#include <strata/graph/sequential.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<> {};
#else
struct Net : Sequential<Input<8>> {};
#endif

inline constexpr Shape shape = Net::output_shape;
