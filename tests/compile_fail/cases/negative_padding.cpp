// expect: layer 1 (zero_padding2d, ZeroPadding2D<ZeroPad{0, 1, -1, 0}>): the padding is negative: expected 0 or more cells on each side, received 0, 1, -1, 0; give 0 or more cells on each side
#include <strata/graph/sequential.hpp>
#include <strata/layers/zero_padding2d.hpp>

using namespace strata;

#ifdef STRATA_WRONG
struct Net : Sequential<Input<8, 8, 1>, ZeroPadding2D<ZeroPad{0, 1, -1, 0}>> {};
#else
struct Net : Sequential<Input<8, 8, 1>, ZeroPadding2D<ZeroPad{0, 1, 1, 0}>> {};
#endif
