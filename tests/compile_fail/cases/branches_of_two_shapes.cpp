// expect: layer 3 (add, Add<>): Add needs branches of one shape: expected 8x8x4 from every branch, received 8x8x6 of conv2d_1 8x8x4, conv2d 8x8x6; change the branch, or give the shortcut a Projection<Conv2D<filters, 1, Strides{...}>>
#include <strata/graph/sequential.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/residual.hpp>

using namespace strata;

#ifdef STRATA_WRONG
inline constexpr int filters = 4;
#else
inline constexpr int filters = 6;
#endif

struct Net : Sequential<Input<8, 8, 3>, Conv2D<6, 3, Same>, Residual<Conv2D<filters, 3, Same>>> {};

static_assert(Net::output_shape.height() > 0);
