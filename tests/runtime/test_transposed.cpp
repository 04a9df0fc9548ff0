// Transposed convolutions in networks: fused inference, borders, sums in an epilogue, gradients.
#include <string>

#include <strata/strata.hpp>

#include "harness/check_network.hpp"

using namespace strata;
using test::check_engine;
using test::check_gradients;

namespace {

struct Decoder : Sequential<Input<3, 5, 4>, Conv2DTranspose<17, 3, Same, Strides{2}, NoBias>, BatchNorm, ReLU,
                            Conv2DTranspose<6, Kernel{2, 3}, Strides{1, 3}, activation<Tanh>>, Conv2D<3, 3, Same>> {};
static_assert(Decoder::param_count == 9 * 17 * 4 + 4 * 17 + (6 * 6 * 17 + 6) + (27 * 6 + 3));
static_assert(Decoder::output_shape == Shape{7, 30, 3});

/// Sums that become part of an epilogue; convolutions that lend each other their borders.
struct Fused : Sequential<Input<8, 9, 16>, Conv2DTranspose<32, 3, Same, NoBias>, BatchNorm, ReLU,
                          Conv2DTranspose<16, 3, Same>, Add<Sequential<>, Conv2DTranspose<16, 3, Same>>, ReLU,
                          Add<UpSampling2D<2>, Sequential<Conv2DTranspose<16, 3, Same, Strides{2}>, BatchNorm>>, ReLU,
                          Conv2D<5, 3, Same, Strides{2}>> {};

}  // namespace

TEST_CASE("networks with a Conv2DTranspose") {
  check_gradients<Fused>();
  check_engine(Model<Decoder>{Seed{1}}, 1e-5);
  check_engine(Model<Fused>{Seed{2}}, 2e-5);
  CHECK(summary<Decoder>(SummaryStyle::keras3).find("conv2d_transpose (Conv2DTranspose)") != std::string::npos);
}
